"""Alerts and dashboard ask for metrics that the real server has, and the alerts go off."""

import json
import re
import shutil
import subprocess

import pytest
from conftest import CHART, of_kind, yaml
from digitd import Server, check_end

KEYWORDS = {
    *(
        "sum",
        "avg",
        "min",
        "max",
        "count",
        "rate",
        "increase",
        "abs",
        "scalar",
        "absent",
        "by",
        "on",
    ),
    *("histogram_quantile", "and", "or", "offset", "ignoring", "label_values"),
}
OF_PROMETHEUS = {"up"}
ON_TARGETS = {"namespace", "job", "pod"}  # labels that Prometheus adds


@pytest.fixture(scope="module")
def metrics():
    """{name: {label names}} of a server that has answered and refused something."""
    server = Server()
    server.request("POST", "/v1/models/mnist:predict", json.dumps({"instances": [[0] * 784]}))
    server.request("POST", "/v1/models/mnist:predict", "{")
    found = {}
    for sample in server.metrics():
        name, _, labels = sample.partition("{")
        found.setdefault(name, set()).update(re.findall(r'(\w+)="', labels))
    check_end(server)
    return found


@pytest.fixture(scope="module")
def rules(render):
    (rule,) = of_kind(render("all"), "PrometheusRule")
    return rule["spec"]


def check_query(query, metrics):
    """Every name in it is one of a metric, or of one of its labels."""
    bare = re.sub(r'"(\\.|[^"])*"', '""', query)
    assert not re.search(r"\$(?!__rate_interval|namespace|job)", bare)
    selectors = re.findall(r"([a-z_]+)\{([^}]*)\}", bare)
    assert selectors, query
    for name, labels in selectors:
        if name in OF_PROMETHEUS:
            continue
        assert name in metrics, f"{name} in {query}"
        assert set(re.findall(r"(\w+)(?:=|!)", labels)) <= metrics[name] | ON_TARGETS, query
    labels = {"le", *ON_TARGETS}.union(*(metrics.get(name, set()) for name, _ in selectors))
    for group in re.findall(r"\bby \(([^)]*)\)", bare):
        assert set(re.split(r", *", group)) <= labels, query
    rest = re.sub(r"\{[^}]*\}|\[[^]]*\]|\bby \([^)]*\)|\boffset \w+", " ", bare)
    words = set(re.findall(r"[A-Za-z_]\w*", rest))
    assert words <= KEYWORDS | OF_PROMETHEUS | set(metrics), query


def test_alerts_ask_for_what_there_is(rules, metrics):
    (group,) = rules["groups"]
    for rule in group["rules"]:
        check_query(rule["expr"], metrics)
        assert {"summary", "description"} == set(rule["annotations"])


def test_dashboard_asks_for_what_there_is(render, metrics):
    (config,) = [
        one
        for one in of_kind(render("all"), "ConfigMap")
        if one["metadata"]["name"].endswith("-dashboard")
    ]
    (text,) = config["data"].values()
    dashboard = json.loads(text)
    assert dashboard == json.loads((CHART / "files" / "dashboard.json").read_text())
    ids = [panel["id"] for panel in dashboard["panels"]]
    assert len(set(ids)) == len(ids) > 8
    for panel in dashboard["panels"]:
        assert panel["targets"], panel["title"]
        for target in panel["targets"]:
            check_query(target["expr"], metrics)
    for variable in dashboard["templating"]["list"]:
        if variable["type"] == "query":
            (name,) = re.findall(r"label_values\((\w+)[{,]", variable["query"]["query"])
            assert name in metrics


def test_misspelt_queries_are_found(metrics):
    for query in ['digitd_redy{namespace="x"}', 'sum by (pods) (digitd_ready{job="x"})']:
        with pytest.raises(AssertionError):
            check_query(query, metrics)


def test_alerts_go_off(tmp_path, rules):
    """By promtool's clock, against series made up for each."""
    promtool = shutil.which("promtool")
    if not promtool:
        pytest.skip("promtool is not installed (Debian package prometheus)")
    (tmp_path / "rules.yaml").write_text(yaml.safe_dump(rules))
    source = (CHART.parents[1] / "tests/chart/alerts.yaml").read_text()
    (tmp_path / "alerts.yaml").write_text(source)
    done = subprocess.run(
        [promtool, "test", "rules", "alerts.yaml"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    tested = set(re.findall(r"alertname: (\w+)", source))
    assert tested == {rule["alert"] for rule in rules["groups"][0]["rules"]}
