"""Triton's extensions that are no part of inference: statistics, logging, trace, shared memory."""

import json
import time

import pytest
from conftest import v2_body

V2 = "/v2/models/mnist"


def post(server, path, body=None, status=200):
    text = json.dumps(body) if body is not None else None
    answer = server.request("POST", path, text)
    assert answer.status == status, answer.text
    assert answer.headers["Content-Type"] == "application/json"
    return answer.json


def stats(server, path=f"{V2}/stats"):
    (told,) = server.get(path).json["model_stats"]
    return told


def test_statistics_count(start):
    server = start()
    nothing = stats(server)
    assert (nothing["name"], nothing["version"]) == ("mnist", "1")
    assert nothing["inference_stats"]["success"] == {"count": 0, "ns": 0}
    assert nothing["batch_stats"] == []
    for n in (1, 1, 1, 5):
        post(server, f"{V2}/infer", json.loads(v2_body(n)))
    post(server, "/v1/models/mnist:predict", {"instances": [[0] * 784] * 2})
    post(server, f"{V2}/infer", {"inputs": []}, 400)
    for path in (f"{V2}/stats", f"{V2}/versions/1/stats", "/v2/models/stats"):
        told = stats(server, path)
        assert told["inference_count"] == 3 + 5 + 2
        assert told["execution_count"] == 5
        assert abs(told["last_inference"] / 1000 - time.time()) < 60
        times = told["inference_stats"]
        assert {k: v["count"] for k, v in times.items()} == {
            "success": 5,
            "fail": 1,
            "queue": 5,
            "compute_input": 5,
            "compute_infer": 5,
            "compute_output": 5,
            "cache_hit": 0,
            "cache_miss": 0,
        }
        parts = ("compute_input", "compute_infer", "compute_output")
        assert times["success"]["ns"] == sum(times[p]["ns"] for p in parts) > 0
        sizes = {s["batch_size"]: s for s in told["batch_stats"]}
        assert {n: s["compute_infer"]["count"] for n, s in sizes.items()} == {1: 3, 5: 1, 2: 1}
        for p in parts:
            assert sum(s[p]["ns"] for s in sizes.values()) == times[p]["ns"]
    assert server.get("/v2/models/none/stats").status == 404
    assert server.get(f"{V2}/versions/7/stats").status == 404


def test_no_model_is_called_stats(start):
    with pytest.raises(AssertionError, match="a model cannot be called 'stats'"):
        start("--model-name", "stats")


def test_logging(start):
    server = start()
    assert server.get("/v2/logging").json == {
        "log_file": "",
        "log_info": True,
        "log_warning": True,
        "log_error": True,
        "log_verbose_level": 0,
        "log_format": "default",
    }
    assert post(server, "/v2/logging", {"log_info": False})["log_info"] is False
    assert post(server, "/v2/trace/setting", {"trace_level": ["TIMESTAMPS"]})
    server.get("/v2")
    assert "event=request" not in server.logged()
    everything = post(server, "/v2/logging", {"log_info": True, "log_verbose_level": 3})
    assert (everything["log_info"], everything["log_verbose_level"]) == (True, 1)
    server.get("/v2")
    assert "event=request" in server.logged()
    assert post(server, "/v2/logging", server.get("/v2/logging").json) == everything
    assert post(server, "/v2/logging") == everything


@pytest.mark.parametrize(
    ("body", "status", "sentence"),
    [
        ({"log_file": "/tmp/log"}, 501, "log_file is '/tmp/log'; the log goes to stderr only"),
        ({"log_format": "ISO8601"}, 400, "log_format is 'ISO8601'; it should be default"),
        ({"log_error": False}, 400, "log_error is false, log_warning true and log_info true"),
        ({"log_warning": False}, 400, "each level includes those before it"),
        ({"log_verbose_level": -1}, 400, "log_verbose_level is -1; it should be 0, or 1"),
        ({"log_verbose_level": 1, "log_info": False}, 400, "together with log_info"),
        ({"log_info": 1}, 400, "expected true or false at byte 13"),
        ([], 400, "expected a JSON object at byte 0"),
    ],
)
def test_logging_refuses(server, body, status, sentence):
    assert sentence in post(server, "/v2/logging", body, status)["error"]


def test_trace(start):
    server = start()
    off = {
        "trace_level": ["OFF"],
        "trace_rate": "1",
        "trace_count": "-1",
        "log_frequency": "0",
        "trace_file": "",
        "trace_mode": "triton",
    }
    for path in ("/v2/trace/setting", f"{V2}/trace/setting"):
        assert server.get(path).json == off
    assert server.get("/v2/models/none/trace/setting").status == 404
    on = post(server, "/v2/trace/setting", {"trace_level": ["TIMESTAMPS"], "trace_rate": "10"})
    assert on == {**off, "trace_level": ["TIMESTAMPS"], "trace_rate": "10"}
    before = server.logged().count("event=request")
    for _ in range(95):
        server.get("/v2")
    # one loop or several, each logs one of ten
    assert 7 <= server.logged().count("event=request") - before <= 9
    assert post(server, "/v2/trace/setting", on) == on
    assert post(server, "/v2/trace/setting", {"trace_level": None, "trace_rate": None}) == off


@pytest.mark.parametrize(
    ("path", "body", "status", "sentence"),
    [
        ("/v2", {"trace_level": ["TENSORS"]}, 501, "trace_level is 'TENSORS'; it should be OFF or"),
        ("/v2", {"trace_file": "/x"}, 501, "trace_file is '/x'; it should be empty"),
        ("/v2", {"trace_count": "9"}, 501, "trace_count is '9'; it should be -1"),
        ("/v2", {"trace_mode": "opentelemetry"}, 501, "it should be triton"),
        ("/v2", {"trace_rate": "0"}, 400, "trace_rate is '0'; it should be a number from 1"),
        ("/v2", {"trace_rate": 5}, 400, "expected a string"),
        ("/v2", {"trace_x": "5"}, 400, "there is no trace setting 'trace_x'"),
        (V2, {"trace_level": ["OFF"]}, 501, "the whole server's: POST /v2/trace/setting"),
        ("/v2/models/none", {}, 404, "there is no model 'none'"),
    ],
)
def test_trace_refuses(server, path, body, status, sentence):
    assert sentence in post(server, f"{path}/trace/setting", body, status)["error"]


@pytest.mark.parametrize("kind", ["system", "cuda"])
def test_shared_memory_is_refused(server, kind):
    base = f"/v2/{kind}sharedmemory"
    for path in (f"{base}/status", f"{base}/region/a/status"):
        answer = server.get(path)
        assert answer.status == 501
        assert "there is no shared memory" in answer.json["error"]
    for path in (f"{base}/region/a/register", f"{base}/unregister"):
        assert "there is no shared memory" in post(server, path, {}, 501)["error"]
