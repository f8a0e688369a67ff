"""digitd inspect."""

import hashlib
import json
import re

from commands import BAD_DATA, FAILED, MODEL, WRONG_USAGE, digitd


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
