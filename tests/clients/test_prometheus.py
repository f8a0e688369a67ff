"""A real Prometheus, scraping for ten seconds."""

import shutil
import socket
import subprocess
import time

import pytest
import requests
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_open
from prometheus_client.parser import text_string_to_metric_families as parse_text

SCRAPES_S = 10


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


@pytest.fixture(scope="module")
def prometheus(server, tmp_path_factory):
    """Its base URL, after the scrapes."""
    if not shutil.which("prometheus"):
        pytest.skip("prometheus is not installed (Debian package prometheus)")
    folder = tmp_path_factory.mktemp("prometheus")
    port = free_port()
    target = f"{server.host}:{server.port}"
    (folder / "prometheus.yml").write_text(
        "global: {scrape_interval: 1s, scrape_timeout: 1s}\n"
        f"scrape_configs: [{{job_name: digitd, static_configs: [{{targets: ['{target}']}}]}}]\n"
    )
    with open(folder / "log", "w") as log:
        process = subprocess.Popen(
            [
                "prometheus",
                f"--config.file={folder}/prometheus.yml",
                f"--storage.tsdb.path={folder}/data",
                f"--web.listen-address=127.0.0.1:{port}",
            ],
            stdout=log,
            stderr=log,
        )
    end = time.monotonic() + SCRAPES_S
    body = '{"instances":[' + "[" + "0," * 783 + "0.5]]}"
    while time.monotonic() < end:
        requests.post(f"{server.url}v1/models/mnist:predict", data=body, timeout=20)
        time.sleep(0.05)
    yield f"http://127.0.0.1:{port}"
    process.terminate()
    process.wait()


def query(prometheus, text):
    answer = requests.get(f"{prometheus}/api/v1/query", params={"query": text}, timeout=20)
    return {
        tuple(sorted(row["metric"].items())): float(row["value"][1])
        for row in answer.json()["data"]["result"]
    }


def test_target_is_up(prometheus):
    target = requests.get(f"{prometheus}/api/v1/targets", timeout=20).json()
    (active,) = target["data"]["activeTargets"]
    assert active["lastError"] == ""
    assert active["health"] == "up"
    (scrapes,) = query(prometheus, "count_over_time(up[1m])").values()
    assert scrapes >= SCRAPES_S / 4
    assert list(query(prometheus, "min_over_time(up[1m])").values()) == [1]


def test_counts_grow(prometheus):
    grown = query(prometheus, 'increase(digitd_requests_total{code="200",protocol="v1"}[1m])')
    assert max(grown.values()) > 10
    (quantile,) = query(
        prometheus,
        "histogram_quantile(0.5, sum by (le) "
        '(rate(digitd_stage_duration_seconds_bucket{stage="predict"}[1m])))',
    ).values()
    assert 0 < quantile < 1
    assert query(prometheus, "rate(process_cpu_seconds_total[1m])")


def test_types_are_known(prometheus):
    known = requests.get(f"{prometheus}/api/v1/metadata", timeout=20).json()["data"]
    assert known["digitd_request_duration_seconds"][0]["type"] == "histogram"
    counter = known.get("digitd_requests") or known["digitd_requests_total"]
    assert counter[0]["type"] == "counter"
    assert known["digitd_model_info"][0]["type"] in ("gauge", "info")


TEXT = "text/plain; version=0.0.4; charset=utf-8"
OPEN = "application/openmetrics-text; version=1.0.0; charset=utf-8"


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        ("", TEXT),
        ("*/*", TEXT),
        ("text/plain", TEXT),
        ("application/openmetrics-text;version=1.0.0", OPEN),
        ("application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5", OPEN),
        ("application/openmetrics-text;q=0.4,text/plain;version=0.0.4;q=0.5", TEXT),
        ("application/openmetrics-text;q=0,*/*", TEXT),
        ("text/html, application/openmetrics-text; q=0.3", OPEN),
    ],
)
def test_negotiation(server, accept, expected):
    answer = requests.get(f"{server.url}metrics", headers={"Accept": accept}, timeout=20)
    assert answer.headers["Content-Type"] == expected
    assert "Accept" in answer.headers["Vary"].split(", ")
    parse = parse_open if expected == OPEN else parse_text
    families = {family.name: family for family in parse(answer.text)}
    assert families["digitd_requests"].type == "counter"
    assert families["digitd_stage_duration_seconds"].type == "histogram"
    assert all(family.documentation for family in families.values())


def test_both_forms_say_the_same(server):
    def samples(accept, parse):
        text = requests.get(f"{server.url}metrics", headers={"Accept": accept}, timeout=20).text
        return {
            (sample.name, *sorted((k, v.removesuffix(".0")) for k, v in sample.labels.items()))
            for family in parse(text)
            for sample in family.samples
        }

    assert samples("text/plain", parse_text) == samples(OPEN, parse_open)


def test_names_of_others(start):
    """Prometheus asks for OpenMetrics first, where a counter would have to be called otherwise."""
    server = start("--metrics-aliases")
    for accept, parse in [(OPEN, parse_open), ("text/plain", parse_text)]:
        answer = requests.get(f"{server.url}metrics", headers={"Accept": accept}, timeout=20)
        assert "request_predict_seconds" in {family.name for family in parse(answer.text)}
        assert "\nnv_inference_request_success{" in answer.text
