"""curl, with each situation of the protocols in which servers differ: what this one answers."""

import gzip
import json
import shutil
import subprocess

import pytest
from conftest import ROOT

pytestmark = pytest.mark.skipif(not shutil.which("curl"), reason="curl is not installed")

V1 = "/v1/models/mnist:predict"
V2 = "/v2/models/mnist/infer"
PICTURE = ROOT / "web/page.png"
ROW = [0.0] * 784
TENSOR = {"name": "input", "shape": [1, 1, 28, 28], "datatype": "FP32", "data": ROW}


def curl(server, path, *arguments, stdin=b""):
    """Status, headers in lower case, body."""
    done = subprocess.run(
        ["curl", "-sS", "-i", "--max-time", "20", *arguments, server.url.rstrip("/") + path],
        input=stdin,
        capture_output=True,
    )
    assert done.returncode == 0, done.stderr
    head, _, body = done.stdout.partition(b"\r\n\r\n")
    if head.startswith(b"HTTP/1.1 100"):
        head, _, body = body.partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")
    headers = dict(line.lower().split(": ", 1) for line in lines[1:])
    return int(lines[0].split()[1]), headers, body


def post(server, path, body, *arguments):
    """As curl -d does, with the type of a form."""
    body = body if isinstance(body, bytes) else json.dumps(body).encode()
    return curl(server, path, "--data-binary", "@-", *arguments, stdin=body)


def check_sentence(headers, body):
    assert headers["content-type"] == "application/json"
    assert "content-encoding" not in headers
    found = json.loads(body)
    assert list(found) == ["error"]
    assert found["error"]


@pytest.mark.parametrize("kind", ["", "application/json", "text/plain", "application/octet-stream"])
def test_types_do_not_matter(server, kind):
    for path, body, key in [
        (V1, {"instances": [ROW]}, "predictions"),
        (V1, {"inputs": [ROW]}, "outputs"),
        (V1, {"inputs": {"input": [ROW]}}, "outputs"),
        (V2, {"inputs": [TENSOR]}, "outputs"),
    ]:
        status, headers, answer = post(server, path, body, "-H", f"Content-Type: {kind}")
        assert status == 200
        assert headers["content-type"] == "application/json"
        assert key in json.loads(answer)


def test_upload(server):
    """curl -T is a PUT."""
    status, headers, body = curl(server, V1, "-T", "-", stdin=b"{}")
    assert status == 405
    assert headers["allow"] == "options, post"
    check_sentence(headers, body)


@pytest.mark.parametrize("size", [1, 400])
def test_expect(server, size):
    body = {"instances": [ROW] * size}
    assert post(server, V1, body, "-H", "Expect: 100-continue")[0] == 200
    assert post(server, V1, body, "-H", "Expect:")[0] == 200
    assert post(server, V1, body, "-H", "Transfer-Encoding: chunked")[0] == 200


def test_refused_before_it_is_sent(start):
    server = start("--max-body", "64k")
    body = b"{" + b" " * 100_000
    for arguments in [("-H", "Expect: 100-continue"), (), ("-H", "Transfer-Encoding: chunked")]:
        status, headers, answer = post(server, V1, body, *arguments)
        assert status == 413
        check_sentence(headers, answer)


def test_compressed(server):
    body = gzip.compress(json.dumps({"instances": [ROW] * 50}).encode())
    arguments = ("-H", "Content-Encoding: gzip", "--compressed")
    status, headers, answer = post(server, V1, body, *arguments)
    assert status == 200
    assert headers["content-encoding"] in ("gzip", "deflate")
    assert len(json.loads(answer)["predictions"]) == 50
    status, headers, answer = post(server, V1, body, "-H", "Content-Encoding: br")
    assert (status, headers["accept-encoding"]) == (415, "gzip, deflate")
    check_sentence(headers, answer)


