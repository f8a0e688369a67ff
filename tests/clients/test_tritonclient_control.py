"""What Triton's client tells a server to do, and how it asks what was done."""

import pytest
from triton import Asyncio, Plain, connect, refusal, tensor


@pytest.fixture(params=[Plain, Asyncio])
def manager(request, repository):
    return connect(request.param, repository)


def states(manager):
    return {row["version"]: row["state"] for row in manager("get_model_repository_index")}


def test_repository(manager, images):
    assert states(manager) == {"1": "READY", "2": "READY"}
    manager("unload_model", "mnist")
    assert "READY" not in states(manager).values()
    assert manager("is_model_ready", "mnist") is False
    assert refusal(manager, "infer", "mnist", [tensor(images[:1], True)]).message()
    manager("load_model", "mnist")
    assert states(manager) == {"1": "READY", "2": "READY"}
    assert manager("is_model_ready", "mnist") is True
    result = manager("infer", "mnist", [tensor(images[:1], True)])
    assert result.get_response()["model_version"] == "2"
    assert refusal(manager, "load_model", "none").message()


def test_statistics(manager, images):
    before = manager("get_inference_statistics", "mnist", "2")["model_stats"][0]
    manager("infer", "mnist", [tensor(images[:3], True)], model_version="2")
    after = manager("get_inference_statistics", "mnist", "2")["model_stats"][0]
    assert (after["name"], after["version"]) == ("mnist", "2")
    assert after["inference_count"] == before["inference_count"] + 3
    assert after["execution_count"] == before["execution_count"] + 1
    success = after["inference_stats"]["success"]
    assert success["count"] == before["inference_stats"]["success"]["count"] + 1
    assert success["ns"] > 0
    assert len(manager("get_inference_statistics")["model_stats"]) == 2
    assert "'none'" in refusal(manager, "get_inference_statistics", "none").message()


def test_log_and_trace_settings(manager):
    settings = manager("get_log_settings")
    assert settings["log_error"] is True
    assert manager("update_log_settings", {"log_info": settings["log_info"]}) == settings
    trace = manager("get_trace_settings")
    assert trace["trace_level"] == ["OFF"]
