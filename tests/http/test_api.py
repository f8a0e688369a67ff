"""Every route: bodies, codes, methods, headers."""

import json
import re
import socket

import pytest
from conftest import check_refusal, parse, v2_body
from digitd import ROOT, ask

V1 = "/v1/models/mnist"
V2 = "/v2/models/mnist"


def test_live(server):
    answer = server.get("/v2/health/live")
    assert (answer.status, answer.text) == (200, '{"live":true}')
    assert answer.headers["Content-Type"] == "application/json"


def test_ready(server):
    answer = server.get("/v2/health/ready")
    assert (answer.status, answer.text) == (200, '{"ready":true}')


@pytest.mark.parametrize("path", ["/v2", "/v2/"])
def test_server(server, path):
    answer = server.get(path)
    assert answer.status == 200
    assert sorted(answer.json) == ["extensions", "name", "version"]
    assert answer.json["name"] == "digitd"


@pytest.mark.parametrize("path", [V2, f"{V2}/versions/1"])
def test_model_metadata(server, path):
    model = server.get(path).json
    assert model["name"] == "mnist"
    assert model["versions"] == ["1"]
    assert [t["datatype"] for t in model["inputs"]] == ["FP32"]
    assert model["inputs"][0]["shape"][0] == -1
    assert [(t["name"], t["datatype"], t["shape"]) for t in model["outputs"]] == [
        ("probabilities", "FP32", [-1, 10]),
        ("logits", "FP32", [-1, 10]),
        ("digit", "INT64", [-1]),
        ("confidence", "FP32", [-1]),
        ("verdict", "BYTES", [-1]),
        ("seen", "BYTES", [-1]),
    ]


@pytest.mark.parametrize("path", [f"{V2}/ready", f"{V2}/versions/1/ready"])
def test_model_ready(server, path):
    assert server.get(path).json == {"name": "mnist", "ready": True}


def test_models(server):
    assert server.get("/v1/models").json == {"models": ["mnist"]}


@pytest.mark.parametrize("path", [V1, f"{V1}/versions/1"])
def test_model_status(server, path):
    assert server.get(path).json == {
        "name": "mnist",
        "ready": True,
        "model_version_status": [
            {
                "version": "1",
                "state": "AVAILABLE",
                "status": {"error_code": "OK", "error_message": ""},
            }
        ],
    }


@pytest.mark.parametrize("path", [f"{V2}/infer", f"{V2}/versions/1/infer"])
def test_infer(server, path):
    answer = server.request("POST", path, v2_body(2))
    assert answer.status == 200
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.json["model_name"] == "mnist"
    assert answer.json["model_version"] == "1"
    outputs = {t["name"]: t for t in answer.json["outputs"]}
    assert outputs["probabilities"]["shape"] == [2, 10]
    assert sum(outputs["probabilities"]["data"]) == pytest.approx(2, abs=1e-5)


@pytest.mark.parametrize("path", [f"{V1}:predict", f"{V1}/versions/1:predict", f"{V1}%3Apredict"])
def test_predict(server, path):
    body = json.dumps({"instances": [[0.0] * 784]})
    answer = server.request("POST", path, body)
    assert answer.status == 200
    assert len(answer.json["predictions"]) == 1


def test_content_type_picks_the_row(server):
    answer = server.request("POST", f"{V1}:predict", b"not a PNG", {"Content-Type": "image/png"})
    assert answer.status == 400
    assert "PNG" in answer.json["error"]
    answer = server.request("POST", f"{V1}:predict", b"not a PNG", {"Content-Type": "text/plain"})
    assert answer.status == 400
    assert "PNG" not in answer.json["error"]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v2/models/none"),
        ("GET", "/v2/models/none/ready"),
        ("GET", "/v1/models/none"),
        ("GET", f"{V2}/versions/2"),
        ("GET", f"{V1}/versions/2"),
        ("POST", "/v2/models/none/infer"),
        ("POST", f"{V2}/versions/2/infer"),
        ("POST", "/v1/models/none:predict"),
        ("GET", "/none"),
        ("POST", "/none"),
        ("GET", "/none.js"),
        ("GET", f"{V2}/"),
        ("GET", "/v2/models//ready"),
        ("GET", "/v2/models/a%2Fb"),
        ("GET", f"/v2/models/{'x' * 200}"),
    ],
)
def test_not_found(server, method, path):
    answer = server.request(method, path, "{}" if method == "POST" else None)
    assert answer.status == 404
    assert answer.headers["Content-Type"] == "application/json"
    assert list(answer.json) == ["error"]


def test_not_found_says_what_there_is(server):
    assert "mnist" in server.get("/v2/models/none").json["error"]
    assert "version 1" in server.get(f"{V2}/versions/2").json["error"]
    assert "'/none'" in server.get("/none").json["error"]


@pytest.mark.parametrize("version", ["0", "x", "-1", "1.0"])
def test_bad_version(server, version):
    assert server.get(f"{V2}/versions/{version}").status == 400


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        ("POST", "/v2/health/live", "GET, HEAD, OPTIONS"),
        ("DELETE", "/", "GET, HEAD, OPTIONS"),
        ("GET", f"{V2}/infer", "OPTIONS, POST"),
        ("HEAD", f"{V1}:predict", "OPTIONS, POST"),
        ("PUT", f"{V1}", "GET, HEAD, OPTIONS"),
    ],
)
def test_wrong_method(server, method, path, allow):
    answer = server.request(method, path)
    assert answer.status == 405
    assert answer.headers["Allow"] == allow
    assert answer.headers["Content-Type"] == "application/json"
    if method != "HEAD":
        assert f"'{method}'" in answer.json["error"]
        assert allow in answer.json["error"]


