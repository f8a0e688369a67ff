""":explain says which ink an answer rests on."""

import json
import os
from pathlib import Path

import pytest
from pictures import digit, np, png
from train.data import load_mnist

MNIST = os.environ.get("DIGITD_MNIST_DIR")
EXPLAIN = "/v1/models/mnist:explain"
IMAGES = 200
AT_ONCE = 50


def explain(server, body, content_type="application/json"):
    answer = server.request("POST", EXPLAIN, body, {"Content-Type": content_type})
    assert answer.status == 200, answer.text
    assert list(answer.json) == ["model_name", "model_version", "explanations"]
    return answer.json["explanations"]


def scores(server, images, classes):
    """The log probability of each image's class."""
    data = images.reshape(-1).tolist()
    tensor = {"name": "input", "shape": [len(images), 784], "datatype": "FP32", "data": data}
    body = {"inputs": [tensor], "outputs": [{"name": "logits"}]}
    answer = server.request("POST", "/v2/models/mnist/infer", json.dumps(body))
    logits = np.array(answer.json["outputs"][0]["data"]).reshape(-1, 10)
    peak = logits.max(axis=1, keepdims=True)
    total = peak + np.log(np.exp(logits - peak).sum(axis=1, keepdims=True))
    return (logits - total)[np.arange(len(images)), classes]


def test_a_picture(server):
    before = server.metrics()
    (found,) = explain(server, png(digit(7)), "image/png")
    assert found["digit"] == 7
    assert found["verdict"] == "digit"
    assert found["seen"].startswith("data:image/png;base64,")
    heat = np.array(found["heat"])
    assert heat.shape == (28, 28)
    assert np.abs(heat).max() == pytest.approx(1)
    assert heat.max() > 0
    counted = [k for k in before if k.startswith("digitd_predictions")]
    after = server.metrics()
    assert [before[k] for k in counted] == [after[k] for k in counted]


def test_strokes_and_versions(server):
    body = json.dumps({"strokes": [[[30, 10], [70, 10], [45, 90]]]})
    (found,) = explain(server, body)
    assert found["digit"] == 7
    answer = server.request("POST", "/v1/models/mnist/versions/1:explain", body)
    assert answer.json["explanations"][0] == found
    assert server.request("POST", "/v1/models/mnist/versions/9:explain", body).status == 404


def test_paper_stays_cold(server):
    image = np.zeros((28, 28))
    image[4:24, 13:16] = 1
    (found,) = explain(server, json.dumps({"instances": [image.tolist()]}))
    assert found["digit"] == 1
    assert "seen" not in found
    heat = np.array(found["heat"])
    assert not heat[image == 0].any()
    assert heat[image > 0].any()


def test_what_is_no_digit_has_no_heat(server):
    (found,) = explain(server, png(np.full((50, 50), 255, np.uint8)), "image/png")
    assert (found["digit"], found["heat"], found["verdict"]) == (None, None, "blank")
    (found,) = explain(server, json.dumps({"instances": [[0] * 784]}))
    assert not np.any(found["heat"])


def test_refusals(server):
    rows = json.dumps({"instances": [[0] * 784] * 65})
    answer = server.request("POST", EXPLAIN, rows)
    assert answer.status == 413
    assert "64 images at most" in answer.json["error"]
    assert server.request("GET", EXPLAIN).status == 405
    assert server.request("POST", EXPLAIN, "{}").status == 400


@pytest.mark.skipif(not MNIST, reason="DIGITD_MNIST_DIR is not set")
def test_erasing_the_hottest_ink_hurts_most(server):
    """A tenth of the ink, the hottest or any: what does the answer lose?"""
    rng = np.random.default_rng(7)
    images = load_mnist(Path(MNIST), "t10k")[0]
    images = images[rng.permutation(len(images))[:IMAGES]].reshape(-1, 784) / 255
    worse = 0
    for begin in range(0, IMAGES, AT_ONCE):
        some = images[begin : begin + AT_ONCE]
        found = explain(server, json.dumps({"instances": some.tolist()}))
        hottest, any_ink = some.copy(), some.copy()
        for i, explanation in enumerate(found):
            ink = np.flatnonzero(some[i])
            count = max(len(ink) // 10, 1)
            heat = np.array(explanation["heat"]).reshape(784)[ink]
            hottest[i, ink[np.argsort(-heat)[:count]]] = 0
            any_ink[i, rng.permutation(ink)[:count]] = 0
        classes = [explanation["digit"] for explanation in found]
        lost = scores(server, hottest, classes) < scores(server, any_ink, classes)
        worse += int(lost.sum())
    assert worse / IMAGES >= 0.9
