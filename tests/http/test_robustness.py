"""What clients do that mean harm, or are broken: the right status or a closed connection, others
unaffected, memory bounded."""

import base64
import contextlib
import gzip
import http.client
import json
import resource
import socket
import threading
import time

import numpy as np
import pytest
from conftest import check_refusal, parse, v2_body, wait_for
from digitd import Server, ask, check_end, read_all
from pictures import png

INFER = "/v2/models/mnist/infer"
HEAD = f"POST {INFER} HTTP/1.1\r\nHost: x\r\n".encode()
GET = b"GET /v2/health/live HTTP/1.1\r\nHost: x\r\n"
LAST = GET + b"Connection: close\r\n"
BODY = v2_body().encode()
BLANK = base64.b64encode(png(np.full((28, 28), 255, np.uint8))).decode()
MIB = 1 << 20


@pytest.fixture(scope="module")
def server():
    one = Server("--threads", "1", "--read-timeout", "1s", "--max-connections", "20000")
    yield one
    check_end(one)


def resident(server):
    return server.metrics()["process_resident_memory_bytes"]


@contextlib.contextmanager
def others(server):
    """Meanwhile somebody asks, and is answered soon."""
    waits, over, failures = [], threading.Event(), []

    def ask_on():
        connection = http.client.HTTPConnection(server.host, server.port, timeout=20)
        while not over.is_set() or len(waits) < 3:
            begin = time.monotonic()
            answer = ask(connection, "POST", INFER, BODY)
            waits.append(time.monotonic() - begin)
            if answer.status != 200:
                failures.append(answer.text)
            time.sleep(0.01)
        connection.close()

    thread = threading.Thread(target=ask_on)
    thread.start()
    yield
    over.set()
    thread.join()
    assert not failures
    assert sorted(waits)[len(waits) // 2] < 0.5


SMUGGLED = b"GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n"
CHUNKED = b"Transfer-Encoding: chunked\r\n"

SMUGGLING = {
    "length and chunks": HEAD + b"Content-Length: 6\r\n" + CHUNKED + b"\r\n0\r\n\r\n" + SMUGGLED,
    "chunks and length": HEAD + CHUNKED + b"Content-Length: 6\r\n\r\n0\r\n\r\n" + SMUGGLED,
    "two lengths": HEAD + b"Content-Length: 0\r\nContent-Length: 40\r\n\r\n" + SMUGGLED,
    "lengths in a list": HEAD + b"Content-Length: 0, 40\r\n\r\n" + SMUGGLED,
    "signed length": HEAD + b"Content-Length: +40\r\n\r\n" + SMUGGLED,
    "hexadecimal length": HEAD + b"Content-Length: 0x10\r\n\r\n" + SMUGGLED,
    "length and text": HEAD + b"Content-Length: 0 x\r\n\r\n" + SMUGGLED,
    "empty length": HEAD + b"Content-Length:\r\n\r\n" + SMUGGLED,
    "space before the colon": HEAD + b"Content-Length : 40\r\n\r\n" + SMUGGLED,
    "tab before the colon": HEAD + b"Transfer-Encoding\t: chunked\r\n\r\n0\r\n\r\n" + SMUGGLED,
    "space before the name": HEAD + b" Content-Length: 40\r\n\r\n" + SMUGGLED,
    "unknown coding": HEAD + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n" + SMUGGLED,
    "coding in a list": HEAD + b"Transfer-Encoding: identity, chunked\r\n\r\n0\r\n\r\n" + SMUGGLED,
    "chunked not last": HEAD + b"Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n" + SMUGGLED,
    "coding twice": HEAD + CHUNKED + b"Transfer-Encoding: x\r\n\r\n0\r\n\r\n" + SMUGGLED,
    "quoted coding": HEAD + b'Transfer-Encoding: "chunked"\r\n\r\n0\r\n\r\n' + SMUGGLED,
    "coding with a parameter": HEAD + b"Transfer-Encoding: chunked;a=b\r\n\r\n0\r\n\r\n" + SMUGGLED,
    "zero byte in a value": HEAD + b"X: a\0b\r\nContent-Length: 40\r\n\r\n" + SMUGGLED,
    "length with a zero byte": HEAD + b"Content-Length: 4\x000\r\n\r\n" + SMUGGLED,
    "chunk size with text": HEAD + CHUNKED + b"\r\n0x\r\n\r\n" + SMUGGLED,
    "signed chunk size": HEAD + CHUNKED + b"\r\n-1\r\n\r\n" + SMUGGLED,
    "huge chunk size": HEAD + CHUNKED + b"\r\n10000000000000000\r\n\r\n" + SMUGGLED,
    "chunk without its end": HEAD + CHUNKED + b"\r\n2\r\nabcd\r\n0\r\n\r\n" + SMUGGLED,
}


@pytest.mark.parametrize("name", SMUGGLING)
def test_smuggling(server, name):
    """What a proxy may frame otherwise is answered once, with an error, and the connection ends:
    nothing behind it is taken for a request."""
    answer = server.raw(SMUGGLING[name])
    assert answer.count(b"HTTP/1.1 ") <= 1, answer
    assert b"/smuggled" not in answer
    if answer and answer != b"<reset>":
        assert parse(answer)[0] in (400, 413, 501), answer


NOT_UNDERSTOOD = {
    "folded length": HEAD + b"Content-Length:\r\n 40\r\n\r\n",
    "folded coding": HEAD + b"Transfer-Encoding:\r\n\tchunked\r\n\r\n0\r\n\r\n",
    "half a folded coding": HEAD + b"Transfer-Encoding: chun\r\n ked\r\n\r\n0\r\n\r\n",
    "folded, whatever it is": HEAD + b"X: a\r\n b\r\nContent-Length: 0\r\n\r\n",
    "folded last": HEAD + b"Content-Length: 0\r\nX: a\r\n b\r\n\r\n",
    "line ends in the middle": HEAD + b"X: a\nContent-Length: 40\r\n\r\n",
    "carriage return alone": GET + b"X: a\rContent-Length: 40\r\n\r\n",
    "two hosts": GET + b"Host: y\r\n\r\n",
    "chunks before their time": HEAD.replace(b"1.1", b"1.0") + CHUNKED + b"\r\n0\r\n\r\n",
}


@pytest.mark.parametrize("name", NOT_UNDERSTOOD)
def test_headers_that_others_read_otherwise(server, name):
    answer = server.raw(NOT_UNDERSTOOD[name] + SMUGGLED)
    assert answer.count(b"HTTP/1.1 ") == 1, answer
    check_refusal(answer, 400)


FOLDED = b"Content-Length:\r\n " + str(len(BODY)).encode() + b"\r\nConnection: close\r\n\r\n" + BODY
LINES = (HEAD + f"Content-Length: {len(BODY)}\r\nConnection: close\r\n\r\n".encode()).replace(
    b"\r\n", b"\n"
)


@pytest.mark.parametrize("request_bytes", [HEAD + FOLDED, LINES + BODY, LINES.rstrip() + b"\n\n"])
def test_old_habits(server, request_bytes):
    """Folded lines and line ends without a carriage return: understood as what they were, or
    refused; never as something else."""
    answer = server.raw(request_bytes)
    assert answer.count(b"HTTP/1.1 ") <= 1
    if answer:
        assert parse(answer)[0] in (200, 400, 408)


def test_pipelining(server):
    """Answers come in the order of the questions, and an error ends the row."""
    good = HEAD + f"Content-Length: {len(BODY)}\r\n\r\n".encode() + BODY
    last = GET + b"Connection: close\r\n\r\n"
    answer = server.raw((good + GET + b"\r\n") * 50 + last)
    assert answer.count(b"HTTP/1.1 200 OK") == 101
    assert answer.count(b'"outputs"') == 50
    answer = server.raw(good * 3 + SMUGGLING["two lengths"] + good)
    assert answer.count(b"HTTP/1.1 200 OK") == 3
    assert answer.count(b"HTTP/1.1 ") == 4


@pytest.mark.slow
def test_a_million_tiny_chunks(server):
    """One byte each: slow, but not slow for others, and no more memory than the bytes."""
    before = resident(server)
    chunks = b"".join(b"1\r\n%c\r\n" % byte for byte in BODY)
    padding = b"1\r\n \r\n" * (1_000_000 - len(BODY))
    with others(server), server.connect() as s:
        s.sendall(HEAD + CHUNKED + b"Connection: close\r\n\r\n")
        sender = threading.Thread(target=send_quietly, args=(s, chunks + padding + b"0\r\n\r\n"))
        sender.start()
        answer = read_all(s)
        sender.join()
    assert b"HTTP/1.1 200 OK" in answer or b"HTTP/1.1 408" in answer
    assert resident(server) - before < 32 * MIB


def send_quietly(s, data):
    with contextlib.suppress(OSError):
        s.sendall(data)


def dribble(server, head, piece, count=150, pause=0.05):
    """One client that sends little by little; what it is told."""
    with server.connect() as s:
        send_quietly(s, head)
        s.settimeout(pause)
        for _ in range(count):
            send_quietly(s, piece)
            try:
                if got := s.recv(65536):
                    s.settimeout(20)
                    return got + read_all(s)
                return b""
            except TimeoutError:
                continue
            except OSError:
                return b""
    raise AssertionError("it was never told to stop")


@pytest.mark.parametrize(
    ("head", "piece"),
    [
        (b"", b"G"),
        (b"GET /", b"x"),
        (GET, b"X-A: b\r\n"),
        (GET + b"X: ", b"a"),
        (HEAD + b"Content-Length: 100000\r\n\r\n", b" "),
        (HEAD + CHUNKED + b"\r\n", b"1\r\n \r\n"),
        (HEAD + CHUNKED + b"\r\n5;", b"x"),
    ],
)
def test_slowloris(server, head, piece):
    begin = time.monotonic()
    answers, clients = [], []
    with others(server):
        for _ in range(20):
            one = threading.Thread(target=lambda: answers.append(dribble(server, head, piece)))
            one.start()
            clients.append(one)
        for one in clients:
            one.join()
    assert time.monotonic() - begin < 10
    assert len(answers) == 20
    for answer in answers:
        if answer:
            check_refusal(answer, 408)


@pytest.mark.parametrize(
    "sent",
    [
        b"G",
        GET,
        HEAD + b"Content-Length: 5\r\n\r\nhel",
        HEAD + CHUNKED + b"\r\n5\r\nhel",
        HEAD + CHUNKED + b"\r\n5\r\nhello\r\n",
        HEAD + b"Content-Encoding: gzip\r\nContent-Length: 50\r\n\r\n\x1f\x8b\x08",
        HEAD + b"Expect: 100-continue\r\nContent-Length: 50\r\n\r\n",
    ],
)
@pytest.mark.parametrize("way", ["half", "close", "reset"])
def test_bodies_that_end_early(server, sent, way):
    with others(server):
        clients = [server.connect() for _ in range(20)]
        for s in clients:
            s.sendall(sent)
            if way == "half":
                s.shutdown(socket.SHUT_WR)
            elif way == "reset":
                s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
                s.close()
            else:
                s.close()
        for s in clients if way == "half" else []:
            answer = read_all(s)
            s.close()
            if answer and answer != b"HTTP/1.1 100 Continue\r\n\r\n":
                check_refusal(answer.replace(b"HTTP/1.1 100 Continue\r\n\r\n", b""), 408)
    assert wait_for(lambda: server.metrics()["digitd_connections"] <= 1)


@pytest.mark.slow
def test_idle_connections(server):
    """Ten thousand, each with an answer behind it, on one event loop."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 10_000
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    if hard < wanted + 500 or server.metrics()["process_max_fds"] < wanted + 500:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        pytest.skip(f"{wanted} files may not be open here")
    before = resident(server)
    idle = []
    try:
        for _ in range(wanted):
            s = server.connect()
            s.sendall(GET + b"\r\n")
            idle.append(s)
        for s in idle:
            assert s.recv(1000).startswith(b"HTTP/1.1 200 OK")
        assert server.metrics()["digitd_connections"] == wanted + 1
        with others(server):
            time.sleep(1)
        assert resident(server) - before < wanted * 64 * 1024
        idle[-1].sendall(GET + b"\r\n")
        assert idle[-1].recv(1000).startswith(b"HTTP/1.1 200 OK")
    finally:
        for s in idle:
            s.close()
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert wait_for(lambda: server.metrics()["digitd_connections"] == 1)


@pytest.mark.slow
def test_many_bodies_at_a_time(start):
    """Half a body each of a thousand clients: what they hold is bounded, the rest are told."""
    server = start("--threads", "1", "--max-bodies", "32MiB", "--read-timeout", "3s")
    server.request("POST", INFER, BODY)
    before = resident(server)
    half = HEAD + f"Content-Length: {MIB}\r\n\r\n".encode() + b" " * (MIB // 2)
    clients, told = [], 0
    for _ in range(100):
        s = server.connect()
        send_quietly(s, half)
        clients.append(s)
    assert resident(server) - before < 64 * MIB
    assert server.request("POST", "/v1/models/mnist:predict", "{").status in (400, 503)
    for s in clients:
        answer = read_all(s)
        told += b"HTTP/1.1 503" in answer or b"HTTP/1.1 408" in answer
        s.close()
    assert told > 90
    assert wait_for(lambda: server.request("POST", INFER, BODY).status == 200)


def test_bodies_keep_no_answers_away(start):
    server = start("--threads", "1", "--max-bodies", "1MiB")
    begun = HEAD + f"Content-Length: {MIB}\r\n\r\n".encode() + b" " * (MIB - 100)
    with server.connect() as s:
        s.sendall(begun)
        assert wait_for(lambda: server.request("POST", INFER, b" " * 200).status == 503)
        metrics = server.get("/metrics")
        assert metrics.status == 200 and len(metrics.text) > 4096


@pytest.mark.parametrize("cookie", [b"a=b; ", b"x"])
def test_cookies_up_to_the_limit(start, cookie):
    """libmicrohttpd keeps a copy of them, and where there is no room for it goes on all the same:
    in memory that it must not have freed."""
    server = start("--max-header", "64k")
    for size in range(2000, 64_000, 4000):
        cookies = b"Cookie: " + cookie * (size // len(cookie)) + b"\r\n"
        assert parse(server.raw(LAST + cookies + b"\r\n"))[0] in (200, 431)


@pytest.mark.parametrize(
    "header", [b"Cookie: %s", b"X: %s\r\n %s", b"X: %s", b"Cookie: %s\r\nX: %s"], ids=repr
)
def test_nobody_is_left_without_an_answer(server, header):
    for size in range(500, 26_000, 500):
        value = b"x" * (size // header.count(b"%s"))
        lines = header.replace(b"%s", value) + b"\r\n"
        assert parse(server.raw(LAST + lines + b"\r\n"))[0] in (200, 400, 431), size


@pytest.mark.slow
def test_answers_that_nobody_takes(start):
    """They are bounded as bodies are, or a small request for much would fill the memory. What
    the kernel takes on this machine, up to 4 MB, is no answer that we hold."""
    images = 20_000
    server = start(
        *("--threads", "1", "--max-images", str(images), "--max-ratio", "1000"),
        *("--max-bodies", "6MiB"),
    )
    body = gzip.compress(json.dumps({"instances": [{"b64": BLANK}] * images}).encode())
    request = b"POST /v1/models/mnist:predict HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
    request += f"Content-Encoding: gzip\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body
    with socket.socket() as slow:
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        slow.settimeout(20)
        slow.connect((server.host, server.port))
        slow.sendall(request)
        assert slow.recv(12) == b"HTTP/1.1 200"
        assert "as many answers" in check_refusal(server.raw(request), 503)
    assert wait_for(lambda: parse(server.raw(request))[0] == 200)
