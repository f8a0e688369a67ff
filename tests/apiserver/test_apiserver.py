"""The chart against a real API server."""

import pytest
from conftest import CASES, CHART, crds, yaml

CUSTOM = {"all", "runtime", "knative", "standard"}


def values(case):
    if case in CUSTOM and not crds():
        pytest.skip("DIGITD_CRDS_DIR is not set")
    return CHART / "ci" / f"{case}-values.yaml"


def create_accounts(api, found):
    """Pods are refused without theirs."""
    for one in found:
        if one["kind"] == "ServiceAccount":
            api.create(api.path_of(one), one)


def template(helm, *flags):
    text = helm(4, "template", "demo", CHART, "--kube-version", "1.36.0", *flags)
    return [one for one in yaml.load_all(text, Loader=yaml.CSafeLoader) if one]


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("version", [3, 4])
def test_dry_run_on_the_server(helm, case, version):
    flags = ("--dry-run=server", "--values", values(case))
    text = helm(version, "install", "demo", CHART, *flags)
    assert "STATUS: pending-install" in text


@pytest.mark.parametrize("case", CASES)
def test_every_object_is_applied_strictly(api, helm, case):
    """By server-side apply: no unknown field, no doubled one, nothing that a webhook-less server
    would refuse."""
    found = template(helm, "--values", values(case))
    assert found
    create_accounts(api, found)
    for one in found:
        answer = api.apply(one)
        assert answer.status in {200, 201}, (one["kind"], answer.json)


def test_a_typo_is_refused_by_the_server(api, helm):
    found = template(helm)
    (deployment,) = [one for one in found if one["kind"] == "Deployment"]
    deployment["spec"]["template"]["spec"]["containers"][0]["readyProbe"] = {}
    answer = api.apply(deployment)
    assert answer.status in {400, 500}
    assert "readyProbe" in answer.json["message"]


@pytest.mark.parametrize("case", CASES)
def test_pods_are_admitted_to_a_restricted_namespace(api, helm, case):
    """Made by us of the templates, since there is no controller that would."""
    found = template(helm, "--values", values(case))
    create_accounts(api, found)
    for one in found:
        made = one if one["kind"] == "Pod" else one.get("spec", {}).get("template")
        if not made:
            continue
        pod = {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": "probe", "labels": made["metadata"]["labels"]},
            "spec": made["spec"],
        }
        namespace = one["metadata"].get("namespace", "test")
        answer = api.ask("POST", f"/api/v1/namespaces/{namespace}/pods?dryRun=All", pod)
        assert answer.status == 201, answer.json
        assert answer.json["status"]["qosClass"] in {"Burstable", "Guaranteed"}


def test_an_unrestricted_pod_is_not_admitted(api):
    pod = {"metadata": {"name": "bad"}, "spec": {"containers": [{"name": "a", "image": "a"}]}}
    answer = api.ask("POST", "/api/v1/namespaces/test/pods", pod)
    assert answer.status == 403
    assert "restricted" in answer.json["message"]


@pytest.mark.parametrize("version", [3, 4])
def test_install_upgrade_rollback(api, helm, version):
    name = f"life{version}"
    path = f"/apis/apps/v1/namespaces/test/deployments/{name}-digitd"

    def deployment():
        answer = api.ask("GET", path)
        assert answer.status == 200
        return answer.json

    helm(version, "install", name, CHART)
    first = deployment()
    assert first["spec"]["replicas"] == 2
    assert first["metadata"]["generation"] == 1

    # The same again changes nothing: the server has nothing to say to what it is sent.
    helm(version, "upgrade", name, CHART)
    assert deployment()["metadata"]["generation"] == 1

    flags = ("--set", "replicaCount=3,settings.max-images=64,service.port=8000")
    helm(version, "upgrade", name, CHART, *flags)
    second = deployment()
    arguments = second["spec"]["template"]["spec"]["containers"][0]["args"]
    assert second["spec"]["replicas"] == 3
    assert "--max-images=64" in arguments
    assert second["metadata"]["generation"] == 2
    ports = api.ask("GET", f"/api/v1/namespaces/test/services/{name}-digitd").json["spec"]["ports"]
    assert [port["port"] for port in ports] == [8000, 8081]

    # With an autoscaler the number of pods is its business.
    helm(version, "upgrade", name, CHART, "--set", "autoscaling.enabled=true")
    scaler = f"/apis/autoscaling/v2/namespaces/test/horizontalpodautoscalers/{name}-digitd"
    assert api.ask("GET", scaler).json["spec"]["maxReplicas"] == 10

    helm(version, "rollback", name, 1)
    third = deployment()
    assert third["spec"]["template"] == first["spec"]["template"]
    assert third["spec"]["replicas"] == 2
    assert api.ask("GET", scaler).status == 404

    helm(version, "uninstall", name)
    assert api.ask("GET", path).status == 404


def test_a_selector_survives_every_upgrade(helm):
    """A Deployment whose selector changes cannot be upgraded."""
    helm(4, "install", "select", CHART)
    helm(4, "upgrade", "select", CHART, "--values", CHART / "ci" / "init-values.yaml")
    helm(4, "uninstall", "select")


def test_another_task_of_batch_is_another_job(api, helm):
    """A Job's template cannot be changed."""
    flags = ["--values", CHART / "ci" / "oci-values.yaml", "--set", "namespaceOverride=test"]
    path = "/apis/batch/v1/namespaces/test/jobs"
    helm(4, "install", "tasks", CHART, *flags)
    (first,) = [one["metadata"]["name"] for one in api.ask("GET", path).json["items"]]
    helm(4, "upgrade", "tasks", CHART, *flags, "--set", "batch.completions=12")
    names = [one["metadata"]["name"] for one in api.ask("GET", path).json["items"]]
    assert len(names) in {1, 2} and any(name != first for name in names)
    helm(4, "uninstall", "tasks")
