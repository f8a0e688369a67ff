"""digitd inspect."""

import hashlib
import json
import re

import pytest
from commands import BAD_DATA, FAILED, MODEL, WRONG_USAGE, digitd
from conftest import v2_body
from models import always, helper, np, onnx


def test_json_of_the_model_that_ships():
    builtin = json.loads(digitd("inspect", "--json")[0])
    given = json.loads(digitd("inspect", "--json", MODEL)[0])
    assert builtin.pop("file") is None and given.pop("file") == str(MODEL)
    assert builtin == given
    assert json.loads(digitd("inspect", "--json", "--model", MODEL)[0])["sha256"] == given["sha256"]
    assert given["sha256"] == hashlib.sha256(MODEL.read_bytes()).hexdigest()
    assert given["input_shape"][0] == -1
    assert given["labels"] == [str(d) for d in range(10)]
    assert given["golden"] >= 10
    assert 0.9 < float(given["accuracy"]) <= 1
    assert given["parameters"] == sum(s["parameters"] for s in given["steps"]) > 10000
    assert given["macs"] == sum(s["macs"] for s in given["steps"]) > 10000
    assert given["memory"] > 4 * given["parameters"] * 0.9


def test_text_of_the_model_that_ships():
    model = json.loads(digitd("inspect", "--json")[0])
    out, err = digitd("inspect")
    assert err == "" and "\033" not in out
    assert model["sha256"] in out and model["producer"] in out and "built in" in out
    for step in model["steps"]:
        assert re.search(rf"\d  {re.escape(step['name'])} .* {step['macs']}\n", out)
    assert re.search(rf" all +{model['parameters']} +{model['macs']}\n", out)


def test_kernels_follow_the_setting():
    out, _ = digitd("inspect", "--json", "--cpu", "generic")
    assert json.loads(out)["cpu"] == "generic"


def test_what_is_no_model(tmp_path):
    (tmp_path / "text.onnx").write_text("hello")
    out, err = digitd("inspect", tmp_path / "text.onnx", code=BAD_DATA)
    assert out == "" and "text.onnx" in err
    _, err = digitd("inspect", tmp_path / "none.onnx", code=FAILED)
    assert "none.onnx" in err
    _, err = digitd("inspect", MODEL, MODEL, code=WRONG_USAGE)
    assert "one model" in err


OUTPUTS = {
    "Softmax": ("probabilities", "probabilities; logits are what goes into its Softmax"),
    "LogSoftmax": ("log-probabilities", "logits that are log-probabilities; probabilities are"),
    "Sigmoid": ("independent probabilities", "probabilities of each class by itself, whose sum"),
    None: ("logits", "logits; probabilities are softmax(logits / temperature)"),
}


@pytest.mark.parametrize("end", OUTPUTS)
@pytest.mark.parametrize("both", [False, True])
def test_which_output_is_which(end, both, start, tmp_path):
    """The command says it, the server says it, and what is asked for by name is that."""
    model = onnx.load_from_string(always(3))
    graph = model.graph
    path = tmp_path / "m.onnx"
    axis = {} if end == "Sigmoid" else {"axis": 1}
    if end:
        graph.node.append(helper.make_node(end, ["scores"], ["said"], **axis))
        graph.output.add().CopyFrom(helper.make_tensor_value_info("said", 1, ["n", 10]))
        if not both:
            del graph.output[0]
    own = "said" if end and (end != "LogSoftmax" or not both) else "scores"
    kind, text = OUTPUTS[end if own == "said" else None]
    path.write_bytes(model.SerializeToString())
    out, _ = digitd("inspect", path)
    assert f"output         {own} [N, 10], {text}" in out
    assert (f"not computed   {'scores' if own == 'said' else 'said'}\n" in out) == (
        both and end is not None
    )
    server = start("--model", str(path))
    parameters = server.get("/v2/models/mnist/config").json["parameters"]
    assert parameters["output"] == {"string_value": own}
    assert parameters["output_is"] == {"string_value": kind}
    body = json.loads(v2_body()) | {"outputs": [{"name": own}]}
    (got,) = server.request("POST", "/v2/models/mnist/infer", json.dumps(body)).json["outputs"]
    scores = np.array([9.0 if i == 3 else 0 for i in range(10)])
    shares = np.exp(scores) / np.exp(scores).sum()
    want = {
        "probabilities": shares,
        "log-probabilities": np.log(shares),
        "independent probabilities": 1 / (1 + np.exp(-scores)),
        "logits": scores,
    }[kind]
    assert got["name"] == own
    assert got["data"] == pytest.approx(want, abs=1e-5)
