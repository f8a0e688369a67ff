"""CloudEvents over V1, as KServe takes and answers them."""

import base64
import json
import re
import uuid

import pytest
from pictures import digit, png

PREDICT = "/v1/models/mnist:predict"
BODY = {"instances": [[0.5] * 784, [0] * 784]}
ATTRIBUTES = {"specversion": "1.0", "id": "36077800", "source": "/kafka/t", "type": "com.digit"}
BINARY = {f"ce-{name}": value for name, value in ATTRIBUTES.items()}
STRUCTURED = {"Content-Type": "application/cloudevents+json; charset=utf-8"}


def post(server, body, headers, path=PREDICT):
    body = body if isinstance(body, bytes) else json.dumps(body).encode()
    return server.request("POST", path, body, headers)


def check_attributes(found):
    assert found["specversion"] == "1.0"
    assert found["source"] == "io.kserve.inference.mnist"
    assert found["type"] == "io.kserve.inference.response"
    assert uuid.UUID(found["id"]).version == 4
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", found["time"])


def attributes_of(answer):
    pairs = ((name.lower(), value) for name, value in answer.headers.items())
    return {name[3:]: value for name, value in pairs if name.startswith("ce-")}


@pytest.mark.parametrize("version", ["1.0", "0.3"])
def test_binary(server, version):
    plain = post(server, BODY, {})
    headers = {**BINARY, "ce-specversion": version, "Content-Type": "application/json"}
    answer = post(server, BODY, headers)
    assert (answer.status, answer.text) == (200, plain.text)
    assert answer.headers["Content-Type"] == "application/json"
    check_attributes(attributes_of(answer))
    assert attributes_of(post(server, BODY, headers))["id"] != attributes_of(answer)["id"]
    assert attributes_of(plain) == {}


@pytest.mark.parametrize("kind", ["application/cloudevents+json", STRUCTURED["Content-Type"], ""])
def test_structured(server, kind):
    """Also as plain JSON, and with keys of its own."""
    event = {"time": "2026-01-02T03:04:05Z", "extension": {"a": []}, **ATTRIBUTES, "data": BODY}
    answer = post(server, event, {"Content-Type": kind})
    assert answer.status == 200
    assert answer.headers["Content-Type"] == "application/cloudevents+json"
    found = json.loads(answer.text)
    assert found.pop("data") == post(server, BODY, {}).json
    assert found.pop("datacontenttype") == "application/json"
    check_attributes(found)
    assert attributes_of(answer) == {}


def test_pictures(server):
    picture = png(digit(7))
    answer = post(server, picture, {**BINARY, "Content-Type": "image/png"})
    assert answer.json["predictions"][0]["digit"] == 7
    check_attributes(attributes_of(answer))
    data = base64.b64encode(picture).decode()
    event = {**ATTRIBUTES, "datacontenttype": "image/png", "data_base64": data}
    for body in [json.dumps(event), json.dumps(event).replace("/", "\\/")]:
        found = json.loads(post(server, body.encode(), STRUCTURED).text)
        assert found["data"]["predictions"][0]["digit"] == 7


@pytest.mark.parametrize("missing", ["id", "source", "type"])
def test_missing_attributes(server, missing):
    for empty in [{}, {missing: ""}]:
        event = {k: v for k, v in ATTRIBUTES.items() if k != missing} | empty
        headers = {f"ce-{name}": value for name, value in event.items()}
        for answer in [
            post(server, {**event, "data": BODY}, STRUCTURED),
            post(server, BODY, headers),
        ]:
            assert answer.status == 400
            assert answer.headers["Content-Type"] == "application/json"
            assert f"no {missing}" in answer.json["error"]


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"specversion": "2.0"}, "1.0 or 0.3"),
        ({"specversion": 1}, "string"),
        ({"data": BODY, "data_base64": ""}, "one of data and data_base64"),
        ({}, "one of data and data_base64"),
        ({"data_base64": "?"}, "not base64"),
        ({"data": {"instances": []}}, "instances"),
        ({"data": 7}, "object"),
    ],
)
def test_refusals(server, change, word):
    answer = post(server, {**ATTRIBUTES, **change}, STRUCTURED)
    assert answer.status == 400
    assert answer.headers["Content-Type"] == "application/json"
    assert list(answer.json) == ["error"]
    assert word in answer.json["error"]


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{", b"null", json.dumps(ATTRIBUTES).encode() + b"x"]
)
def test_nonsense(server, body):
    assert post(server, body, STRUCTURED).status == 400


def test_settings(start):
    server = start("--ce-source", 'a "source"', "--ce-type", "b")
    found = attributes_of(post(server, BODY, BINARY))
    assert (found["source"], found["type"]) == ('a "source"', "b")
    found = json.loads(post(server, {**ATTRIBUTES, "data": BODY}, STRUCTURED).text)
    assert (found["source"], found["type"]) == ('a "source"', "b")


def test_kserves_variables(start):
    server = start(CE_SOURCE="/a", CE_TYPE="b", CE_MERGE="false", DIGITD_CE_TYPE="c")
    found = attributes_of(post(server, BODY, {**BINARY, "ce-subject": "s"}))
    assert (found["source"], found["type"]) == ("/a", "c")
    assert "subject" not in found


def test_merge(start):
    """What the question has beyond what every answer has of its own."""
    server = start(CE_MERGE="True")
    extra = {"subject": 'a "b"', "partitionkey": "7"}
    own = {"time": "1999-01-02T03:04:05Z", "dataschema": "/schema"}
    asked = {**ATTRIBUTES, **own, **extra}
    headers = {f"Ce-{name.title()}": value for name, value in asked.items()}
    found = attributes_of(post(server, BODY, headers))
    check_attributes(found)
    assert found["id"] != ATTRIBUTES["id"]
    assert {k: found[k] for k in extra} == extra
    assert set(found) == {"specversion", "id", "source", "type", "time", *extra}
    extra |= {"sequence": 12, "sampled": True, "na\u00efve": "\u2713"}
    event = {**ATTRIBUTES, **own, "no": {"attribute": 1}, "none": None, **extra, "data": BODY}
    found = json.loads(post(server, event, STRUCTURED).text)
    check_attributes(found)
    assert {k: found[k] for k in extra} == extra
    assert set(found) == {*ATTRIBUTES, "time", "datacontenttype", "data", *extra}
    many = {f"ce-x{i}": "y" for i in range(50)}
    answer = post(server, BODY, {**BINARY, **many})
    assert answer.status == 200
    assert 10 < len(set(attributes_of(answer)) & {f"x{i}" for i in range(50)}) < 50


def test_elsewhere_they_are_headers_like_any_other(server):
    headers = {"ce-specversion": "1.0"}
    assert server.get("/v2", headers=headers).status == 200
    tensor = {"name": "input", "shape": [1, 784], "datatype": "FP32", "data": [0] * 784}
    answer = post(server, {"inputs": [tensor]}, headers, "/v2/models/mnist/infer")
    assert answer.status == 200
    assert attributes_of(answer) == {}
