"""What is too large, too slow, too many or malformed is refused in JSON, and disturbs nobody."""

import http.client
import json
import select
import socket
import time

import pytest
from conftest import check_refusal, parse, v2_body, wait_for
from digitd import Server, ask, check_end, read_all

INFER = "/v2/models/mnist/infer"
POST = f"POST {INFER} HTTP/1.1\r\nHost: x\r\n".encode()
GET = b"GET /v2/health/live HTTP/1.1\r\nHost: x\r\n"
LIMIT = 64 * 1024


@pytest.fixture(scope="module")
def small():
    """A server with small limits."""
    one = Server(
        *("--max-body", "64k", "--read-timeout", "800ms", "--idle-timeout", "2500ms"),
        *("--max-images", "2", "--max-json-depth", "8", "--max-header", "4k", "--threads", "1"),
    )
    yield one
    check_end(one)


def test_announced_body(small):
    """Refused before it is sent; and the answer arrives although nobody reads the body."""
    for size in [LIMIT + 1, 100 * LIMIT, 10**12]:
        head = POST + f"Content-Length: {size}\r\n\r\n".encode()
        answer = small.raw(head + b"x" * min(size, 50 * LIMIT))
        sentence = check_refusal(answer, 413)
        assert f"{size} bytes" in sentence
        assert f"{LIMIT} " in sentence


def test_refused_client_may_finish_its_sentence(small):
    """Closing at once would reset the connection, and elsewhere than on Linux the client would
    lose the answer. So what still comes is read, and dropped."""
    with small.connect() as s:
        s.sendall(POST + b"Content-Length: 10000000\r\n\r\n")
        check_refusal(read_all(s), 413)
        for _ in range(10):
            s.sendall(b"x" * 10_000)
            time.sleep(0.02)


def test_announced_body_with_expect(small):
    head = POST + b"Expect: 100-continue\r\nContent-Length: 10000000\r\n\r\n"
    answer = small.raw(head)
    assert b"100 Continue" not in answer
    check_refusal(answer, 413)


def test_body_of_exactly_the_limit(small):
    body = v2_body().encode()
    body += b" " * (LIMIT - len(body))
    assert small.request("POST", INFER, body).status == 200
    assert small.request("POST", INFER, body + b" ").status == 413


def test_chunked_body(small):
    chunk = b"4000\r\n" + b" " * 0x4000 + b"\r\n"
    head = POST + b"Transfer-Encoding: chunked\r\n\r\n"
    assert f"{LIMIT} bytes" in check_refusal(small.raw(head + chunk * 5), 413)
    check_refusal(small.raw(head, *[chunk] * 20, pause=0.001), 413)


@pytest.mark.parametrize("path", ["/", "/v2", "/metrics"])
def test_unwanted_body(small, path):
    answer = small.raw(f"GET {path} HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello".encode())
    check_refusal(answer, 413)


def test_unknown_path_with_body(small):
    head = f"POST /none HTTP/1.1\r\nHost: x\r\nContent-Length: {LIMIT}\r\n\r\n".encode()
    check_refusal(small.raw(head + b"x" * LIMIT), 404)


def test_bodies_held_at_a_time(start):
    """Each may be as long as it may; all together they are what the memory is for."""
    server = start("--max-bodies", "100k", "--threads", "2")
    body = v2_body().encode().ljust(60_000)
    head = POST + f"Connection: close\r\nContent-Length: {len(body)}\r\n\r\n".encode()
    for _ in range(10):
        with server.connect() as first:
            first.sendall(head + body[:-1])
            time.sleep(0.1)
            second = server.raw(head + body)
            first.sendall(body[-1:])
            if parse(read_all(first))[0] == 200 and b" 503 " in second:
                break  # else they were not read in this order
    assert "as many" in check_refusal(second, 503)
    assert parse(server.raw(head + body))[0] == 200
    # One alone is refused by its length.
    check_refusal(server.raw(POST + b"Content-Length: 102401\r\n\r\n"), 413)


def test_images(small):
    assert small.request("POST", INFER, v2_body(2)).status == 200
    answer = small.request("POST", INFER, v2_body(3))
    assert answer.status == 413
    assert "2" in answer.json["error"]


def test_json_depth(small):
    assert small.request("POST", INFER, "[" * 9 + "]" * 9).status == 400
    answer = small.request("POST", INFER, '{"a":' + "[" * 30000)
    assert answer.status == 400


@pytest.mark.parametrize(
    "headers",
    [
        b"X: " + b"x" * 5000 + b"\r\n",
        b"X: " + b"x" * 500_000 + b"\r\n",
        b"".join(b"X%d: x\r\n" % i for i in range(600)),
        b"".join(b"X%d: x\r\n" % i for i in range(60_000)),
    ],
)
def test_headers(small, headers):
    check_refusal(small.raw(GET + headers + b"Connection: close\r\n\r\n"), 431)


