"""The shipped network as if it had been exported with other inputs: right only if told so."""

import json
import subprocess

import pytest
from commands import BAD_DATA, MODEL, WRONG_USAGE, digitd
from conftest import wait_for
from digitd import PROGRAM
from models import helper, numpy_helper, onnx, put
from pictures import digits, np, write_idx
from train.preprocess import preprocess

MEAN, STD = 0.6, 0.05
LABELS = [label for label, _ in digits(120)]
READY = [preprocess(picture) for _, picture in digits(120)]
NORMALISED = ("--input-mean", str(MEAN), "--input-std", str(STD))


def exported(change, shape=("n", 1, 28, 28)):
    """The shipped network behind nodes that undo what is done to pictures: (op, constant)."""
    model = onnx.load(MODEL)
    del model.metadata_props[:]
    graph = model.graph
    at = "given"
    nodes = []
    for i, (op, constant) in enumerate(change):
        graph.initializer.append(numpy_helper.from_array(np.array(constant), f"k{i}"))
        names = [f"k{i}", at] if op == "Sub" else [at, f"k{i}"]
        at = f"undone{i}"
        nodes.append(helper.make_node(op, names, [at]))
    for node in graph.node:
        node.input[:] = [at if name == "input" else name for name in node.input]
    nodes += graph.node
    del graph.node[:]
    graph.node.extend(nodes)
    graph.input[0].CopyFrom(helper.make_tensor_value_info("given", 1, shape))
    return model.SerializeToString()


UNNORMALISE = [("Mul", np.float32(STD)), ("Add", np.float32(MEAN))]
TURN_OVER = [("Sub", np.float32(1))]
FROM_GREYS = [("Div", np.float32(255))]
KINDS = {
    "normalised": (UNNORMALISE, NORMALISED),
    "paper": (TURN_OVER, ("--polarity=paper",)),
    "greys": (FROM_GREYS, ("--input-scale", "1")),
    "all": (
        [*UNNORMALISE, *FROM_GREYS, *TURN_OVER],
        ("--input-polarity", "paper", "--input-scale", "1", "--mean", str(MEAN), f"--std={STD}"),
    ),
}


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    return write_idx(tmp_path_factory.mktemp("idx"), READY, LABELS)


def accuracy(model, pictures, *flags, env=None):
    args = "eval", "--json", "--model", model, "--images", pictures[0], "--labels", pictures[1]
    return json.loads(digitd(*args, *flags, env=env)[0])["accuracy"]


@pytest.mark.parametrize("kind", KINDS)
def test_right_only_with_the_flag(kind, pictures, tmp_path):
    change, flags = KINDS[kind]
    path = tmp_path / "mine.onnx"
    path.write_bytes(exported(change))
    shipped = accuracy(MODEL, pictures)
    assert accuracy(path, pictures, *flags) == shipped > 0.9
    assert accuracy(path, pictures) < 0.5


def test_environment_and_who_says_what(pictures, tmp_path):
    path = tmp_path / "mine.onnx"
    path.write_bytes(exported(UNNORMALISE))
    env = {"DIGITD_INPUT_MEAN": str(MEAN), "DIGITD_INPUT_STD": "7"}
    assert accuracy(path, pictures, f"--input-std={STD}", env=env) > 0.9
    (tmp_path / "mine.onnx.properties").write_text("input_mean=0.5\npixels=255\n")
    shown = json.loads(digitd("inspect", "--json", path, "--std", "0.25", env={})[0])
    assert (shown["input_mean"], shown["input_std"], shown["pixels"]) == (0.5, 0.25, "255")
    assert shown["said_by"] == {
        "input_scale": "default",
        "input_mean": "properties",
        "input_std": "settings",
        "input_polarity": "default",
        "input_layout": "default",
        "pixels": "properties",
        "temperature": "default",
    }
    assert [step["name"] for step in shown["steps"][:4]] == ["input"] * 3 + ["undone0"]
    out, _ = digitd("inspect", path, "--std", "0.25")
    lines = [" ".join(line.split()) for line in out.splitlines()]
    assert "input_mean 0.5 the .properties beside it say so" in lines
    assert any(line.startswith("input_std 0.25 ") and "command line" in line for line in lines)


