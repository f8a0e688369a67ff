"""What other languages and load testers bring along: Node's fetch, ApacheBench."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest
from conftest import ROOT

HERE = Path(__file__).parent
PICTURE = ROOT / "web/page.png"


@pytest.mark.skipif(not shutil.which("node"), reason="node is not installed")
def test_fetch(server, images, labels):
    """At once on kept connections, in chunks, as a form; errors are JSON, HEAD has no body."""
    done = subprocess.run(
        ["node", HERE / "fetch.mjs", server.url, PICTURE],
        input=json.dumps(images[0].ravel().tolist()),
        text=True,
        capture_output=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert said["many"] == [200] * 200
    (row,) = said["row"]["predictions"]
    assert row.index(max(row)) == labels[0]
    assert said["streamed"] == {"status": 200, "answer": said["row"]}
    assert said["form"]["status"] == 200
    assert said["form"]["answer"]["model_name"] == "mnist"
    assert said["refused"]["status"] == 400
    assert "byte 1" in said["refused"]["answer"]["error"]
    assert said["head"] == 200


@pytest.mark.skipif(not shutil.which("ab"), reason="ab is not installed")
@pytest.mark.parametrize("keep", [["-k"], []], ids=["kept", "closed"])
@pytest.mark.parametrize("ask", ["post", "get", "head"])
def test_apache_bench(server, images, tmp_path, ask, keep):
    """HTTP/1.0, also with connections that are kept all the same."""
    body = tmp_path / "body.json"
    body.write_text(json.dumps({"instances": [images[0].ravel().tolist()]}))
    path, *how = {
        "post": ("v1/models/mnist:predict", "-p", body, "-T", "application/json"),
        "get": ("v2/models/mnist",),
        "head": ("v2/health/live", "-i"),
    }[ask]
    done = subprocess.run(
        ["ab", "-q", "-n", "400", "-c", "8", *keep, *how, server.url + path],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    told = dict(line.split(":", 1) for line in done.stdout.splitlines() if ":" in line)
    assert told["Complete requests"].strip() == "400"
    assert told["Failed requests"].strip() == "0"
    assert "Non-2xx responses" not in told
    assert told.get("Keep-Alive requests", "0").strip() == ("400" if keep else "0")
