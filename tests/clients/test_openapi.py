"""The description of the interface: sound, true of real answers, and nothing that it allows
breaks the server."""

import json
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest
import requests
from openapi_spec_validator import OpenAPIV31SpecValidator

RUN_S = 100


@pytest.fixture(scope="module")
def described(repository):
    answer = requests.get(f"{repository.url}openapi.json", timeout=20)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "application/json"
    return answer.json()


def test_sound(described):
    OpenAPIV31SpecValidator(described).validate()
    assert described["openapi"] == "3.1.0"
    for path, methods in described["paths"].items():
        for method, operation in methods.items():
            assert operation["summary"], (method, path)


def row(images):
    return images[0].reshape(784).tolist()


def v1(images):
    return {"instances": [row(images)]}


def v2(images):
    data = {"shape": [1, 784], "datatype": "FP32", "data": row(images)}
    return {"inputs": [{"name": "input", **data}]}


def examples(images):
    return {"examples": [{"input": row(images)}]}


def nothing(images):
    return {}


BODIES = {":predict": v1, ":explain": v1, "/infer": v2, ":classify": examples, ":regress": examples}
BODIES |= {"/index": nothing, "/load": nothing, "/unload": nothing}
NAMES = {
    "model": "mnist",
    "version": "1",
    "label": "stable",
    "file": "app",
    "repository": "r",
    "rest": "status",
}
TYPED = {"strokes": {"strokes": [[[80, 20], [140, 20], [100, 140]]]}}


def check(described, path, method, answer):
    """The status is one of those described, and the body what is said of it."""
    responses = described["paths"][path][method]["responses"]
    status = str(answer.status_code)
    assert status in responses, f"{method} {path} answered {status}, which is not described"
    response = responses[status]
    if "$ref" in response:
        response = described["components"]["responses"][response["$ref"].split("/")[-1]]
    kind = answer.headers.get("Content-Type", "").split(";")[0]
    if not answer.content:
        return
    assert kind in response["content"], f"{method} {path} answered {kind}"
    schema = response["content"][kind].get("schema")
    if schema:
        whole = {**schema, "components": described["components"]}
        jsonschema.Draft202012Validator(whole).validate(answer.json())


@pytest.mark.parametrize("method", ["get", "post"])
def test_answers_are_as_described(repository, described, images, method):
    asked = 0
    for path, methods in described["paths"].items():
        if method not in methods or path.endswith("/unload"):
            continue
        url = repository.url.rstrip("/") + path.format(**NAMES)
        make = next((m for end, m in BODIES.items() if path.endswith(end)), nothing)
        body = json.dumps(make(images)) if method == "post" else None
        answer = requests.request(method, url, data=body, timeout=20)
        check(described, path, method, answer)
        if make is not nothing:
            assert answer.status_code == 200, (path, answer.text)
        asked += 1
    assert asked > 10


def test_refusals_are_as_described(repository, described):
    for path, methods in described["paths"].items():
        for method in methods:
            names = {**NAMES, "model": "none", "version": "9", "label": "none", "file": "none"}
            url = repository.url.rstrip("/") + path.format(**names)
            body = "{" if method == "post" else None
            check(described, path, method, requests.request(method, url, data=body, timeout=20))


def test_pictures_and_strokes_are_as_described(server, described):
    path = "/v1/models/{model}:predict"
    url = f"{server.url}v1/models/mnist:predict"
    picture = (Path(__file__).resolve().parents[2] / "web/page.png").read_bytes()
    kind = {"Content-Type": "image/png"}
    check(described, path, "post", requests.post(url, data=picture, headers=kind, timeout=20))
    answer = requests.post(url, data=json.dumps(TYPED["strokes"]), timeout=20)
    check(described, path, "post", answer)
    assert answer.json()["predictions"][0]["digit"] == 7


def test_page_of_it(server, described):
    answer = requests.get(f"{server.url}docs", timeout=20)
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    for path in described["paths"]:
        assert path.replace("{rest}", "{*}") in answer.text
    assert "http://" not in answer.text
    assert "https://" not in answer.text
    for file in ["style.css", "docs.css", "icon.svg"]:
        assert f'"{file}"' in answer.text
        assert requests.get(server.url + file, timeout=20).status_code == 200


def test_schemathesis(server, described, tmp_path):
    """Bodies that the description allows, and many that it does not: no 5xx, no status that is
    not described, no body that is not what is said. Left out is what would take the
    model away from the rest, and where 501 is the right answer."""
    known = {"model": ["mnist", "none"], "version": ["1", "9", "x"], "file": ["app", "none"]}
    for methods in described["paths"].values():
        for operation in methods.values():
            for parameter in operation["parameters"]:
                if parameter["name"] in known:
                    parameter["schema"]["enum"] = known[parameter["name"]]
    narrowed = tmp_path / "openapi.json"
    narrowed.write_text(json.dumps(described))
    done = subprocess.run(
        [
            *(Path(sys.executable).parent / "schemathesis", "run", narrowed),
            *("--url", server.url, "--max-examples", "6", "--seed", "7", "--phases"),
            *("examples,coverage,fuzzing", "--checks"),
            "not_a_server_error,status_code_conformance,content_type_conformance,"
            "response_schema_conformance",
            *(
                "--exclude-path-regex",
                r"/(un)?load$|(repository|memory)/\{|logging$|/setting$",
                "--suppress-health-check",
            ),
            "all",
        ],
        cwd=tmp_path,  # it keeps what it found
        capture_output=True,
        text=True,
        timeout=RUN_S,
    )
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    assert server.get("/v2/health/live").status == 200