def test_quantised_too(pictures, tmp_path):
    """With what was said on the command line, or beside the file, in the new file."""
    path, out = tmp_path / "mine.onnx", tmp_path / "bytes.onnx"
    path.write_bytes(exported([]))
    want = accuracy(MODEL, pictures)
    normalised = onnx.load_from_string(exported([]))
    (conv,) = (n for n in normalised.graph.node if normalised.graph.input[0].name in n.input)
    fold(normalised, conv)
    path.write_bytes(normalised.SerializeToString())
    assert accuracy(path, pictures, *NORMALISED) == want
    digitd("quantize", path, "--calibrate", pictures[0], "--out", out, *NORMALISED)
    assert accuracy(out, pictures) >= want - 1.5 / len(LABELS)
    (tmp_path / "mine.onnx.properties").write_text(f"input_mean={MEAN}\ninput_std={STD}\n")
    digitd("quantize", path, "--calibrate", pictures[0], "--out", out)
    assert accuracy(out, pictures) >= want - 1.5 / len(LABELS)


def fold(model, conv):
    """The first convolution, which has no padding, for normalised pictures."""
    tensors = {t.name: t for t in model.graph.initializer}
    weights = numpy_helper.to_array(tensors[conv.input[1]]).copy()
    bias = numpy_helper.to_array(tensors[conv.input[2]]) + MEAN * weights.sum((1, 2, 3))
    for name, values in ((conv.input[1], weights * STD), (conv.input[2], bias)):
        tensors[name].CopyFrom(numpy_helper.from_array(np.float32(values), name))


@pytest.mark.parametrize(
    ("shape", "flags", "layout"),
    [
        (["n", "c", "h", "w"], ["--layout", "nchw"], "nchw"),
        (["n", None, None, 28], [], "nchw"),
        (["n", 1, "h", "w"], [], "nchw"),
    ],
)
def test_layout(shape, flags, layout, pictures, tmp_path):
    path = tmp_path / "mine.onnx"
    path.write_bytes(exported([], shape))
    assert accuracy(path, pictures, *flags) > 0.9
    shown = json.loads(digitd("inspect", "--json", path, *flags)[0])
    assert (shown["input_layout"], shown["input_shape"]) == (layout, [-1, 1, 28, 28])
    assert shown["said_by"]["input_layout"] == ("settings" if flags else "default")


def test_layout_that_is_open_or_does_not_fit(tmp_path):
    path = tmp_path / "mine.onnx"
    path.write_bytes(exported([], ["n", "c", "h", "w"]))
    _, err = digitd("inspect", path, code=BAD_DATA)
    assert "'given' is [?,?,?,?], which may be [N,1,28,28] or [N,28,28,1]; input_layout" in err
    _, err = digitd("inspect", path, "--layout", "flat", code=BAD_DATA)
    assert "is [?,?,?,?], which the layout flat, [N,784], does not fit" in err


