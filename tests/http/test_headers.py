"""What the headers of requests and answers do: tracing, timing, CORS, prefixes, the root."""

import re
import subprocess
from urllib.parse import urljoin

import pytest
from conftest import check_statuses, parse, v2_body, wait_for
from digitd import PROGRAM

INFER = "/v2/models/mnist/infer"
PREDICT = "/v1/models/mnist:predict"


@pytest.mark.parametrize("path", ["/v2", INFER, PREDICT, "/", "/metrics"])
def test_options(server, path):
    answer = server.request("OPTIONS", path)
    assert answer.status == 200
    assert "OPTIONS" in answer.headers["Allow"]
    assert ("POST" in answer.headers["Allow"]) == (path in (INFER, PREDICT))
    assert answer.headers["Content-Length"] == "0"
    assert answer.text == ""
    assert not any(name.startswith("Access-Control") for name in answer.headers)


def test_options_elsewhere(server):
    assert server.request("OPTIONS", "/none").status == 404
    assert server.request("OPTIONS", "/v2", "body").status == 413
    answer = server.raw(b"OPTIONS * HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    assert parse(answer)[0] == 200


PREFLIGHT = {
    "Origin": "https://draw.example",
    "Access-Control-Request-Method": "POST",
    "Access-Control-Request-Headers": "content-type",
}


def cors(answer):
    return answer.headers["Access-Control-Allow-Origin"]


def test_cors_is_off(server):
    assert cors(server.request("OPTIONS", INFER, headers=PREFLIGHT)) is None
    assert cors(server.request("POST", INFER, v2_body(), PREFLIGHT)) is None


@pytest.mark.parametrize(
    ("setting", "allowed"),
    [
        ("*", "*"),
        ("https://draw.example", "https://draw.example"),
        ("http://a, https://draw.example", "https://draw.example"),
        ("https://draw.example.org,https://draw", None),
    ],
)
def test_cors(start, setting, allowed):
    server = start("--cors-origins", setting)
    preflight = server.request("OPTIONS", INFER, headers=PREFLIGHT)
    assert preflight.status == 200
    assert cors(preflight) == allowed
    if allowed:
        assert "POST" in preflight.headers["Access-Control-Allow-Methods"]
        assert "Content-Type" in preflight.headers["Access-Control-Allow-Headers"]
    answers = [
        server.request("POST", INFER, v2_body(), PREFLIGHT),
        server.request("POST", INFER, "{", PREFLIGHT),
        server.get("/v2", headers=PREFLIGHT),
        server.get("/none", headers=PREFLIGHT),
    ]
    assert [a.status for a in answers] == [200, 400, 200, 404]
    for answer in answers:
        assert cors(answer) == allowed
        assert answer.headers["Vary"] == (None if setting == "*" else "Origin")
        assert answer.headers["Access-Control-Allow-Methods"] is None
    assert cors(server.get("/v2")) is None


def test_timing(server):
    number = r"\d+\.\d{3}"
    answer = server.request("POST", INFER, v2_body())
    found = re.fullmatch(
        rf"parse;dur={number}, predict;dur=({number}), encode;dur={number}",
        answer.headers["Server-Timing"],
    )
    assert 0.001 < float(found[1]) < 10_000
    for other in [server.request("POST", INFER, "{"), server.get("/v2")]:
        assert other.headers["Server-Timing"] is None


TRACE = "0af7651916cd43dd8448eb211c80319c"
GOOD = f"00-{TRACE}-b7ad6b7169203331-01"


def test_trace_in_the_log(start):
    server = start("--access-log")
    parents = {
        "sound": GOOD,
        "later": f"cc-{TRACE}-b7ad6b7169203331-01-more",
        "upper": GOOD.upper(),
        "zero": f"00-{'0' * 32}-b7ad6b7169203331-01",
        "version": "ff" + GOOD[2:],
        "long": GOOD + "-more",
        "short": GOOD[:-1],
        "none": None,
    }
    for name, parent in parents.items():
        headers = {"x-request-id": name}
        if parent:
            headers["traceparent"] = parent
        answer = server.get("/v2", headers=headers)
        assert answer.headers["traceparent"] is None
        assert answer.headers["x-request-id"] == name
    assert wait_for(lambda: "id=none" in server.logged())
    for line in server.logged().splitlines():
        if found := re.search(r"id=(\w+)", line):
            assert (f"trace={TRACE}" in line) == (found[1] in ("sound", "later")), line


def test_request_id_is_made_if_it_is_logged(start, server):
    assert server.get("/v2").headers["x-request-id"] is None
    logging = start("--access-log")
    made = {
        logging.get("/v2", headers=h).headers["x-request-id"] for h in [{}, {"x-request-id": "a b"}]
    }
    assert len(made) == 2
    for one in made:
        assert re.fullmatch(
            r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", one
        )
        assert wait_for(lambda one=one: f"id={one}" in logging.logged())


@pytest.mark.parametrize("setting", ["/serving/team/digits", "/serving/team/digits/"])
def test_path_prefix(start, setting):
    server = start("--path-prefix", setting)
    prefix = "/serving/team/digits"
    for path in [prefix, "/serving%2Fteam/digits", ""]:
        assert server.get(f"{path}/v2/health/live").status == 200
        assert server.request("POST", f"{path}{INFER}?a=b", v2_body()).status == 200
        assert server.request("POST", f"{path}/v1/models/mnist%3Apredict", "{").status == 400
    assert server.get(prefix).json == {"status": "alive"}
    assert server.get(prefix + "/").json == {"status": "alive"}
    for path in [prefix + "x/v2", "/serving/v2", prefix + prefix + "/v2"]:
        assert server.get(path).status == 404


@pytest.mark.parametrize("prefix", ["/digits", "/digits/", "/team/v1:digits"])
def test_browsers_are_sent_to_the_slash(start, prefix):
    """By a relative link, since a proxy may have its own idea of host and scheme."""
    server = start("--path-prefix", prefix)
    url = f"https://proxy{prefix.rstrip('/')}"
    html = {"Accept": "text/html,*/*;q=0.8"}
    for method in ["GET", "HEAD"]:
        path = f"{prefix.rstrip('/')}?a=b"
        status, headers, body = server.exchange(method, path, headers=html)
        assert (status, body) == (308, b"")
        assert not headers["Location"].startswith("/")
        assert urljoin(url, headers["Location"]) == url + "/"
    for path in ["/", f"{prefix.rstrip('/')}/"]:
        assert server.get(path, headers=html).status == 200
    check_statuses(server)


@pytest.mark.parametrize("setting", ["serving", "/a b", "/a?b", "/a%20b"])
def test_bad_path_prefix(setting):
    done = subprocess.run(
        [PROGRAM, "serve", "--port", "0", "--path-prefix", setting], capture_output=True, text=True
    )
    assert done.returncode == 2
    assert f"'{setting}'" in done.stderr


def test_root(server):
    """KServe's V1 liveness, and the page for who can show it."""
    assert server.get("/").json == {"status": "alive"}
    assert server.get("/", headers={"Accept": "*/*"}).json == {"status": "alive"}
    page = server.get("/", headers={"Accept": "text/html,*/*;q=0.8"})
    assert page.headers["Content-Type"].startswith("text/html")
    assert page.headers["Vary"] == "Accept"


def test_two_content_types(server):
    """Some client sends its own beside the caller's."""
    body = v2_body().encode()
    head = f"POST {INFER} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
    types = "Content-Type: application/octet-stream\r\nContent-Type: application/json\r\n"
    answer = server.raw(f"{head}{types}Content-Length: {len(body)}\r\n\r\n".encode() + body)
    assert parse(answer)[0] == 200
