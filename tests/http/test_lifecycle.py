"""Start, readiness, signals, and nothing lost on the way out."""

import http.client
import os
import re
import signal
import socket
import subprocess
import threading
import time

import pytest
from conftest import check_refusal, parse, v2_body, wait_for
from digitd import PROGRAM, ROOT, ask, read_all

INFER = "/v2/models/mnist/infer"
MODEL = ROOT / "model/zoo/mnist/1/model.onnx"
CLEAN = {name: value for name, value in os.environ.items() if not name.startswith("DIGITD_")}


def run(*words, **environment):
    """The program to its end: code, stdout, stderr."""
    done = subprocess.run(
        [PROGRAM, *words], capture_output=True, text=True, timeout=30, env={**CLEAN, **environment}
    )
    return done.returncode, done.stdout, done.stderr


def test_no_command():
    code, out, err = run()
    assert (code, out) == (2, "")
    assert err.startswith("usage: digitd COMMAND")


@pytest.mark.parametrize("flag", ["--help", "-h"])
def test_help(flag):
    code, out, err = run(flag)
    assert (code, err) == (0, "")
    for command in ["serve", "predict", "eval", "inspect"]:
        assert f"digitd {command}" in out


def test_help_of_a_command():
    code, out, err = run("serve", "--help")
    assert (code, err) == (0, "")
    assert re.search(r"--max-body SIZE .*\n +DIGITD_MAX_BODY, default 16MiB\n", out)
    assert "--min-accuracy" not in out


def test_version():
    code, out, _ = run("--version")
    assert code == 0
    assert re.fullmatch(r"digitd \d+\.\d+\.\d+\n", out)


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (["server"], "'server' is no command"),
        (["serve", "--prot", "1"], "did you mean --port?"),
        (["serve", "--port", "http"], "--port is 'http'"),
        (["serve", "--model", "a", "--model-repository", "b"], "both"),
        (["serve", "--model-name", "a/b"], "'a/b'"),
    ],
)
def test_wrong_usage(words, hint):
    code, out, err = run(*words)
    assert (code, out) == (2, "")
    assert hint in err
    assert err.count("\n") == 1


def test_wrong_environment():
    code, _, err = run("serve", DIGITD_MAX_BODY="lots")
    assert code == 2
    assert "DIGITD_MAX_BODY is 'lots'" in err


def test_misspelt_environment(start):
    """Said, not refused: Kubernetes too makes variables of a Service that is called digitd."""
    logged = start(
        DIGITD_MAX_CONECTIONS="9",
        DIGITD_HTTP_PORT="1",
        DIGITD_SERVICE_PORT="80",
        DIGITD_PORT_80_TCP_ADDR="10.0.0.1",
    ).logged()
    assert logged.count("event=unknown-variable") == 2
    assert "name=DIGITD_MAX_CONECTIONS meant=DIGITD_MAX_CONNECTIONS" in logged
    assert "name=DIGITD_HTTP_PORT meant=DIGITD_PORT" in logged


def test_port_in_use(start):
    server = start()
    code, out, err = run("serve", "--port", str(server.port))
    assert (code, out) == (1, "")
    assert f"127.0.0.1 port {server.port}: Address already in use" in err


def test_bad_address():
    code, _, err = run("serve", "--port", "0", "--host", "192.0.2.1")
    assert code == 1
    assert "192.0.2.1 port 0" in err


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "0.0.0.0", "::1"])
def test_host(start, host):
    if host == "::1":
        try:
            socket.create_server(("::1", 0), family=socket.AF_INET6).close()
        except OSError:
            pytest.skip("no IPv6 on this machine")
    assert start("--host", host).get("/v2/health/live").status == 200


@pytest.mark.parametrize("content", [None, b"", b"not a model", MODEL.read_bytes()[:1000]])
@pytest.mark.parametrize("in_repository", [False, True])
def test_model_that_does_not_load(tmp_path, content, in_repository):
    file = tmp_path / "m" / "1" / "model.onnx"
    file.parent.mkdir(parents=True)
    if content is not None:
        file.write_bytes(content)
    flags = ["--model-repository", str(tmp_path)] if in_repository else ["--model", str(file)]
    code, out, err = run("serve", "--port", "0", *flags)
    assert code in (1, 65)
    assert out == ""
    assert str(file)[:60] in err or str(file)[-40:] in err


def test_one_line_on_stdout(start):
    server = start()
    assert server.get("/v2/health/ready").status == 200  # the line means ready
    server.kill()
    assert server.wait() == 0
    assert server.process.stdout.read() == ""


def test_startup_is_logged(start):
    logged = start("--threads", "3").logged()
    assert re.search(r"event=model name=mnist version=1 sha256=[0-9a-f]{12} accuracy=", logged)
    assert re.search(r"event=ready version=\S+ host=127.0.0.1 port=\d+ .*threads=3 ", logged)