@pytest.mark.parametrize(
    ("flag", "value", "why"),
    [
        ("--input-mean", "x", "it should be a number from -1e+06 to 1e+06"),
        ("--input-std", "0", "it should be a number from 1e-06 to 1e+06"),
        ("--input-std", "nan", "it should be a number"),
        ("--input-scale", "-1", "it should be a number from 1e-06"),
        ("--input-polarity", "black", "it should be ink or paper, whichever is high"),
        ("--input-layout", "NCHW", "it should be nchw, nhwc, nhw or flat"),
    ],
)
def test_wrong_values(flag, value, why):
    for command in ("inspect", "predict", "bench", "serve"):
        files = ["-"] if command == "predict" else []
        _, err = digitd(command, *files, flag, value, code=WRONG_USAGE)
        assert f"{flag} is '{value}'; {why}" in err
        assert err.count("\n") == 1
    _, err = digitd("serve", flag, f"mnist={value}", code=WRONG_USAGE)
    assert f"{flag} is '{value}'; {why}" in err


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ("a/b=1", "'a/b' cannot name a model"),
        ("=1", "'' cannot name a model"),
        ("mnist@x=1", "has 'mnist@x'; a version should be behind the @"),
        ("mnist=1,2=x", "is 'x'; it should be a number"),
        ("m" * 300 + "=1", "which is too long"),
    ],
)
def test_wrong_names(value, why):
    flags = ["serve", "--port", "0", "--input-mean", value]
    done = subprocess.run([PROGRAM, *flags], capture_output=True, text=True, timeout=30)
    assert (done.returncode, done.stdout) == (2, "")
    assert why in done.stderr
    assert "without a name" in digitd("inspect", "--input-mean", "a=1", code=WRONG_USAGE)[1]


def test_a_key_that_is_misspelt(tmp_path):
    path = tmp_path / "mine.onnx"
    path.write_bytes(exported([]))
    (tmp_path / "mine.onnx.properties").write_text("input_men=0.1\n")
    _, err = digitd("inspect", path, code=BAD_DATA)
    assert "'digitd.input_men' is no key" in err


def said(server, path):
    """The digits it takes the pictures for."""
    rows = [(picture / 255).round(4).reshape(-1).tolist() for picture in READY]
    got = server.request("POST", path, json.dumps({"instances": rows}))
    assert got.status == 200, got.text
    return [row.index(max(row)) for row in got.json["predictions"]]


def right(server, path):
    return sum(a == b for a, b in zip(said(server, path), LABELS, strict=True)) / len(LABELS)


def test_models_and_versions_of_a_repository(start, tmp_path):
    root = tmp_path / "models"
    put(root, 1, MODEL.read_bytes(), "plain")
    put(root, 1, exported(UNNORMALISE), "mine")
    put(root, 2, exported(TURN_OVER), "mine")
    server = start(
        *("--model-repository", str(root), "--repository-settle", "100ms"),
        *(
            "--input-mean",
            f"mine={MEAN},mine@2=0,mine@3=0.25",
            "--input-std",
            f"mine={STD};mine@2=1",
        ),
        *("--input-polarity", "mine@2=paper"),
    )
    for path in ("plain", "mine/versions/1", "mine/versions/2"):
        assert right(server, f"/v1/models/{path}:predict") > 0.9
    for version, polarity, mean in (("1", "ink", 0.6), ("2", "paper", 0)):
        told = server.get(f"/v2/models/mine/versions/{version}/config").json["parameters"]
        assert told["input_polarity"] == {"string_value": polarity}
        assert float(told["input_mean"]["string_value"]) == pytest.approx(mean)
        assert told["output_is"] == {"string_value": "logits"}
    put(root, 3, exported(UNNORMALISE), "mine")  # is told what its model is, but for the mean
    path = "/v1/models/mine/versions/3"
    assert wait_for(lambda: server.get(path).status == 200)
    told = server.get("/v2/models/mine/versions/3/config").json["parameters"]
    assert float(told["input_mean"]["string_value"]) == 0.25
    assert float(told["input_std"]["string_value"]) == pytest.approx(STD)


def test_pixels_by_model(start, tmp_path):
    root = tmp_path / "models"
    for name in ("a", "b"):
        put(root, 1, MODEL.read_bytes(), name)
    server = start("--model-repository", str(root), "--pixels", "b=255")
    for name, factor in (("a", 1 / 255), ("b", 1)):
        rows = [(picture * factor).reshape(-1).tolist() for picture in READY]
        got = server.request("POST", f"/v1/models/{name}:predict", json.dumps({"instances": rows}))
        told = [row.index(max(row)) for row in got.json["predictions"]]
        assert sum(a == b for a, b in zip(told, LABELS, strict=True)) / len(LABELS) > 0.9
