"""What KServe and Kubernetes put beside and before a server, replayed: batcher, logger, puller,
probes."""

import http.client
import json
import subprocess
import threading
import time

import pytest
import requests
from conftest import MODEL


def test_batcher(server, images):
    """It merges the instances of several callers, sends them without a type through Go's
    transport, and hands out the predictions by their number."""
    connection = http.client.HTTPConnection(server.host, server.port, timeout=20)
    for n in [1, 2, 31]:
        body = json.dumps({"instances": images[:n, :, :, None].tolist()}).encode()
        connection.putrequest("POST", "/v1/models/mnist:predict", skip_accept_encoding=True)
        connection.putheader("User-Agent", "Go-http-client/1.1")
        connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body)
        answer = connection.getresponse()
        assert answer.status == 200
        assert len(json.loads(answer.read())["predictions"]) == n
    connection.close()


def test_logger(server, images):
    """Go's reverse proxy: chunks, its own headers, and the event's id but no event."""
    body = json.dumps({"instances": images[:2].tolist()}).encode()
    answer = requests.post(
        f"{server.url}v1/models/mnist:predict",
        data=iter([body[:100], body[100:]]),
        headers={
            "X-Forwarded-For": "10.0.0.1",
            "Ce-Id": "b1f7",
            "Accept-Encoding": "gzip",
            "User-Agent": "Go-http-client/1.1",
        },
        timeout=20,
    )
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "application/json"
    assert len(answer.json()["predictions"]) == 2


def test_graph_router(server, images):
    """It sends JSON on, and what came back to the next step."""
    first = requests.post(
        f"{server.url}v1/models/mnist:predict",
        data=json.dumps({"instances": images[:2].tolist()}),
        headers={"Content-Type": "application/json", "x-request-id": "r-1", "b3": "0"},
        timeout=20,
    )
    assert first.headers["x-request-id"] == "r-1"
    second = requests.post(f"{server.url}v1/models/mnist:predict", data=first.content, timeout=20)
    assert second.status_code == 400
    assert list(second.json()) == ["error"]


def test_puller(repository):
    for verb in ["load", "unload", "load"]:
        answer = requests.post(
            f"{repository.url}v2/repository/models/mnist/{verb}",
            data="{}",
            headers={"Content-Type": "application/json"},
            timeout=20,
        )
        assert answer.status_code == 200


@pytest.mark.parametrize("path", ["/", "/v2/health/live", "/v2/health/ready", "/v1/models/mnist"])
def test_probes(server, path):
    for headers in [{"User-Agent": "kube-probe/1.31"}, {"K-Network-Probe": "queue"}]:
        answer = requests.get(server.url.rstrip("/") + path, headers=headers, timeout=1)
        assert answer.status_code == 200


def test_termination_under_load(start, images):
    """A rolling update: readiness says no at once, the balancer needs a while to hear of it, and
    no request fails."""
    server = start("--drain-delay", "6s")
    body = json.dumps({"instances": images[:2].tolist()})
    failures, answers, over = [], [], threading.Event()

    def load():
        keeping = requests.Session()
        while not over.is_set():
            try:
                answer = keeping.post(f"{server.url}v1/models/mnist:predict", data=body, timeout=20)
                answers.append(answer.status_code)
            except requests.RequestException as error:
                failures.append(error)

    workers = [threading.Thread(target=load) for _ in range(8)]
    for worker in workers:
        worker.start()
    time.sleep(1)
    before = len(answers)
    server.kill()
    begin = time.monotonic()
    while requests.get(f"{server.url}v2/health/ready", timeout=2).status_code == 200:
        assert time.monotonic() - begin < 1
    assert requests.get(f"{server.url}v2/health/live", timeout=2).status_code == 200
    time.sleep(2)
    over.set()
    for worker in workers:
        worker.join()
    assert server.wait() == 0
    assert not failures
    assert set(answers) == {200}
    assert len(answers) > before > 0


def test_model_that_comes_late(start, tmp_path):
    """A mounted image of the model appears after the server has started."""
    folder = tmp_path / "models"
    server = start("--model-repository", str(folder), "--model-init", "async")
    assert requests.get(f"{server.url}v2/health/ready", timeout=2).status_code == 503
    (folder / "mnist/1").mkdir(parents=True)
    subprocess.run(["cp", MODEL, folder / "mnist/1/model.onnx"], check=True)
    end = time.monotonic() + 20
    while requests.get(f"{server.url}v2/health/ready", timeout=2).status_code != 200:
        assert time.monotonic() < end
        time.sleep(0.1)
    assert requests.get(f"{server.url}v1/models/mnist", timeout=2).json()["ready"] is True
