"""Triton's repository extension: clients list, load and unload models."""

import json
import threading

import pytest
from conftest import check_refusal, wait_for
from models import always, put
from test_repository import QUICK, Load, answer, says_its_version

API = ["--repository-api", *QUICK]
LOAD = "/v2/repository/models/mnist/load"
UNLOAD = "/v2/repository/models/mnist/unload"


@pytest.fixture
def repository(tmp_path):
    root = tmp_path / "models"
    put(root, 1, always(1))
    put(root, 2, always(2))
    put(root, 1, always(5), model="other")
    return root


@pytest.fixture
def open_to_clients(start, repository):
    """Nothing is noticed unless a client says so."""
    return start("--model-repository", str(repository), *API, "--repository-watch", "off")


def index(server, body=None):
    got = server.request("POST", "/v2/repository/index", body)
    assert got.status == 200
    return [(row["name"], row["version"], row["state"], row["reason"]) for row in got.json]


def test_index(open_to_clients, repository):
    ready = [("mnist", "1", "READY", ""), ("mnist", "2", "READY", ""), ("other", "1", "READY", "")]
    assert index(open_to_clients) == ready
    assert index(open_to_clients, "{}") == ready
    put(repository, 3, b"no model")
    assert open_to_clients.request("POST", LOAD, "{}").status == 500
    rows = index(open_to_clients, '{"ready":false}')
    assert [row[:3] for row in rows if row[0] == "mnist"][2] == ("mnist", "3", "UNAVAILABLE")
    assert "model.onnx" in rows[2][3]
    assert index(open_to_clients, '{"ready":true}') == ready


def test_load_and_unload(open_to_clients, repository):
    put(repository, 3, always(3))
    assert answer(open_to_clients) == ("2", 2)
    got = open_to_clients.request("POST", LOAD)
    assert (got.status, got.json) == (200, {"name": "mnist", "load": True})
    assert answer(open_to_clients) == ("3", 3)
    got = open_to_clients.request("POST", UNLOAD, '{"parameters":{"unload_dependents":true}}')
    assert (got.status, got.json) == (200, {"name": "mnist", "unload": True})
    assert answer(open_to_clients) == 503
    assert open_to_clients.get("/v2/models/mnist/ready").status == 503
    assert index(open_to_clients)[0] == ("mnist", "1", "UNAVAILABLE", "a client unloaded it")
    assert answer(open_to_clients, "/v2/models/other/infer") == ("1", 5)
    put(repository, 4, always(4))
    assert open_to_clients.request("POST", "/v2/repository/models/other/load").status == 200
    assert answer(open_to_clients) == 503  # a new version does not undo it
    assert open_to_clients.request("POST", LOAD).status == 200
    assert answer(open_to_clients) == ("4", 4)


def test_all_unloaded_is_still_ready(start, repository):
    """A server that clients fill has to take their requests."""
    server = start("--model", str(repository / "mnist/1/model.onnx"), *API)
    assert server.request("POST", UNLOAD).status == 200
    assert server.get("/v2/health/ready").status == 200
    assert answer(server) == 503
    assert server.request("POST", LOAD).status == 200
    assert answer(server) == ("1", 1)


def test_a_long_load_holds_up_no_feedback(start, repository, tmp_path):
    """Both wait off the event loops, but not for each other."""
    flags = ["--repository-settle", "2s", "--feedback-db", str(tmp_path / "feedback.db")]
    server = start("--model-repository", str(repository), *API, *flags, "--threads", "1")
    put(repository, 3, always(3))
    answers = []
    loading = threading.Thread(target=lambda: answers.append(server.request("POST", LOAD)))
    loading.start()
    assert wait_for(lambda: len(index(server)) == 4)  # it has come to know the file
    body = json.dumps({"strokes": [[[30, 10], [70, 10], [45, 90]]], "truth": 7})
    headers = {"Content-Type": "application/json"}
    for _ in range(5):
        got = server.request("POST", "/v1/models/mnist/feedback", body, headers)
        assert got.status == 201
    assert not answers
    loading.join()
    assert answers[0].status == 200
    assert answer(server) == ("3", 3)


def test_loads_under_load(open_to_clients, repository):
    load = Load(open_to_clients, says_its_version, "/v2/models/mnist/versions/1/infer")
    for i in range(20):
        put(repository, 1, always(1, str(i)))
        assert open_to_clients.request("POST", LOAD).status == 200
    load.stop()
    metrics = open_to_clients.metrics()
    assert metrics['digitd_model_loads_total{version="1",model="mnist"}'] == 21


def test_clients_at_once(open_to_clients):
    """Whatever the order, it ends in one of the two states, and nobody waits for ever."""
    statuses = []

    def ask(path):
        statuses.extend(open_to_clients.request("POST", path).status for _ in range(10))

    threads = [threading.Thread(target=ask, args=(path,)) for path in [LOAD, UNLOAD] * 2]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(statuses) <= {200, 503}
    assert open_to_clients.request("POST", LOAD).status == 200
    assert answer(open_to_clients) == ("2", 2)


@pytest.mark.parametrize("path", [LOAD, UNLOAD])
def test_unknown(open_to_clients, path):
    got = open_to_clients.request("POST", path.replace("mnist", "nobody"))
    assert got.status == 404
    assert "has no model 'nobody'" in got.json["error"]


@pytest.mark.parametrize(
    ("body", "status", "hint"),
    [
        ('{"parameters":{"config":"{}"}}', 501, "parameters.config is not supported"),
        ('{"parameters":{"file:1/model.onnx":"QQ=="}}', 501, "parameters.file:1/model.onnx"),
        ('{"parameters":{"unload_dependents":1}}', 400, "byte"),
        ('{"parameters":1}', 400, "byte"),
        ("[]", 400, "byte"),
        ('{"parameters":{}', 400, "byte"),
    ],
)
def test_refused(open_to_clients, body, status, hint):
    got = open_to_clients.request("POST", LOAD, body)
    assert got.status == status
    assert hint in got.json["error"]
    assert answer(open_to_clients) == ("2", 2)


@pytest.mark.parametrize(
    "path", ["/v2/repository/here/index", "/v2/repository/here/models/mnist/load"]
)
def test_named_repository(open_to_clients, path):
    assert open_to_clients.request("POST", path).status == 501


@pytest.mark.parametrize("path", [LOAD, UNLOAD])
def test_not_unless_allowed(server, path):
    got = server.request("POST", path)
    assert got.status == 503
    assert "--repository-api" in got.json["error"]


def test_index_body_is_read(server):
    check_refusal(
        server.raw(
            b"POST /v2/repository/index HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
            b"Content-Length: 11\r\n\r\n" + b'{"ready":1}'
        ),
        400,
    )


def test_advertised(server):
    assert "model_repository" in server.get("/v2").json["extensions"]