def test_request_line(small):
    answer = small.raw(b"GET /" + b"x" * 100_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n")
    check_refusal(answer, 414)


@pytest.mark.parametrize("parameter", [b"&", b"a", b"a&", b"a=b&"])
@pytest.mark.parametrize("header", [0, 5000])
def test_long_query(small, parameter, header):
    """libmicrohttpd has more to remember of a parameter than the parameter is long."""
    query = parameter * (3600 // len(parameter))
    head = b"GET /v2?" + query + b" HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX: "
    answer = small.raw(head + b"x" * header + b"\r\n\r\n")
    if header:
        check_refusal(answer, 431)
    else:
        assert parse(answer)[0] == 200


BODY = v2_body().encode()
FRAMED_TWICE = (
    POST
    + f"Content-Length: {len(BODY)}\r\nTransfer-Encoding: chunked\r\n\r\n".encode()
    + f"{len(BODY):x}\r\n".encode()
    + BODY
    + b"\r\n0\r\n\r\n"
)

MALFORMED = {
    "no version": (b"GET /\r\n\r\n", 400),
    "another protocol": (b"GET / SPDY/1\r\nHost: x\r\n\r\n", 400),
    "HTTP/2": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505),
    "no host": (b"GET /v2 HTTP/1.1\r\n\r\n", 400),
    "no colon": (GET + b"nonsense\r\n\r\n", 400),
    "space before colon": (GET + b"X : 1\r\n\r\n", 400),
    "hidden length": (POST + b"Content-Length : 5\r\n\r\nhello", 400),
    "folded first header": (b"GET /v2 HTTP/1.1\r\n X: 1\r\nHost: x\r\n\r\n", 400),
    "two framings": (FRAMED_TWICE, 400),
    "two lengths": (POST + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!", 400),
    "list of lengths": (POST + b"Content-Length: 5, 5\r\n\r\nhello", 400),
    "negative length": (POST + b"Content-Length: -5\r\n\r\nhello", 400),
    "length with a sign": (POST + b"Content-Length: +5\r\n\r\nhello", 400),
    "endless length": (POST + b"Content-Length: 99999999999999999999999\r\n\r\nhello", 413),
    "unknown coding": (POST + b"Transfer-Encoding: gzip\r\n\r\nhello", 501),
    "coding twice": (POST + b"Transfer-Encoding: chunked\r\n" * 2 + b"\r\n0\r\n\r\n", 400),
    "bad chunk size": (POST + b"Transfer-Encoding: chunked\r\n\r\nzz\r\nhello\r\n0\r\n\r\n", 400),
    "bad chunk end": (POST + b"Transfer-Encoding: chunked\r\n\r\n3\r\nhello\r\n0\r\n\r\n", 400),
    "endless chunk": (POST + b"Transfer-Encoding: chunked\r\n\r\n" + b"f" * 20 + b"\r\nhello", 413),
}


@pytest.mark.parametrize("name", MALFORMED)
def test_malformed(small, name):
    """Also what libmicrohttpd refuses by itself, with a page of HTML if nobody stops it. The
    connection must end: what follows on it may be another request in somebody's eyes."""
    request, status = MALFORMED[name]
    check_refusal(small.raw(request), status)


@pytest.mark.parametrize("line", [b"HELLO\r\n\r\n", b"\x16\x03\x01\n", b"x" * 500 + b"\n" + GET])
def test_a_line_without_a_space(small, line):
    """There, the library would hang up."""
    check_refusal(small.raw(line), 400)
    for before in GET + b"\r\n", POST + b"Content-Length: 2\r\n\r\n{}":
        answer = small.raw(before, line)
        assert answer.count(b"HTTP/1.1 ") == 2
        check_refusal(answer[answer.rindex(b"HTTP/1.1 ") :], 400)
    assert small.raw(before + line).count(b"HTTP/1.1 400") == 2


def test_who_hangs_up_is_not_answered(small):
    begun = POST + b"Content-Length: 5\r\n\r\nhel"
    for sent in [b"", b"GET /v2", b"\r\n", GET, begun]:
        for together in [0, 1]:
            with small.connect() as s:
                s.setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, together)
                s.sendall(sent)
                s.shutdown(socket.SHUT_WR)
                assert read_all(s) == b""
    for sent in [GET + b"Connection: close\r\n\r\n", b"GET /v2 HTTP/1.0\r\n\r\n"]:
        with small.connect() as s:
            s.sendall(sent)
            assert read_all(s).count(b"HTTP/1.") == 1
    for together in [0, 1]:
        with small.connect() as s:
            s.setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, together)
            s.sendall(GET + b"\r\n")
            s.shutdown(socket.SHUT_WR)
            assert read_all(s).count(b"HTTP/1.1") == 1


