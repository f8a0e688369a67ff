"""The real program on a port of its own, and ways to talk to it, down to single bytes."""

import http.client
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = os.environ.get("DIGITD", str(ROOT / "build" / "server" / "digitd"))
START_S = 30  # sanitizer builds on a busy machine


class Server:
    """One `digitd serve`. Arguments are flags; keywords are its environment."""

    def __init__(self, *flags, **environment):
        self.log = tempfile.TemporaryFile("w+")  # noqa: SIM115 - closed by stop()
        self.process = subprocess.Popen(
            [PROGRAM, "serve", "--port", "0", "--drain-delay", "0", *flags],
            stdout=subprocess.PIPE,
            stderr=self.log,
            text=True,
            env={**os.environ, **environment},
        )
        timer = threading.Timer(START_S, self.process.kill)
        timer.start()
        line = self.process.stdout.readline()
        timer.cancel()
        found = re.fullmatch(r"listening on http://(\S+):(\d+)\n", line)
        assert found, f"the server printed {line!r} and logged: {self.logged()}"
        self.host, self.port = found[1].strip("[]"), int(found[2])

    def logged(self):
        self.log.seek(0)
        return self.log.read()

    @property
    def admin_port(self):
        return int(re.search(r"admin_port=(\d+)", self.logged())[1])

    def kill(self, number=signal.SIGTERM):
        self.process.send_signal(number)

    def wait(self, timeout=20):
        """The exit code."""
        return self.process.wait(timeout)

    def stop(self):
        """Ends it, and returns the exit code and all that it logged."""
        if self.process.poll() is None:
            self.kill(signal.SIGINT)
        try:
            code = self.wait()
        except subprocess.TimeoutExpired:
            self.process.kill()
            code = self.process.wait()
        self.process.stdout.close()
        logged = self.logged()
        self.log.close()
        return code, logged

    def request(self, method, path, body=None, headers=None, port=None):
        """One request on a connection of its own."""
        connection = http.client.HTTPConnection(self.host, port or self.port, timeout=20)
        try:
            return ask(connection, method, path, body, headers)
        finally:
            connection.close()

    def get(self, path, **arguments):
        return self.request("GET", path, **arguments)

    def connect(self):
        return socket.create_connection((self.host, self.port), timeout=20)

    def raw(self, *pieces, pause=0.05):
        """Sends bytes as they are, and returns all that comes back until the end."""
        with self.connect() as s:
            for i, piece in enumerate(pieces):
                if i:
                    time.sleep(pause)
                try:
                    s.sendall(piece)
                except OSError:
                    break  # it has hung up: what did it say?
            return read_all(s)

    def metrics(self, **arguments):
        """{name with labels: value}"""
        lines = self.get("/metrics", **arguments).text.splitlines()
        samples = (line.rsplit(" ", 1) for line in lines if not line.startswith("#"))
        return {name: float(value) for name, value in samples}


def ask(connection, method, path, body=None, headers=None):
    connection.request(method, path, body, headers or {})
    response = connection.getresponse()
    text = response.read().decode()
    parsed = None
    if response.headers.get("Content-Type") == "application/json" and text:
        parsed = json.loads(text)
    return SimpleNamespace(status=response.status, headers=response.headers, text=text, json=parsed)


def read_all(s):
    answer = b""
    try:
        while piece := s.recv(65536):
            answer += piece
    except ConnectionResetError:
        answer += b"<reset>"
    return answer


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


def check_end(server):
    """It stops in peace, and no sanitizer has found anything."""
    if server.log.closed:
        return
    code, logged = server.stop()
    assert code == 0, logged
    assert "Sanitizer" not in logged, logged
    assert "runtime error" not in logged, logged


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
    check_end(one)


@pytest.fixture
def promtool():
    found = shutil.which("promtool")
    if not found:
        pytest.skip("promtool is not installed (Debian package prometheus)")
    return found
