"""TensorFlow Serving's and KServe's V1 beyond rows of numbers."""

import base64
import json
import shutil
import subprocess

import pytest
from digitd import ROOT
from pictures import digit, np, png, read_png

MODEL = "/v1/models/mnist"


@pytest.fixture(scope="module")
def pictures():
    return [png(digit(7)), png(digit(3)), png(np.full((40, 40), 255, np.uint8))]


@pytest.fixture(scope="module")
def image():
    rng = np.random.default_rng(2)
    return (rng.random(784) * (rng.random(784) < 0.2)).astype(np.float32)


def post(server, verb, body, status=200, version=""):
    answer = server.request("POST", MODEL + version + ":" + verb, json.dumps(body))
    assert answer.status == status, answer.text
    return answer.json


def b64(picture):
    return base64.b64encode(picture).decode()


def test_pictures_in_base64(server, pictures):
    want = []
    for picture in pictures:
        answer = server.request("POST", MODEL + ":predict", picture, {"Content-Type": "image/png"})
        want += answer.json["predictions"]
    assert [p["digit"] for p in want] == [7, 3, None]
    texts = [b64(p) for p in pictures]
    for rows in (
        [{"b64": t} for t in texts],
        [{"image_bytes": {"b64": t}} for t in texts],
        [{"data": t, "target": 0} for t in texts],
        texts,
    ):
        assert post(server, "predict", {"instances": rows})["predictions"] == want
    for columns in ([{"b64": t} for t in texts], {"image_bytes": texts}):
        assert post(server, "predict", {"inputs": columns})["outputs"] == want
    assert post(server, "predict", {"inputs": {"b64": texts[0]}})["outputs"] == want[:1]


def test_metadata(server):
    for path in ("/metadata", "/versions/1/metadata"):
        told = server.get(MODEL + path).json
        assert told["model_spec"] == {"name": "mnist", "signature_name": "", "version": "1"}
        signature = told["metadata"]["signature_def"]["signature_def"]["serving_default"]
        assert signature["method_name"] == "tensorflow/serving/predict"
        (name,) = signature["inputs"]
        assert name == server.get("/v2/models/mnist").json["inputs"][0]["name"]
        sizes = [d["size"] for d in signature["inputs"][name]["tensor_shape"]["dim"]]
        assert sizes == ["-1", "1", "28", "28"]
        (output,) = signature["outputs"].values()
        assert output["dtype"] == "DT_FLOAT"
        assert [d["size"] for d in output["tensor_shape"]["dim"]] == ["-1", "10"]


def test_config(server):
    for path in ("/config", "/versions/1/config"):
        config = server.get("/v2/models/mnist" + path).json
        metadata = server.get("/v2/models/mnist").json
        assert config["max_batch_size"] == 1024
        assert [i["name"] for i in config["input"]] == [i["name"] for i in metadata["inputs"]]
        assert config["input"][0]["dims"] == [1, 28, 28]
        assert [o["name"] for o in config["output"]] == [o["name"] for o in metadata["outputs"]]
        assert config["output"][0]["data_type"] == "TYPE_FP32"


def test_examples(server, image, pictures):
    (row,) = post(server, "predict", {"instances": [image.tolist()]})["predictions"]
    for version in ("", "/versions/1"):
        body = {"examples": [{"input": image.tolist()}, {"input": {"b64": b64(pictures[0])}}]}
        post(server, "classify", body, 400, version)
        body["examples"].pop()
        (classes,) = post(server, "classify", body, version=version)["results"]
        assert classes == sorted(([str(k), p] for k, p in enumerate(row)), key=lambda c: -c[1])
        assert post(server, "regress", body, version=version) == {
            "results": [float(np.argmax(row))]
        }
    body = {"examples": [{"image/encoded": {"b64": b64(p)}} for p in pictures]}
    assert [c[0][0] if c else None for c in post(server, "classify", body)["results"]] == [
        "7",
        "3",
        None,
    ]
    assert post(server, "regress", body)["results"] == [7.0, 3.0, -1.0]


def test_numbers_as_examples(server):
    number = png(np.concatenate([digit(7), digit(3)], axis=1))
    body = {"examples": [{}, {"tag": ["x"]}], "context": {"image": {"b64": b64(number)}}}
    assert post(server, "regress?number=true", body) == {"results": [7.0, 3.0, 7.0, 3.0]}


