"""Triton's perf_analyzer: it runs, without one failure, in each of its ways of asking."""

import csv
import json
import subprocess
import sys
from pathlib import Path

import pytest

FOLDER = Path(sys.prefix) / "perf_analyzer"
WINDOW_MS = 200
INFER = 'digitd_requests_total{method="POST",route="/v2/models/{model}/infer",protocol="v2"'

pytestmark = pytest.mark.skipif(not FOLDER.exists(), reason="perf_analyzer is for x86-64")


def measure(server, *arguments):
    return subprocess.run(
        [FOLDER / "perf_analyzer", "-m", "mnist", "-u", f"{server.host}:{server.port}"]
        # However much the results differ: this is no benchmark.
        + ["-p", str(WINDOW_MS), "-r", "3", "-s", "999", *arguments],
        env={"LD_LIBRARY_PATH": str(FOLDER)},
        capture_output=True,
        text=True,
        timeout=60,
    )


@pytest.fixture(scope="module")
def drawing(tmp_path_factory, images):
    """What to send, as the file of --input-data."""
    path = tmp_path_factory.mktemp("perf") / "input.json"
    content = {"content": images[0].ravel().tolist(), "shape": [1, 28, 28]}
    path.write_text(json.dumps({"data": [{"input": content}]}))
    return path


AT_ONCE = ("--async", "--concurrency-range", "4")
BY_THE_CLOCK = ("--request-rate-range", "100")


@pytest.mark.parametrize(
    ("batch", "form", "ways"),
    [
        (1, "binary", ()),
        (8, "binary", ()),
        (1, "json", ()),
        (8, "json", ()),
        (1, "json", AT_ONCE),
        (8, "binary", AT_ONCE),
        (1, "binary", BY_THE_CLOCK),
    ],
)
def test_nothing_fails(server, drawing, tmp_path, batch, form, ways):
    before = server.metrics()
    done = measure(
        *(server, "-b", str(batch), "--input-data", str(drawing), "-f", str(tmp_path / "csv")),
        *("--input-tensor-format", form, "--output-tensor-format", form, *ways),
    )
    assert done.returncode == 0, done.stdout + done.stderr
    (row,) = csv.DictReader((tmp_path / "csv").open())
    assert float(row["Inferences/Second"]) > 0
    assert float(row["Server Compute Infer"]) > 0
    grown = {k: v - before.get(k, 0) for k, v in server.metrics().items() if k.startswith(INFER)}
    assert grown.pop(INFER + ',code="200"}') > 10
    assert not any(grown.values()), grown


def test_shape(server):
    done = measure(server, "--shape", "input:1,28,28", "-z")
    assert done.returncode == 0, done.stdout + done.stderr


def test_random_bytes_are_refused(server):
    """Left to itself it fills tensors of floats with bytes that are no numbers."""
    done = measure(server)
    assert done.returncode != 0
    assert "values must be finite" in done.stdout + done.stderr
