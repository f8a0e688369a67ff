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
