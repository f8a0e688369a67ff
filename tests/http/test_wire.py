"""What the protocols' own documents show, request by request: `ANY` stands for what a model tells.

The order of keys is theirs to choose; no key may be missing, and strict clients want no more.
"""

import json
import struct

import pytest


class Any:
    def __eq__(self, other):
        return True

    def __hash__(self):
        return 0


ANY = Any()
ROW = [0.0] * 784
V1, V2 = "/v1/models/mnist", "/v2/models/mnist"
STATUS = {
    "version": "1",
    "state": "AVAILABLE",
    "status": {"error_code": "OK", "error_message": ""},
}
SPEC = {"name": "mnist", "signature_name": "", "version": "1"}


def dims(*sizes):
    return {"dim": [{"size": s, "name": ""} for s in sizes], "unknown_rank": False}


def v2(name, datatype, shape, data=ANY):
    return {"name": name, "datatype": datatype, "shape": shape, "data": data}


TENSOR = {"name": "input", "shape": [1, 1, 28, 28], "datatype": "FP32", "data": ROW}
ASKED = {"name": "probabilities"}
CLASSES = {**ASKED, "parameters": {"classification": 2}}
TIMED = {"count": ANY, "ns": ANY}
STAGES = dict.fromkeys(("compute_input", "compute_infer", "compute_output"), TIMED)

EXAMPLES = [
    ("GET", "/", None, {"status": "alive"}),
    ("GET", "/v1/models", None, {"models": ["mnist"]}),
    ("GET", V1, None, {"name": "mnist", "ready": True, "model_version_status": [STATUS]}),
    (
        "GET",
        f"{V1}/versions/1",
        None,
        {"name": "mnist", "ready": True, "model_version_status": [STATUS]},
    ),
    (
        "GET",
        f"{V1}/metadata",
        None,
        {
            "model_spec": SPEC,
            "metadata": {
                "signature_def": {
                    "signature_def": {
                        "serving_default": {
                            "inputs": {
                                "input": {
                                    "dtype": "DT_FLOAT",
                                    "name": ANY,
                                    "tensor_shape": dims("-1", "1", "28", "28"),
                                }
                            },
                            "outputs": {
                                "probabilities": {
                                    "dtype": "DT_FLOAT",
                                    "name": ANY,
                                    "tensor_shape": dims("-1", "10"),
                                }
                            },
                            "method_name": "tensorflow/serving/predict",
                            "defaults": {},
                        }
                    }
                }
            },
        },
    ),
    ("POST", f"{V1}:predict", {"instances": [ROW]}, {"predictions": [[ANY] * 10]}),
    ("POST", f"{V1}:predict", {"instances": [{"x": ROW}]}, {"predictions": [[ANY] * 10]}),
    (
        "POST",
        f"{V1}:predict",
        {"signature_name": "serving_default", "inputs": {"input": [ROW]}},
        {"outputs": [[ANY] * 10]},
    ),
    ("POST", f"{V1}:predict", {"inputs": [ROW, ROW]}, {"outputs": [[ANY] * 10] * 2}),
    ("POST", f"{V1}:classify", {"examples": [{"input": ROW}]}, {"results": [[[ANY, ANY]] * 10]}),
    ("POST", f"{V1}:regress", {"examples": [{"input": ROW}]}, {"results": [ANY]}),
    ("GET", "/v2/health/live", None, {"live": True}),
    ("GET", "/v2/health/ready", None, {"ready": True}),
    ("GET", "/v2", None, {"name": "digitd", "version": ANY, "extensions": ANY}),
    ("GET", f"{V2}/ready", None, {"name": "mnist", "ready": True}),
    (
        "GET",
        V2,
        None,
        {
            "name": "mnist",
            "versions": ["1"],
            "platform": ANY,
            "inputs": [{"name": "input", "datatype": "FP32", "shape": [-1, 1, 28, 28]}],
            "outputs": ANY,
        },
    ),
    (
        "POST",
        f"{V2}/infer",
        {"id": "42", "inputs": [TENSOR], "outputs": [ASKED]},
        {
            "id": "42",
            "model_name": "mnist",
            "model_version": "1",
            "outputs": [v2("probabilities", "FP32", [1, 10], [ANY] * 10)],
        },
    ),
    (
        "POST",
        f"{V2}/infer",
        {"inputs": [TENSOR], "outputs": [CLASSES]},
        {
            "model_name": "mnist",
            "model_version": "1",
            "outputs": [v2("probabilities", "BYTES", [1, 2], [ANY, ANY])],
        },
    ),
    (
        "GET",
        f"{V2}/stats",
        None,
        {
            "model_stats": [
                {
                    "name": "mnist",
                    "version": "1",
                    "last_inference": ANY,
                    "inference_count": ANY,
                    "execution_count": ANY,
                    "inference_stats": {
                        **STAGES,
                        **dict.fromkeys(
                            ("success", "fail", "queue", "cache_hit", "cache_miss"), TIMED
                        ),
                    },
                    "response_stats": {},
                    "batch_stats": ANY,
                    "memory_usage": [],
                }
            ]
        },
    ),
]


@pytest.mark.parametrize(("method", "path", "body", "want"), EXAMPLES)
def test_examples(server, method, path, body, want):
    text = json.dumps(body) if body is not None else None
    answer = server.request(method, path, text)
    assert answer.status == 200
    assert answer.headers["Content-Type"] == "application/json"
    assert "Inference-Header-Content-Length" not in answer.headers
    assert answer.json == want


def test_binary(server):
    data = struct.pack("<784f", *ROW)
    asked = {**ASKED, "parameters": {"binary_data": True}}
    tensor = {k: v for k, v in TENSOR.items() if k != "data"}
    tensor["parameters"] = {"binary_data_size": len(data)}
    text = json.dumps({"inputs": [tensor], "outputs": [asked]}).encode()
    length = {"inference-header-content-length": str(len(text))}
    status, headers, body = server.exchange("POST", f"{V2}/infer", text + data, length)
    assert status == 200
    assert headers["Content-Type"] == "application/octet-stream"
    n = int(headers["Inference-Header-Content-Length"])
    assert len(body) == n + 40
    output = {**v2("probabilities", "FP32", [1, 10]), "parameters": {"binary_data_size": 40}}
    del output["data"]
    assert json.loads(body[:n]) == {
        "model_name": "mnist",
        "model_version": "1",
        "outputs": [output],
    }
