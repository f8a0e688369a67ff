"""TensorFlow Serving's REST interface as its users call it, through requests."""

import json

import numpy as np
import pytest
import requests


def get(server, path):
    answer = requests.get(f"{server.url}v1/models/mnist{path}", timeout=20)
    assert answer.status_code == 200, answer.text
    assert answer.headers["Content-Type"] == "application/json"
    return answer.json()


def post(server, path, body):
    answer = requests.post(f"{server.url}v1/models/mnist{path}", data=json.dumps(body), timeout=20)
    assert answer.status_code == 200, answer.text
    assert answer.headers["Content-Type"] == "application/json"
    return answer.json()


def available(version):
    status = {"error_code": "OK", "error_message": ""}
    return {"version": version, "state": "AVAILABLE", "status": status}


@pytest.mark.parametrize("path", ["", "/versions/2", "/labels/canary"])
def test_status(repository, path):
    found = get(repository, path)["model_version_status"]
    assert available("2") in found
    assert (available("1") in found) == (path == "")


@pytest.mark.parametrize("path", ["", "/versions/1", "/labels/stable"])
def test_metadata(repository, path):
    found = get(repository, f"{path}/metadata")
    version = "1" if path else "2"
    assert found["model_spec"] == {"name": "mnist", "signature_name": "", "version": version}
    signatures = found["metadata"]["signature_def"]["signature_def"]
    default = signatures["serving_default"]
    (one,) = default["inputs"].values()
    assert one["dtype"] == "DT_FLOAT"
    dims = one["tensor_shape"]["dim"]
    assert dims[0] == {"size": "-1", "name": ""}
    assert np.prod([int(dim["size"]) for dim in dims[1:]]) == 784
    assert one["tensor_shape"]["unknown_rank"] is False
    assert default["method_name"] == "tensorflow/serving/predict"


@pytest.mark.parametrize("path", ["", "/versions/1", "/labels/stable"])
def test_predict(repository, images, labels, path):
    rows = images[:20].reshape(20, 784).tolist()
    bare = post(repository, f"{path}:predict", {"instances": rows})
    named = post(repository, f"{path}:predict", {"instances": [{"input": row} for row in rows]})
    column = post(repository, f"{path}:predict", {"inputs": rows})
    by_name = post(
        repository,
        f"{path}:predict",
        {"signature_name": "serving_default", "inputs": {"input": rows}},
    )
    assert list(bare) == ["predictions"]
    assert np.mean(np.array(bare["predictions"]).argmax(1) == labels[:20]) > 0.9
    assert named == bare
    assert list(column) == ["outputs"]
    assert column["outputs"] == bare["predictions"]
    assert by_name == column


@pytest.mark.parametrize("path", ["", "/versions/1", "/labels/stable"])
def test_classify_and_regress(repository, images, labels, path):
    examples = {"examples": [{"input": images[i].reshape(784).tolist()} for i in range(10)]}
    results = post(repository, f"{path}:classify", examples)["results"]
    assert all(len(pairs) == 10 for pairs in results)
    best = [max(pairs, key=lambda pair: pair[1])[0] for pairs in results]
    assert np.mean(np.array(best).astype(int) == labels[:10]) > 0.8
    values = post(repository, f"{path}:regress", examples)["results"]
    assert np.mean(np.array(values).astype(int) == labels[:10]) > 0.8


@pytest.mark.parametrize(
    ("path", "status"), [("/versions/7", 404), ("/versions/x", 400), ("/labels/none", 400)]
)
def test_what_there_is_not(repository, path, status):
    for answer in [
        requests.get(f"{repository.url}v1/models/mnist{path}", timeout=20),
        requests.post(f"{repository.url}v1/models/mnist{path}:predict", data="{}", timeout=20),
    ]:
        assert answer.status_code == status
        assert list(answer.json()) == ["error"]


def test_notebook_of_kubeflow(start, images, labels):
    """The body of its end-to-end example: no type, line breaks, pixels from 0 to 255; it reads
    the predictions and the class of each row."""
    server = start("--pixels", "255", "--classes")
    for i in range(10):
        pixels = np.round(images[i] * 255).astype(int).reshape(28, 28, 1).tolist()
        body = '{\n  "instances": [\n    ' + json.dumps(pixels) + "\n  ]\n}\n"
        answer = requests.post(f"{server.url}v1/models/mnist:predict", data=body, timeout=20)
        (one,) = answer.json()["predictions"]
        assert one["classes"] == labels[i]
        assert len(one["predictions"]) == 10
