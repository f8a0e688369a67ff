"""The corpus of JSON texts, each as a value that the server has to skip."""

import json
import re
from http.client import HTTPConnection

import pytest
from digitd import ROOT, ask

CORPUS = ROOT / "tests" / "json" / "corpus.txt"
BEGIN = b'{"instances":[[' + b",".join([b"0"] * 784) + b']],"x":'


def unescape(text):
    one = {r"\\": b"\\", r"\!": b""}
    pieces = re.findall(r"\\x[0-9a-f]{2}|\\.|[^\\]+", text)
    return b"".join(
        one.get(p) if p in one else bytes([int(p[2:], 16)]) if p[0] == "\\" else p.encode()
        for p in pieces
    )


def test_values(server):
    connection = HTTPConnection(server.host, server.port, timeout=20)
    said = 0
    for line in CORPUS.read_text().splitlines():
        if not line or line[0] == "#":
            continue
        kind, text = line[0], line[2:]
        answer = ask(connection, "POST", "/v1/models/mnist:predict", BEGIN + unescape(text) + b"}")
        if kind == "y":
            assert answer.status == 200, line
            continue
        assert answer.status == 400, line
        assert list(answer.json) == ["error"]
        before, _, after = text.partition(r"\!")
        if kind == "n" and after.strip() and "}" not in after and after[0] != ",":
            byte = len(BEGIN) + len(unescape(before))
            assert re.search(rf"\b(byte|at) {byte}\b", answer.json["error"]), (line, answer.text)
            said += 1
    assert said > 200


@pytest.mark.parametrize("body", ["", " ", "[]", "1", '"a"', "null", "true", "[{}]"])
def test_what_is_no_object(server, body):
    answer = server.request("POST", "/v1/models/mnist:predict", body)
    assert answer.status == 400
    assert "expected a JSON object" in answer.json["error"]


def test_keys_that_come_twice(server):
    """Elsewhere the last one wins; where it matters it is refused, as nobody means that."""
    row = json.dumps([[0] * 784])
    twice = f'{{"instances":{row},"instances":{row}}}'
    answer = server.request("POST", "/v1/models/mnist:predict", twice)
    assert (answer.status, answer.json) == (
        400,
        {"error": "the body has the key 'instances' twice"},
    )
    other = f'{{"a":1,"instances":{row},"a":2}}'
    assert server.request("POST", "/v1/models/mnist:predict", other).status == 200
