"""The Prometheus text: sound, and adding up."""

import json
import subprocess
from concurrent.futures import ThreadPoolExecutor

import pytest
from conftest import v2_body, wait_for

INFER = "/v2/models/mnist/infer"
ROW = 'method="POST",route="/v2/models/{model}/infer",protocol="v2"'


def test_promtool(server, promtool):
    server.request("POST", INFER, v2_body())
    server.get("/none")
    answer = server.get("/metrics")
    assert answer.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    check = subprocess.run(
        [promtool, "check", "metrics"], input=answer.text, text=True, capture_output=True
    )
    assert check.returncode == 0, check.stdout + check.stderr


def test_tensorflow_servings_path(server):
    answer = server.get("/monitoring/prometheus/metrics")
    assert answer.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert "\ndigitd_ready 1\n" in answer.text


def test_families(server):
    names = {name.split("{")[0] for name in server.metrics()}
    assert {
        "digitd_ready",
        "digitd_uptime_seconds",
        "digitd_build_info",
        "digitd_model_info",
        "digitd_connections",
        "digitd_connections_refused_total",
        "digitd_stage_duration_seconds_bucket",
        "digitd_predictions_total",
        "digitd_verdicts_total",
        "process_cpu_seconds_total",
        "process_resident_memory_bytes",
        "process_virtual_memory_bytes",
        "process_start_time_seconds",
        "process_open_fds",
        "process_max_fds",
    } <= names


def test_counts_add_up(start):
    server = start("--threads", "2")
    images = [1, 2, 3] * 20

    def infer(n):
        return server.request("POST", INFER, v2_body(n)).status

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(infer, images)) == {200}
    assert server.request("POST", INFER, "{").status == 400
    assert server.get("/v2/models/none").status == 404
    metrics = server.metrics()
    assert metrics[f'digitd_requests_total{{{ROW},code="200"}}'] == len(images)
    assert metrics[f'digitd_requests_total{{{ROW},code="400"}}'] == 1
    assert metrics[f"digitd_request_duration_seconds_count{{{ROW}}}"] == len(images) + 1
    assert metrics['digitd_stage_duration_seconds_count{stage="predict"}'] == len(images)
    assert metrics['digitd_stage_duration_seconds_count{stage="preprocess"}'] == 0
    digits = [metrics[f'digitd_predictions_total{{digit="{d}"}}'] for d in range(10)]
    assert sum(digits) == sum(images)
    assert metrics['digitd_verdicts_total{verdict="digit"}'] == sum(images)


def test_histograms_are_cumulative(server):
    server.request("POST", INFER, v2_body())
    lines = server.get("/metrics").text.splitlines()
    buckets = {}
    for line in lines:
        if "_bucket{" in line:
            name, value = line.rsplit(" ", 1)
            series = name.split("le=")[0]
            buckets.setdefault(series, []).append(float(value))
    assert len(buckets) > 4
    for series, values in buckets.items():
        assert values == sorted(values), series
        count = series.replace("_bucket", "_count").rstrip(",{")
        count += "}" if "{" in count else ""
        sample = [x for x in lines if x.startswith((count + " ", count + "{} "))]
        assert sample, count
        assert float(sample[0].rsplit(" ", 1)[1]) == values[-1]


def test_unknown_paths_are_one_series(server):
    before = len(server.get("/metrics").text.splitlines())
    for i in range(20):
        server.get(f"/none/{i}")
    assert len(server.get("/metrics").text.splitlines()) <= before + 23


def test_connections(start):
    server = start()
    sockets = [server.connect() for _ in range(5)]
    assert wait_for(lambda: server.metrics()["digitd_connections"] == 6)
    for s in sockets:
        s.close()
    assert wait_for(lambda: server.metrics()["digitd_connections"] == 1)


def test_model_info(server):
    info = [name for name in server.metrics() if name.startswith("digitd_model_info")]
    assert len(info) == 1
    assert 'model="mnist"' in info[0]
    assert 'version="1"' in info[0]


@pytest.mark.parametrize("log_format", ["logfmt", "json"])
def test_access_log(start, log_format):
    server = start("--access-log", "--log-format", log_format)
    server.get("/v2/health/live", headers={"x-request-id": "id-7"})
    assert wait_for(lambda: "id-7" in server.logged())
    line = next(x for x in server.logged().splitlines() if "id-7" in x)
    if log_format == "json":
        record = json.loads(line)
        assert record["event"] == "request"
        assert record["path"] == "/v2/health/live"
        assert record["status"] == "200"
    else:
        assert "event=request method=GET path=/v2/health/live status=200" in line


def test_names_of_others(start):
    """Dashboards and autoscalers of Triton and KServe find what they ask for."""
    server = start("--metrics-aliases")
    labels = 'version="1",{}model="mnist"'
    for body, status in [(v2_body(1), 200), (v2_body(3), 200), ('{"inputs":[]}', 400)]:
        assert server.request("POST", INFER, body).status == status
    metrics = server.metrics()
    for name, more, value in [
        ("request_success", "", 2),
        ("request_failure", 'reason="OTHER",', 1),
        ("count", "", 4),
        ("exec_count", "", 2),
        ("queue_duration_us", "", 0),
        ("pending_request_count", "", 0),
    ]:
        assert metrics[f"nv_inference_{name}{{{labels.format(more)}}}"] == value
    durations = [f"compute_{stage}" for stage in ("input", "infer", "output")] + ["request"]
    *parts, whole = [
        metrics[f"nv_inference_{name}_duration_us{{{labels.format('')}}}"] for name in durations
    ]
    assert min(parts[:2]) > 0
    assert sum(parts) <= whole <= sum(parts) + 3
    for stage in ("preprocess", "predict", "postprocess"):
        assert metrics[f'request_{stage}_seconds_count{{model_name="mnist"}}'] == 2
        assert metrics[f'request_{stage}_seconds_bucket{{model_name="mnist",le="+Inf"}}'] == 2
    (stats,) = server.get("/v2/models/stats").json["model_stats"]
    assert stats["inference_stats"]["success"]["ns"] // 1000 == whole


def test_names_of_others_are_opt_in(server):
    assert not {name for name in server.metrics() if name.startswith(("nv_", "request_"))}
