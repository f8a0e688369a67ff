"""Compressed bodies, both ways."""

import gzip
import json
import zlib

import pytest
from conftest import check_refusal, v2_body

INFER = "/v2/models/mnist/infer"
PREDICT = "/v1/models/mnist:predict"
BODY = v2_body(3).encode()
MIB = 1 << 20


def bare(data):
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(data) + packer.flush()


PACKED = {
    "gzip": ("gzip", gzip.compress(BODY)),
    "another name": ("X-GZip", gzip.compress(BODY)),
    "members": ("gzip", gzip.compress(BODY[:500]) + gzip.compress(BODY[500:])),
    "deflate": ("deflate", zlib.compress(BODY)),
    "bare deflate": ("deflate", bare(BODY)),
    "gzip called deflate": ("deflate", gzip.compress(BODY)),
    "identity": ("identity", BODY),
    "nothing": ("", BODY),
}


@pytest.mark.parametrize("name", PACKED)
def test_request(server, name):
    coding, body = PACKED[name]
    plain = server.request("POST", INFER, BODY)
    answer = server.request("POST", INFER, body, {"Content-Encoding": coding})
    assert answer.status == 200
    assert answer.text == plain.text


def test_request_in_chunks(server):
    body = gzip.compress(BODY)
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(c), c) for c in (body[:99], body[99:], b""))
    answer = server.raw(
        f"POST {INFER} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Encoding: gzip\r\n"
        "Transfer-Encoding: chunked\r\n\r\n".encode()
        + chunks
    )
    assert b"200 OK" in answer


DAMAGED = {
    "cut short": ("gzip", PACKED["gzip"][1][:-1]),
    "cut to almost nothing": ("gzip", PACKED["gzip"][1][:3]),
    "followed by something": ("gzip", PACKED["gzip"][1] + b"x"),
    "wrong checksum": ("gzip", PACKED["gzip"][1][:-8] + b"12345678"),
    "deflate and more": ("deflate", PACKED["deflate"][1] + b"x"),
    "not packed": ("gzip", BODY),
    "not deflated": ("deflate", BODY),
}


@pytest.mark.parametrize("name", DAMAGED)
def test_damaged_request(server, name):
    coding, body = DAMAGED[name]
    answer = server.request("POST", INFER, body, {"Content-Encoding": coding})
    assert answer.status == 400
    assert "compressed body" in answer.json["error"]


@pytest.mark.parametrize("coding", ["br", "zstd", "gzip, gzip", "gzip;q=1", "none"])
def test_unknown_coding(server, coding):
    answer = server.request("POST", INFER, BODY, {"Content-Encoding": coding})
    assert answer.status == 415
    assert answer.headers["Accept-Encoding"] == "gzip, deflate"
    assert coding in answer.json["error"]


def test_packed_without_saying_so(server):
    for path in [INFER, PREDICT]:
        answer = server.request("POST", path, gzip.compress(BODY))
        assert answer.status == 400
        assert "gzip" in answer.json["error"]


BOMB = gzip.compress(b" " * (17 * MIB))


def test_bombs(server, start):
    """Little that becomes much: by its size, or by the ratio."""
    assert len(BOMB) < 100_000
    headers = {"Content-Encoding": "gzip"}
    answer = server.request("POST", INFER, BOMB, headers)
    assert answer.status == 413
    assert "200 times" in answer.json["error"]
    answer = start("--max-ratio", "1100").request("POST", INFER, BOMB, headers)
    assert answer.status == 413
    assert str(16 * MIB) in answer.json["error"]
    blank = json.dumps({"instances": [[0] * 784] * 400}).encode()
    assert len(blank) < MIB
    answer = server.request("POST", PREDICT, gzip.compress(blank), headers)
    assert answer.status == 200


@pytest.mark.slow  # sanitizers keep what was freed
def test_bombs_leave_nothing(server):
    resident = []
    for _ in range(2):
        for _ in range(20):
            server.request("POST", INFER, BOMB, {"Content-Encoding": "gzip"})
        resident.append(server.metrics()["process_resident_memory_bytes"])
    assert resident[1] - resident[0] < 4 * MIB