def test_a_notebook_that_sends_greys(start, pictures):
    """[1,28,28,1] of 0..255, without a content type, with line breaks; per row an object."""
    server = start("--pixels", "255", "--classes")
    seen = server.request("POST", MODEL + ":predict", pictures[0], {"Content-Type": "image/png"})
    png_seen = base64.b64decode(seen.json["predictions"][0]["seen"].partition(",")[2])

    grey = read_png(png_seen).astype(float).reshape(1, 28, 28, 1)
    body = json.dumps({"signature_name": "serving_default", "instances": grey.tolist()}, indent=1)
    answer = server.request("POST", MODEL + ":predict", body)
    (row,) = answer.json["predictions"]
    assert list(row) == ["predictions", "classes"]
    assert row["classes"] == 7
    assert row["predictions"] == pytest.approx(
        seen.json["predictions"][0]["probabilities"], abs=1e-6
    )
    columns = post(server, "predict", {"inputs": grey.tolist()})["outputs"]
    assert columns == {"predictions": [row["predictions"]], "classes": [7]}
    told = server.get(MODEL + "/metadata").json["metadata"]["signature_def"]["signature_def"]
    assert list(told["serving_default"]["outputs"]) == ["predictions", "classes"]


def test_what_the_numbers_are(start, image):
    greys, ones = (image * 255).round(), (image * 255).round() / 255
    body = {"instances": [greys.tolist(), ones.tolist()]}
    as_it_takes = post(start(), "predict", body)["predictions"]
    as_255 = post(start("--pixels", "255"), "predict", body)["predictions"]
    guessed = post(start("--pixels", "auto"), "predict", body)["predictions"]
    assert as_255[0] == pytest.approx(as_it_takes[1], abs=1e-5)
    assert as_it_takes[0] != pytest.approx(as_it_takes[1], abs=1e-5)
    assert guessed[0] == pytest.approx(guessed[1], abs=1e-5)
    assert guessed[1] == pytest.approx(as_it_takes[1], abs=1e-5)


def test_the_file_may_say_what_the_numbers_are(start, image, tmp_path):
    onnx = pytest.importorskip("onnx")
    model = onnx.load(ROOT / "model" / "zoo" / "mnist" / "1" / "model.onnx")
    model.metadata_props.add(key="digitd.pixels", value="255")
    onnx.save(model, tmp_path / "greys.onnx")
    flags = ("--model", str(tmp_path / "greys.onnx"))
    rows = {"instances": [(image * 255).tolist()]}
    as_said = post(start(*flags), "predict", rows)["predictions"]
    assert as_said == post(start("--pixels", "255"), "predict", rows)["predictions"]
    overruled = post(start(*flags, "--pixels", "1"), "predict", {"instances": [image.tolist()]})
    assert overruled["predictions"][0] == pytest.approx(as_said[0], abs=1e-5)


def test_odd_tensors_are_counted(start, image):
    server = start()
    rows = [image, 255 * image, 1 - image, -image]
    post(server, "predict", {"instances": [row.tolist() for row in rows]})
    metrics = server.metrics()
    assert metrics['digitd_odd_tensors_total{reason="range"}'] == 2
    assert metrics['digitd_odd_tensors_total{reason="inverted"}'] == 1


def curl(server, path, *arguments):
    command = ["curl", "-sS", "-m", "20", "-w", "\n%{http_code}", *arguments, server.url + path]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    body, _, status = done.stdout.rpartition("\n")
    return int(status), json.loads(body)


@pytest.mark.skipif(not shutil.which("curl"), reason="curl is not installed")
def test_forms_of_curl(server, pictures, tmp_path):
    files = []
    for i, picture in enumerate(pictures):
        (tmp_path / f"{i}.png").write_bytes(picture)
        files += ["-F", f"picture=@{tmp_path}/{i}.png"]
    for path in ("", "/versions/1"):
        status, answer = curl(server, f"v1/models/mnist{path}:predict", *files, "-F", "who=me")
        assert status == 200
        assert [p["digit"] for p in answer["predictions"]] == [7, 3, None]
        status, answer = curl(server, f"v2/models/mnist{path}/infer", *files)
        assert status == 200
        found = {o["name"]: o["data"] for o in answer["outputs"]}
        assert found["digit"] == [7, 3, -1]
        assert found["verdict"] == ["digit", "digit", "blank"]
    status, answer = curl(server, "v1/models/mnist:explain", *files[:2])
    assert (status, len(answer["explanations"])) == (200, 1)
    status, answer = curl(server, "v1/models/mnist:predict", "-F", "who=me")
    assert (status, answer["error"].split(";")[0]) == (400, "the form has no file")