def test_sigterm_drains(start):
    server = start("--drain-delay", "3s", "--admin-port", "0")
    admin = server.admin_port
    kept = http.client.HTTPConnection(server.host, server.port, timeout=20)
    assert ask(kept, "GET", "/v2").headers["Connection"] is None
    begin = time.monotonic()
    server.kill()
    assert wait_for(lambda: server.get("/v2/health/ready").status == 503, 2)
    assert server.get("/v2/health/ready", port=admin).status == 503
    assert server.metrics(port=admin)["digitd_ready"] == 0
    assert server.get("/v2/health/live").status == 200
    answer = ask(kept, "POST", INFER, v2_body())
    assert (answer.status, answer.headers["Connection"]) == (200, "close")
    assert server.request("POST", INFER, v2_body()).status == 200
    assert server.wait() == 0
    assert 2.9 < time.monotonic() - begin < 10


def test_sigint_does_not_wait(start):
    server = start("--drain-delay", "60s")
    begin = time.monotonic()
    server.kill(signal.SIGINT)
    assert server.wait() == 0
    assert time.monotonic() - begin < 3


def test_idle_connections_do_not_hold_up_the_end(start):
    server = start("--drain-timeout", "60s")
    used = http.client.HTTPConnection(server.host, server.port, timeout=20)
    ask(used, "GET", "/v2")
    unused = server.connect()
    begin = time.monotonic()
    server.kill()
    assert server.wait() == 0
    assert time.monotonic() - begin < 5
    assert read_all(unused) == b""


def test_request_in_flight_is_answered(start):
    server = start()
    body = v2_body().encode()
    with server.connect() as s:
        s.sendall(
            f"POST {INFER} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n".encode()
        )
        s.sendall(body[:1000])
        time.sleep(0.2)
        server.kill()
        assert wait_for(lambda: "draining" in server.logged())
        time.sleep(0.3)
        s.sendall(body[1000:])
        status, headers, _ = parse(read_all(s))
    assert (status, headers["Connection"]) == (200, "close")
    assert server.wait() == 0


def test_drain_timeout(start):
    """Who does not finish in time is not waited for."""
    server = start("--drain-timeout", "500ms", "--read-timeout", "60s")
    with server.connect() as s:
        s.sendall(f"POST {INFER} HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n".encode())
        time.sleep(0.2)
        begin = time.monotonic()
        server.kill()
        assert server.wait() == 0
        assert 0.4 < time.monotonic() - begin < 4


def test_slow_request_while_draining(start):
    server = start("--drain-timeout", "20s", "--read-timeout", "1s")
    with server.connect() as s:
        s.sendall(f"POST {INFER} HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n".encode())
        time.sleep(0.2)
        server.kill()
        check_refusal(read_all(s), 408)
    assert server.wait() == 0


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (signal.SIGTERM, signal.SIGTERM),
        (signal.SIGTERM, signal.SIGINT),
        (signal.SIGINT, signal.SIGINT),
    ],
)
def test_second_signal_exits_at_once(start, first, second):
    server = start("--drain-delay", "60s", "--drain-timeout", "60s", "--read-timeout", "60s")
    with server.connect() as s:
        s.sendall(b"GET /v2")  # in flight, for SIGINT to wait for
        time.sleep(0.2)
        server.kill(first)
        assert wait_for(lambda: "draining" in server.logged())
        server.kill(second)
        assert server.wait(5) == 128 + second
    server.stop()


class Load:
    """Clients as a load balancer's: they ask while readiness says yes, and leave a connection
    that says "Connection: close"."""

    def __init__(self, server):
        self.server = server
        self.ready = True
        self.answered = 0
        self.after_signal = 0
        self.signalled = False
        self.failures = []
        self.lock = threading.Lock()
        self.body = v2_body()
        self.threads = [threading.Thread(target=self.probe)]
        self.threads += [threading.Thread(target=self.keep_alive) for _ in range(6)]
        self.threads += [threading.Thread(target=self.new_connections) for _ in range(4)]

    def probe(self):
        while self.ready:
            try:
                self.ready = self.server.get("/v2/health/ready").status == 200
            except OSError as failure:
                self.failures.append(("probe", failure))
                self.ready = False
            time.sleep(0.1)

    def one(self, connection):
        answer = ask(connection, "POST", INFER, self.body)
        with self.lock:
            self.answered += 1
            self.after_signal += self.signalled
            if answer.status != 200:
                self.failures.append((answer.status, answer.text))
        return answer

    def keep_alive(self):
        connection = http.client.HTTPConnection(self.server.host, self.server.port, timeout=20)
        while self.ready:
            try:
                answer = self.one(connection)
                if answer.headers["Connection"] == "close":
                    connection.close()
            except (OSError, http.client.HTTPException) as failure:
                self.failures.append(("kept", repr(failure)))
                connection.close()
        connection.close()

    def new_connections(self):
        while self.ready:
            try:
                connection = http.client.HTTPConnection(
                    self.server.host, self.server.port, timeout=20
                )
                self.one(connection)
                connection.close()
            except (OSError, http.client.HTTPException) as failure:
                self.failures.append(("new", repr(failure)))


def test_no_request_is_lost(start):
    server = start("--drain-delay", "3s", "--threads", "2")
    load = Load(server)
    for thread in load.threads:
        thread.start()
    assert wait_for(lambda: load.answered > 200, 30)
    load.signalled = True
    server.kill()
    for thread in load.threads:
        thread.join()
    assert server.wait() == 0
    assert load.failures == []
    assert load.after_signal > 10  # it went on serving while it was not ready