@pytest.mark.parametrize(
    "path",
    [
        *("/", "/v1/models", "/v1/models/mnist", "/v2", "/v2/models/mnist", "/v2/health/live"),
        *(
            "/v2/health/ready",
            "/v2/models/mnist/ready",
            "/metrics",
            "/v2?a=b",
            "/v2/models/%6Dnist",
        ),
    ],
)
def test_head_and_options(server, path):
    get = curl(server, path)
    head = curl(server, path, "--head")
    assert (get[0], head[0], head[2]) == (200, 200, b"")
    assert head[1]["content-type"] == get[1]["content-type"]
    status, headers, body = curl(server, path, "-X", "OPTIONS")
    assert (status, headers["allow"], body) == (200, "get, head, options", b"")


def test_pictures(server):
    """As a form, and as a body."""
    for arguments in [
        ("-F", f"file=@{PICTURE};type=image/png"),
        ("-H", "Content-Type: image/png", "--data-binary", f"@{PICTURE}"),
    ]:
        status, _, answer = curl(server, V1, *arguments)
        assert status == 200
        (one,) = json.loads(answer)["predictions"]
        assert one["seen"].startswith("data:image/png;base64,")


def changed(**fields):
    return {"inputs": [{**TENSOR, **fields}]}


SITUATIONS = {
    "unknown model": ("/v2/models/none/infer", changed(), 404),
    "unknown version": ("/v2/models/mnist/versions/7/infer", changed(), 404),
    "bad JSON": (V2, b'{"inputs":[', 400),
    "no body": (V2, b"", 400),
    "missing field": (V2, {"inputs": [{"name": "input"}]}, 400),
    "negative shape": (V2, changed(shape=[-1, 784]), 400),
    "scalar shape": (V2, changed(shape=-1), 400),
    "count against shape": (V2, changed(data=[0.0] * 783), 400),
    "shape that does not fit": (V2, changed(shape=[1, 28, 27], data=[0.0] * 756), 400),
    "wrong datatype": (V2, changed(datatype="FP128"), 400),
    "element of another type": (V2, changed(data=["x"] * 784), 400),
    "unknown input": (V2, changed(name="other"), 400),
    "unknown output": (V2, {**changed(), "outputs": [{"name": "other"}]}, 400),
    "too many images": (V1, {"instances": [[0] * 784] * 1025}, 413),
    "deep nesting": (V1, b'{"instances":' + b"[" * 200 + b"]" * 200 + b"}", 400),
    "unknown path": ("/v2/none", {}, 404),
    "FP16 in JSON": (V2, changed(datatype="FP16"), 400),
    "neither rows nor columns": (V1, {}, 400),
    "both": (V1, {"instances": [ROW], "inputs": [ROW]}, 400),
    "no rows": (V1, {"instances": []}, 400),
    "ragged rows": (V1, {"instances": [ROW, [0.0] * 10]}, 400),
    "unknown signature": (V1, {"signature_name": "other", "instances": [ROW]}, 400),
}


@pytest.mark.parametrize("name", SITUATIONS)
def test_refusals(server, name):
    path, body, expected = SITUATIONS[name]
    status, headers, answer = post(server, path, body)
    assert status == expected, answer
    check_sentence(headers, answer)


def test_length_of_the_json(server):
    """Inference-Header-Content-Length beyond the body, or no number."""
    for value in ["99999", "-1", "+1", "x", "99999999999999999999999"]:
        arguments = ("-H", f"Inference-Header-Content-Length: {value}")
        status, headers, answer = post(server, V2, changed(), *arguments)
        assert status == 400
        check_sentence(headers, answer)


@pytest.mark.parametrize("verb", ["GET", "PUT", "DELETE", "PATCH"])
def test_wrong_verbs(server, verb):
    status, headers, answer = curl(server, V2, "-X", verb)
    assert (status, headers["allow"]) == (405, "options, post")
    check_sentence(headers, answer)
