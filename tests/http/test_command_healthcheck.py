"""digitd healthcheck."""

import contextlib
import signal
import socket
import threading
import time

import pytest
from commands import FAILED, WRONG_USAGE, digitd


def check(*flags, code=0, **environment):
    out, err = digitd("healthcheck", *flags, code=code, env=environment)
    assert out == ""
    return err


@contextlib.contextmanager
def peer(answer=None):
    """Something on a port that says `answer` to everybody, or nothing at all."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve():
            with contextlib.suppress(OSError):
                while True:
                    client, _ = listener.accept()
                    if answer is not None:
                        client.recv(4096)
                        client.sendall(answer)
                        client.close()

        threading.Thread(target=serve, daemon=True).start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)


def test_the_settings_of_the_server_are_its_own(start):
    server = start("--admin-port", "0")
    assert check(DIGITD_PORT=str(server.port), DIGITD_HOST="0.0.0.0") == ""
    # The admin port, where there is one: nothing listens on the other.
    ports = {"DIGITD_PORT": "1", "DIGITD_ADMIN_PORT": str(server.admin_port)}
    assert check(**ports) == ""
    assert check("--path", "/v2/health/live", **ports) == ""
    assert check("--path", "/v2/models/mnist/ready", "--port", server.port) == ""


def test_ipv6(start):
    if not socket.has_ipv6:
        pytest.skip("no IPv6")
    server = start("--host", "::1")
    assert check("--host", "::", "--port", server.port) == ""


def test_draining_is_not_ready(start):
    server = start("--drain-delay", "2s")
    server.kill(signal.SIGTERM)
    time.sleep(0.2)
    err = check("--port", server.port, code=FAILED)
    assert "answers 503" in err
    assert "shutting down" in err
    assert check("--port", server.port, "--path", "/v2/health/live") == ""
    assert server.wait() == 0


def test_what_is_not_there(server):
    assert "answers 404" in check("--port", server.port, "--path", "/none", code=FAILED)


def test_nobody_listens():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
        err = check("--port", port, code=FAILED)
    assert f"127.0.0.1 port {port}: Connection refused" in err


@pytest.mark.parametrize("answer", [b"", b"SSH-2.0-OpenSSH_9.2\r\n", b"HTTP/1.1\r\n\r\n"])
def test_nonsense(answer):
    with peer(answer) as port:
        assert "answer" in check("--port", port, code=FAILED)


def test_silence():
    began = time.monotonic()
    with peer() as port:
        err = check("--port", port, "--timeout", "300ms", code=FAILED)
    assert "no answer within 300 ms" in err
    assert 0.2 < time.monotonic() - began < 5


def test_wrong_usage():
    assert "--port is 0" in check("--port", "0", code=WRONG_USAGE)
    assert "--path is 'x'" in check("--path", "x", code=WRONG_USAGE)
    assert "--path" in check("--path", "/ x", code=WRONG_USAGE)
    assert "300 " in check("--timeout", "300 ", code=WRONG_USAGE)
