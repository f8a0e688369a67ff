"""values.yaml, its schema and its documentation say the same; what is misspelt is refused."""

import json
import re

import pytest
from conftest import CHART, refused, rendered, yaml
from values_table import table


def leaves(schema, path=()):
    """Every place of the schema where we, and not Kubernetes, say what keys there are."""
    if "properties" in schema:
        yield path, schema
        for key, one in schema["properties"].items():
            yield from leaves(one, (*path, key))


SCHEMA = json.loads((CHART / "values.schema.json").read_text())
VALUES = yaml.safe_load((CHART / "values.yaml").read_text())
PLACES = [(path, one) for path, one in leaves(SCHEMA) if path != ("global",)]


@pytest.mark.parametrize(
    "path, schema", PLACES, ids=[".".join(path) or "top" for path, _ in PLACES]
)
def test_schema_and_values_have_the_same_keys(path, schema):
    value = VALUES
    for key in path:
        value = value[key]
    assert schema["additionalProperties"] is False
    if path[-1:] not in {("timeouts",)}:
        assert list(schema["properties"]) == list(value)


@pytest.mark.parametrize(
    "typo",
    [
        "replicas=3",
        'image={"repostory":"x"}',
        'service={"type":"Clusterip"}',
        'model={"source":"s3"}',
        'model={"name":"a/b"}',
        'model={"pvc":{"claim":"x"}}',
        'settings={"max_body":"1MiB"}',
        'settings={"port":80}',
        'autoscaling={"maxReplicas":"ten"}',
        'kserve={"mode":"on"}',
        'kserve={"inferenceService":{"canary":{"percent":10}}}',
        'batch={"completions":0}',
        'resources={"limit":{}}',
        'resources={"limits":{"cpu":"1 core"}}',
        'readinessProbe={"period":2}',
        'containerPorts={"http":80}',
        'image={"digest":"sha256:123"}',
        'ingress={"hosts":[{"host":"a","paths":[{"path":"/"}]}]}',
        'prometheusRule={"thresholds":{"errorRatio":5}}',
        'serviceMonitor={"interval":15}',
        'podLabels={"a":1}',
    ],
)
@pytest.mark.parametrize("helm", [3, 4])
def test_typos_are_refused(typo, helm):
    text = refused(typo, helm=helm)
    assert "values don't meet the specifications of the schema" in text
    assert any(word in text for word in re.findall(r"\w+", typo))


@pytest.mark.parametrize(
    "sets, sentence",
    [
        (["terminationGracePeriodSeconds=10"], "it should be at least 30"),
        (['autoscaling={"enabled":true,"minReplicas":5,"maxReplicas":2}'], "maxReplicas is 2"),
        (
            ['autoscaling={"enabled":true,"targetCPUUtilizationPercentage":null}'],
            "without a metric",
        ),
        (['httpRoute={"enabled":true}'], "parentRefs is empty"),
        (['model={"source":"pvc"}'], "model.pvc.claimName is needed"),
        (['model={"source":"init"}'], "model.init.image is needed"),
        (['model={"source":"image"}'], "model.image.reference is needed"),
        (['batch={"enabled":true}'], "batch.input.claimName is needed"),
        (['kserve={"mode":"inferenceservice"}'], "storageUri is needed"),
        (
            ['kserve={"mode":"inferenceservice","inferenceService":{"scaleMetric":"rps"}}'],
            "it should be cpu or memory",
        ),
        (
            ['kserve={"mode":"inferenceservice","inferenceService":{"minReplicas":0}}'],
            "only with Knative",
        ),
    ],
)
def test_contradictions_are_refused(sets, sentence):
    assert sentence in refused(*sets)


def test_every_value_is_documented():
    undocumented = [row.name for row in table(CHART / "values.yaml") if not row.text]
    assert undocumented == []


def test_readme_has_the_table():
    """tests/chart/values_table.py --write brings it up to date."""
    _, _, readme = (CHART / "README.md").read_text().partition("## Values\n")
    found = re.findall(r"^\| `([^`]+)` \| `(.*)` \| (.+) \|$", readme, re.M)
    assert found == [(row.name, row.default, row.text) for row in table(CHART / "values.yaml")]


def test_settings_become_flags():
    objects = rendered('settings={"max-body":"1MiB","threads":2,"access-log":true,"x-y":0.5}')
    (deployment,) = [one for one in objects if one["kind"] == "Deployment"]
    arguments = deployment["spec"]["template"]["spec"]["containers"][0]["args"]
    assert arguments[-4:] == ["--access-log=true", "--max-body=1MiB", "--threads=2", "--x-y=0.5"]


def test_a_large_number_keeps_its_digits():
    (deployment,) = [
        one for one in rendered('settings={"n":123456789}') if one["kind"] == "Deployment"
    ]
    assert "--n=123456789" in deployment["spec"]["template"]["spec"]["containers"][0]["args"]
