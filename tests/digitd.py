"""The real program on a port of its own, and ways to talk to it, down to single bytes."""

import http.client
import json
import os
import re
import signal
import socket
import subprocess
import tempfile
import threading
import time
from pathlib import Path
from types import SimpleNamespace

ROOT = Path(__file__).resolve().parents[1]
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

    @property
    def url(self):
        return f"http://{self.host}:{self.port}/"

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

    def exchange(self, method, path, body=None, headers=None):
        """The same, down to bytes: status, headers, body."""
        connection = http.client.HTTPConnection(self.host, self.port, timeout=20)
        try:
            connection.request(method, path, body, headers or {})
            response = connection.getresponse()
            return response.status, response.headers, response.read()
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


def check_end(server):
    """It stops in peace, and no sanitizer has found anything."""
    if server.log.closed:
        return
    code, logged = server.stop()
    assert code == 0, logged
    assert "Sanitizer" not in logged, logged
    assert "runtime error" not in logged, logged