def test_exactly_the_limit(start):
    small = start("--max-body", "64k")
    body = BODY + b" " * (64 * 1024 - len(BODY))
    headers = {"Content-Encoding": "gzip"}
    assert small.request("POST", INFER, gzip.compress(body), headers).status == 200
    assert small.request("POST", INFER, gzip.compress(body + b" "), headers).status == 413


ACCEPTED = {
    "gzip": "gzip",
    "deflate": "deflate",
    "gzip, deflate": "gzip",
    "deflate, gzip": "deflate",
    "br, zstd, gzip": "gzip",
    "gzip;q=0.5, deflate;q=0.8": "deflate",
    "GZIP ; q=1.0": "gzip",
    "gzip;q=0": None,
    "gzip;q=0, deflate;q=0.001": "deflate",
    "identity, gzip": None,
    "identity;q=0.5, gzip": "gzip",
    "br": None,
    "*": None,
    "": None,
    ",;,gzipp": None,
}
ROWS = json.dumps({"instances": [[i / 50] * 784 for i in range(40)]})


def raw_request(server, method, path, body, headers):
    import http.client

    connection = http.client.HTTPConnection(server.host, server.port, timeout=20)
    connection.putrequest(method, path, skip_accept_encoding=True)
    for name, value in headers.items():
        connection.putheader(name, value)
    connection.putheader("Content-Length", str(len(body)))
    connection.endheaders(body.encode())
    answer = connection.getresponse()
    data = answer.read()
    connection.close()
    return answer, data


@pytest.mark.parametrize("accepted", ACCEPTED)
def test_answer(server, accepted):
    plain, expected = raw_request(server, "POST", PREDICT, ROWS, {})
    assert plain.headers["Content-Encoding"] is None
    answer, data = raw_request(server, "POST", PREDICT, ROWS, {"Accept-Encoding": accepted})
    coding = ACCEPTED[accepted]
    assert answer.headers["Content-Encoding"] == coding
    assert answer.headers["Vary"] == "Accept-Encoding"
    assert answer.headers["Content-Type"] == "application/json"
    unpack = {"gzip": gzip.decompress, "deflate": zlib.decompress, None: bytes}[coding]
    assert unpack(data) == expected
    if coding:
        assert len(data) < 0.7 * len(expected)


def test_what_is_never_packed(server):
    """tritonclient's asyncio side unpacks answers of inference only, and everybody trips over
    a packed error."""
    headers = {"Accept-Encoding": "gzip, deflate"}
    for path in ["/v2", "/v2/models/mnist", "/v2/health/live", "/v1/models/mnist", "/"]:
        answer = server.request("GET", path, headers=headers)
        assert answer.status == 200
        assert answer.headers["Content-Encoding"] is None
    answer = server.request("POST", INFER, b"{" + b" " * 5000, headers)
    assert answer.status == 400
    assert answer.headers["Content-Encoding"] is None
    one = server.request("POST", INFER, v2_body(1), headers)
    assert one.headers["Content-Encoding"] is None
    assert one.headers["Vary"] is None


def test_metrics(server):
    answer, data = raw_request(server, "GET", "/metrics", "", {"Accept-Encoding": "gzip"})
    assert answer.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(data).startswith(b"# HELP ")
    head, nothing = raw_request(server, "HEAD", "/metrics", "", {"Accept-Encoding": "gzip"})
    assert head.headers["Content-Encoding"] == "gzip"
    assert nothing == b""


def test_refusal_before_the_body(server):
    """An unknown coding is refused before a hundred-continue."""
    head = f"POST {INFER} HTTP/1.1\r\nHost: x\r\nContent-Encoding: br\r\n".encode()
    answer = server.raw(head + b"Expect: 100-continue\r\nContent-Length: 100\r\n\r\n")
    assert b"100 Continue" not in answer
    check_refusal(answer, 415)
