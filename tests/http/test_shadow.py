"""A candidate answers along, and nobody but the metrics gets to know."""

import json
import subprocess
import time

import pytest
from conftest import v2_body, wait_for
from digitd import PROGRAM
from models import always, put
from test_repository import QUICK, answer

PATIENCE = 60  # its thread gets what others leave of the processors
RULE = 'model="mnist",candidate="{}"'


def value(server, name, candidate="2", more=""):
    return server.metrics()[f"digitd_shadow_{name}{{{RULE.format(candidate)}{more}}}"]


@pytest.fixture
def repository(tmp_path):
    root = tmp_path / "models"
    put(root, 1, always(1))
    put(root, 2, always(2))
    put(root, 3, always(1, "as the first"))
    return root


@pytest.fixture
def serve(start, repository):
    def one(shadow):
        flags = ["--label", "mnist:default=1,mnist:canary=3", "--shadow", shadow]
        return start("--model-repository", str(repository), *QUICK, *flags)

    return one


def test_every_request(serve):
    server = serve("mnist@2=100%,mnist@canary=100%")
    for _ in range(30):
        assert answer(server) == ("1", 1)
    server.request("POST", "/v1/models/mnist:predict", json.dumps({"instances": [[0] * 784] * 3}))
    assert wait_for(
        lambda: value(server, "images_total", "canary", ',digits="same"') == 33, PATIENCE
    )
    assert wait_for(lambda: value(server, "images_total", "2", ',digits="other"') == 33, PATIENCE)
    assert value(server, "images_total", "2", ',digits="same"') == 0
    assert value(server, "difference_max", "canary") == 0
    sure = value(server, "difference_max")
    assert 0.99 < sure < 1
    assert abs(value(server, "difference_total") - 33 * sure) < 1e-3
    assert value(server, "duration_seconds_count") == 33
    answers = server.metrics()['digitd_model_answers_total{version="2",model="mnist"}']
    assert answers == 0  # clients have got none


def test_a_sample(serve):
    server = serve("mnist@2=20%")
    for _ in range(200):
        server.request("POST", "/v2/models/mnist/infer", v2_body())
    assert wait_for(lambda: value(server, "images_total", more=',digits="other"') > 15, PATIENCE)
    time.sleep(0.2)
    assert value(server, "images_total", more=',digits="other"') < 75


def test_what_is_not_compared(serve):
    server = serve("mnist@1=100%,mnist@9=100%,other@1=100%")
    assert answer(server) == ("1", 1)
    assert wait_for(lambda: value(server, "skipped_total", "1", ',reason="itself"') == 1, PATIENCE)
    assert value(server, "skipped_total", "9", ',reason="unavailable"') == 1
    assert answer(server, "/v2/models/mnist/versions/2/infer") == ("2", 2)
    assert wait_for(lambda: value(server, "images_total", "1", ',digits="other"') == 1, PATIENCE)


def test_candidate_comes_and_goes(serve, repository):
    server = serve("mnist@4=100%")
    assert answer(server) == ("1", 1)
    assert wait_for(
        lambda: value(server, "skipped_total", "4", ',reason="unavailable"') == 1, PATIENCE
    )
    put(repository, 4, always(4))
    assert wait_for(lambda: server.get("/v2/models/mnist/versions/4/ready").status == 200)
    assert answer(server) == ("1", 1)
    assert wait_for(lambda: value(server, "images_total", "4", ',digits="other"') == 1, PATIENCE)


def test_many_images(serve):
    """Of a large request a part will do."""
    server = serve("mnist@2=100%")
    for _ in range(40):
        server.request("POST", "/v2/models/mnist/infer", v2_body(17))
    dropped = server.metrics()["digitd_shadow_dropped_total"]
    assert wait_for(
        lambda: value(server, "images_total", more=',digits="other"') == 40 * 16 - dropped,
        PATIENCE,
    )
    assert dropped < 40 * 16


def test_metrics_are_sound(serve, promtool):
    text = serve("mnist@2=1%").get("/metrics").text
    done = subprocess.run(
        [promtool, "check", "metrics"], input=text, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    "rule", ["mnist", "mnist@2", "mnist@2=10", "mnist@2=0%", "mnist@2=101%", "a/b@2=1%", "@0=1%"]
)
def test_wrong_usage(rule):
    done = subprocess.run(
        [PROGRAM, "serve", "--port", "0", "--shadow", rule],
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert "--shadow" in done.stderr