@pytest.mark.parametrize("path", ["/", "/v2", "/v2/health/live", "/metrics", V2])
def test_head(server, path):
    get, head = server.get(path), server.request("HEAD", path)
    assert head.status == get.status == 200
    assert head.text == ""
    assert head.headers["Content-Type"] == get.headers["Content-Type"]
    if path != "/metrics":
        assert head.headers["Content-Length"] == get.headers["Content-Length"]


@pytest.mark.parametrize("path", ["/v2?x=1", "/v2/health/live?probe=%20&&", f"{V2}?"])
def test_query_is_ignored(server, path):
    assert server.get(path).status == 200


def test_percent_encoded_path(server):
    assert server.get("/v2/models/%6dnist").json["name"] == "mnist"


def test_zero_byte_in_path(server):
    """Decoded, it would cut the path short."""
    assert server.get("/v2%00/none").status == 400
    assert server.get("/v2?x=%00").status == 200


def test_absolute_form(server):
    """What a client sends to a proxy; RFC 9112 wants servers to take it."""
    answer = server.raw(
        b"GET http://digits.example/v2/health/live HTTP/1.1\r\nHost: digits.example\r\n"
        b"Connection: close\r\n\r\n"
    )
    assert parse(answer)[0] == 200


def test_empty_post_is_no_protocol_error(server):
    """No Content-Length and no chunks: an empty body, not 411."""
    answer = server.raw(
        f"POST {V2}/infer HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode()
    )
    check_refusal(answer, 400)


def test_chunked(server):
    body = v2_body().encode()
    half = len(body) // 2
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(c), c) for c in (body[:half], body[half:], b""))
    answer = server.raw(
        f"POST {V2}/infer HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
        "Transfer-Encoding: chunked\r\n\r\n".encode()
        + chunks
    )
    assert parse(answer)[0] == 200


def test_body_in_pieces(server):
    body = v2_body().encode()
    head = f"POST {V2}/infer HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
    whole = f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body
    pieces = [whole[i : i + 1500] for i in range(0, len(whole), 1500)]
    assert parse(server.raw(*pieces, pause=0.005))[0] == 200


def test_expect_continue(server):
    body = v2_body().encode()
    with server.connect() as s:
        s.sendall(
            f"POST {V2}/infer HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
            f"Expect: 100-continue\r\nContent-Length: {len(body)}\r\n\r\n".encode()
        )
        s.settimeout(0.9)  # curl would wait a second, and send the body anyway
        assert s.recv(100).startswith(b"HTTP/1.1 100 Continue\r\n")
        s.settimeout(20)
        s.sendall(body)
        assert b"200 OK" in s.recv(100)


def test_keep_alive(server):
    import http.client

    connection = http.client.HTTPConnection(server.host, server.port, timeout=20)
    connection.connect()
    connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    first = connection.sock
    for _ in range(50):
        assert ask(connection, "GET", "/v2/health/live").status == 200
        assert ask(connection, "POST", f"{V2}/infer", v2_body()).status == 200
        assert ask(connection, "GET", "/none").status == 404
    assert connection.sock is first
    connection.close()


def test_pipelined(server):
    one = b"GET /v2/health/live HTTP/1.1\r\nHost: x\r\n\r\n"
    last = b"GET /v2 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    answer = server.raw(one * 20 + last)
    assert answer.count(b'{"live":true}') == 20
    assert b'{"name":"digitd",' in answer.rpartition(b"\r\n\r\n")[2]


def test_http_1_0(server):
    answer = server.raw(b"GET /v2/health/live HTTP/1.0\r\n\r\n")
    assert parse(answer)[0] == 200


def test_request_id(server):
    answer = server.get("/v2", headers={"x-request-id": "a-1/B"})
    assert answer.headers["x-request-id"] == "a-1/B"
    for bad in ["x" * 129, "a b", "é"]:
        headers = {"x-request-id": bad.encode()}
        assert "x-request-id" not in server.get("/v2", headers=headers).headers


def test_page(server):
    page = server.get("/", headers={"Accept": "text/html"})
    assert page.status == 200
    assert page.headers["Content-Type"].startswith("text/html")
    for name in re.findall(r'(?:src|href)="\./?([\w.]+\.(?:js|css|svg))"', page.text):
        assert server.get("/" + name).status == 200


def test_admin_port(server):
    """Health, metrics and metadata, but neither predictions nor the page."""
    port = server.admin_port
    for path in ["/v2/health/live", "/v2/health/ready", "/metrics", "/v2", V2, V1]:
        assert server.get(path, port=port).status == 200
    assert server.get("/", port=port).status == 404
    assert server.request("POST", f"{V2}/infer", v2_body(), port=port).status == 404


def test_model_name_and_env(start):
    one = start(DIGITD_MODEL_NAME="digits", DIGITD_PORT="tcp://10.0.0.1:80")
    assert one.get("/v1/models").json == {"models": ["digits"]}
    assert one.request("POST", "/v2/models/digits/infer", v2_body()).status == 200


def test_repository(start, tmp_path):
    model = (ROOT / "model/zoo/mnist/1/model.onnx").read_bytes()
    for folder in ["b/10", "b/9", "a/1"]:
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "model.onnx").write_bytes(model)
    one = start("--model-repository", str(tmp_path))
    assert one.get("/v1/models").json == {"models": ["a", "b"]}
    assert one.get("/v2/models/b").json["versions"] == ["9", "10"]
    assert one.get("/v2/models/b/versions/9").json["versions"] == ["9"]
    newest = one.request("POST", "/v2/models/b/infer", v2_body()).json
    assert newest["model_version"] == "10"
    third = one.get("/v2/models/b/versions/3")
    assert third.status == 404
    assert "the newest is 10" in third.json["error"]