@pytest.mark.parametrize(
    "pieces",
    [
        [b"GET /v2"],
        [GET],
        [POST + b"Content-Length: 5\r\n\r\nhel"],
        [POST + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhel"],
        [GET + b"X: "] + [b"x"] * 100,
        [POST + b"Content-Length: 500\r\n\r\n"] + [b"x"] * 100,
    ],
)
def test_slow_request(small, pieces):
    """Half of one, or one byte at a time: both end after the read timeout."""
    begin = time.monotonic()
    answer = small.raw(*pieces, pause=0.02)
    check_refusal(answer, 408)
    assert 0.7 < time.monotonic() - begin < 5


def test_slow_second_request(small):
    with small.connect() as s:
        s.sendall(GET + b"\r\n")
        assert b"200 OK" in s.recv(1000)
        time.sleep(0.3)
        begin = time.monotonic()
        s.sendall(POST + b"Content-Length: 5\r\n\r\n")
        check_refusal(read_all(s), 408)
        assert 0.7 < time.monotonic() - begin < 5


def test_silent_connection_is_closed_without_a_word(small):
    begin = time.monotonic()
    assert small.raw() == b""
    assert 0.7 < time.monotonic() - begin < 5


@pytest.mark.parametrize("dribble", [b"", b"G"])
def test_idle_connection_is_closed(small, dribble):
    with small.connect() as s:
        s.sendall(GET + b"\r\n")
        assert b"200 OK" in s.recv(1000)
        begin = time.monotonic()
        s.sendall(dribble)
        assert read_all(s) == b""
        assert 2.4 < time.monotonic() - begin < 9


def test_idle_connection_lives_until_then(small):
    connection = http.client.HTTPConnection(small.host, small.port, timeout=20)
    ask(connection, "GET", "/v2")
    first = connection.sock
    time.sleep(1)  # beyond the read timeout
    assert ask(connection, "GET", "/v2").status == 200
    assert connection.sock is first
    connection.close()


def test_slow_reader_is_cut(start):
    server = start("--idle-timeout", "1s", "--threads", "1")
    with socket.socket() as s:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        s.connect((server.host, server.port))
        s.settimeout(20)
        # Enough answers to fill every buffer between us.
        s.setblocking(False)
        end = time.monotonic() + 10
        slow = 'digitd_connections_refused_total{reason="slow"}'
        while time.monotonic() < end:
            try:
                s.send(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n" * 100)
            except BlockingIOError:
                select.select([], [s], [], 0.1)
            except (BrokenPipeError, ConnectionResetError):
                break
            if server.metrics()[slow]:
                break
    assert wait_for(lambda: server.metrics()[slow] == 1)
    assert wait_for(lambda: server.metrics()["digitd_connections"] == 1)


def test_slow_clients_disturb_nobody(small):
    slow = [small.connect() for _ in range(100)]
    for s in slow:
        s.sendall(POST + b"Content-Length: 5\r\n\r\n")
    times = []
    for _ in range(50):
        begin = time.monotonic()
        assert small.get("/v2/health/live").status == 200
        times.append(time.monotonic() - begin)
    assert sorted(times)[25] < 0.1
    for s in slow:
        check_refusal(read_all(s), 408)
        s.close()
    metrics = small.metrics()
    assert metrics['digitd_connections_refused_total{reason="slow"}'] >= 100


def test_connections(start):
    server = start("--max-connections", "8")
    full = [server.connect() for _ in range(8)]
    for s in full:
        s.sendall(GET + b"\r\n")
        assert b"200 OK" in s.recv(1000)
    for _ in range(3):
        answer = server.raw(POST + b"Content-Length: 5\r\n\r\nhello")
        check_refusal(answer, 503)
        assert parse(answer)[1]["Retry-After"] == "1"
    for s in full:
        s.close()
    assert wait_for(lambda: server.get("/v2/health/live").status == 200)
    metrics = server.metrics()
    assert metrics['digitd_connections_refused_total{reason="limit"}'] >= 3
    assert server.logged().count("event=connections-refused") == 1


def test_admin_port_has_connections_of_its_own(start):
    server = start("--max-connections", "1", "--admin-port", "0")
    with server.connect() as s:
        s.sendall(GET + b"\r\n")
        assert b"200 OK" in s.recv(1000)
        assert server.get("/v2/health/live").status == 503
        assert server.get("/v2/health/live", port=server.admin_port).status == 200


@pytest.mark.parametrize("connections", [128, 256])
def test_no_stall(start, connections):
    """libmicrohttpd's own event loop freezes when a multiple of 128 connections is ready at
    once; ours must not."""
    server = start("--threads", "1")
    sockets = [server.connect() for _ in range(connections)]
    poll = select.epoll()
    by_fd = {s.fileno(): s for s in sockets}
    answered = 0
    for s in sockets:
        s.settimeout(0)
        poll.register(s, select.EPOLLIN)
    for _ in range(20):
        for s in sockets:
            s.send(GET + b"\r\n")
        waiting = connections
        while waiting:
            events = poll.poll(5)
            assert events, f"nothing came for 5 seconds after {answered} answers"
            for fd, _ in events:
                if by_fd[fd].recv(65536).endswith(b'{"live":true}'):
                    waiting -= 1
                    answered += 1
    assert answered == 20 * connections
    poll.close()
    for s in sockets:
        s.close()


def test_largest_allowed_request(start):
    """The default limits fit together: 1024 images, in one answer."""
    server = start()
    data = {"instances": [[0] * 784] * 1024}
    answer = server.request("POST", "/v1/models/mnist:predict", json.dumps(data))
    assert answer.status == 200
    assert len(answer.json["predictions"]) == 1024
