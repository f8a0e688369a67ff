"""What the tests of the wire share."""

import json
import re
import shutil
import sys
import time
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from digitd import Server, check_end  # noqa: E402


def pytest_configure(config):
    config.addinivalue_line("markers", "slow: left out under sanitizers")


def parse(answer):
    """The one answer that `answer` is: status, headers, body."""
    head, _, body = answer.partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")
    assert re.match(r"HTTP/1\.[01] \d{3} ", lines[0]), answer
    headers = dict(line.split(": ", 1) for line in lines[1:])
    assert len(body) == int(headers["Content-Length"]), answer
    return int(lines[0].split()[1]), headers, body


def check_refusal(answer, status):
    """Every error is one JSON object with a sentence, also those of the HTTP library."""
    got, headers, body = parse(answer)
    assert got == status, answer
    assert headers["Content-Type"] == "application/json"
    refusal = json.loads(body)
    assert list(refusal) == ["error"]
    assert isinstance(refusal["error"], str)
    assert refusal["error"]
    return refusal["error"]


def check_statuses(server):
    """The metrics know every status by its number that was answered up to here."""
    if server.process.poll() is None:
        assert 'code="other"' not in server.get("/metrics").text


def wait_for(condition, timeout=10):
    end = time.monotonic() + timeout
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.02)
    return False


def v2_body(n=1):
    """A V2 request with `n` pictures of nothing in particular."""
    data = [(i % 7) / 7 for i in range(784 * n)]
    tensor = {"name": "input", "shape": [n, 784], "datatype": "FP32", "data": data}
    return json.dumps({"inputs": [tensor]})


@pytest.fixture
def start():
    """Starts servers, which must all stop in peace at the end."""
    servers = []

    def one(*flags, **environment):
        servers.append(Server(*flags, **environment))
        return servers[-1]

    yield one
    for server in servers:
        check_end(server)


@pytest.fixture(scope="module")
def server():
    """One server with default limits, for tests that only ask."""
    one = Server("--admin-port", "0")
    yield one
    try:
        check_statuses(one)
    finally:
        check_end(one)


@pytest.fixture
def promtool():
    found = shutil.which("promtool")
    if not found:
        pytest.skip("promtool is not installed (Debian package prometheus)")
    return found
