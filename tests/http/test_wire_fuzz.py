"""Requests that are damaged at random, seeded: whatever comes is answered or hung up on, and the
server is there for the next."""

import os
import random
import socket

import pytest
from conftest import parse, v2_body, wait_for
from digitd import read_all

ROUNDS = int(os.environ.get("DIGITD_WIRE_FUZZ", "400"))
BODY = v2_body().encode()
INFER = b"POST /v2/models/mnist/infer"
WHOLE = [
    b"GET /v2?a=1&number=true HTTP/1.1\r\nHost: x\r\nCookie: a=b; c=d\r\n\r\n",
    b"HEAD /metrics HTTP/1.1\r\nHost: x\r\nAccept-Encoding: gzip;q=0.5, *;q=0\r\n\r\n",
    b"OPTIONS * HTTP/1.1\r\nHost: x\r\nOrigin: http://a\r\n\r\n",
    INFER + b" HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(BODY) + BODY,
    INFER + b"?x HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n{}",
    INFER
    + b" HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nTrailer: a\r\n\r\n"
    + b"%x;a=b\r\n%b\r\n0\r\nA: b\r\n\r\n" % (len(BODY), BODY),
]
JUNK = [
    *(b"\r\n", b"\r\n\r\n", b"\n", b"\r", b"\0", b":", b" ", b"?", b"%00", b"\xff", b"0\r\n\r\n"),
    *(b"Content-Length: 5\r\n", b"Transfer-Encoding: chunked\r\n", b"Connection: close\r\n"),
    *(b"Expect: 100-continue\r\n", b"HTTP/1.0", b"ffffffff\r\n", b"a" * 3000, b"&" * 2000),
    *(b"a:\r\n" * 150, b"?" + b"a&" * 1500, b"Cookie: " + b"a=b;" * 800 + b"\r\n", b" b\r\n" * 500),
]


def damaged(rng):
    request = bytearray(rng.choice(WHOLE))
    for _ in range(rng.choice([1, 1, 2, 4])):
        at = rng.randrange(min(len(request), rng.choice([60, 200, 100_000])))
        how = rng.randrange(5)
        if how < 2:
            request[at:at] = rng.choice(JUNK)
        elif how == 2:
            request[at] = rng.randrange(256)
        elif how == 3:
            del request[at : at + rng.randrange(1, 20)]
        else:
            request[at:at] = request[-rng.randrange(1, 100) :]
        request = request or bytearray(b"x")
    return bytes(request)


def test_who_hangs_up_with_the_request(server):
    """Is answered, and then not waited for: where its end came with the last byte, too."""
    for _ in range(500):
        with server.connect() as s:
            s.sendall(WHOLE[0])
            s.shutdown(socket.SHUT_WR)
            assert parse(read_all(s))[0] == 200


@pytest.mark.parametrize("limit", ["4k", "64k"])
def test_damaged_requests(start, limit):
    server = start("--max-header", limit, "--read-timeout", "500ms", "--threads", "1")
    rng = random.Random(limit)
    for _ in range(ROUNDS):
        request = b"".join(damaged(rng) for _ in range(rng.choice([1, 1, 3])))
        with server.connect() as s:
            try:
                s.sendall(request)
                s.shutdown(socket.SHUT_WR)
            except OSError:
                pass  # it has hung up already
            answer = read_all(s)
        assert answer.startswith((b"HTTP/1.1 ", b"<reset>")) or not answer, request
    assert wait_for(lambda: server.metrics()["digitd_connections"] == 1)
