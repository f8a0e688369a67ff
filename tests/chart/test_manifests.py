"""What the chart renders is what Kubernetes takes, and hangs together."""

import json
import re
import subprocess

import pytest
from commands import DIGITD
from conftest import (
    CASES,
    CHART,
    KUBERNETES,
    TOOLS,
    conform,
    containers,
    of_kind,
    pods,
    rendered,
    template,
    tool,
    values,
    yaml,
)

CUSTOM = re.compile(r"(kserve|coreos|gateway)")


@pytest.mark.parametrize("helm", [3, 4])
@pytest.mark.parametrize("case", CASES)
def test_lint(case, helm):
    flags = ("--strict", "--kube-version", KUBERNETES, "--values", values(case))
    assert "0 chart(s) failed" in tool(f"helm{helm}", "lint", CHART, *flags)


@pytest.mark.parametrize("case", CASES)
def test_both_helms_render_the_same(case, render):
    assert render(case, 3) == render(case, 4)


def test_rendering_twice_is_the_same():
    once, again = (template("--values", values("all")) for _ in range(2))
    assert once == again


def test_unit():
    """The suites beside the chart, which say what each template does with its values."""
    text = tool("helm-unittest", "--strict", "--file", "tests/*_test.yaml", CHART)
    assert re.search(r"Tests:\s+\d+ passed, \d+ total", text), text


@pytest.mark.parametrize("case", CASES)
def test_kubernetes_takes_it(case, render):
    core = [one for one in render(case) if not CUSTOM.search(one["apiVersion"])]
    assert f"Valid: {len(core)}," in conform(core, TOOLS / "schemas")


@pytest.mark.parametrize("case", CASES)
def test_custom_resources(case, render, crds):
    custom = [one for one in render(case) if CUSTOM.search(one["apiVersion"])]
    if custom:
        assert f"Valid: {len(custom)}," in conform(custom, crds)


def test_what_is_wrong_is_found(render, crds):
    """The checks of this file can fail."""
    for kind, *path in [
        ("Deployment", "replicas"),
        ("Service", "selector"),
        ("ServiceMonitor", "endpoints"),
    ]:
        (one,) = of_kind(render("all"), kind)
        one["spec"][path[0] + "x"] = one["spec"].pop(path[0], None)
        assert conform([one], TOOLS / "schemas", crds, code=None)[0] != 0


@pytest.mark.parametrize("case", CASES)
def test_pod_security_restricted(case, render):
    objects = render(case)
    out = tool("restricted", stdin=json.dumps(objects))
    runtimes = [one for one in objects if one["kind"].endswith("ServingRuntime")]
    assert f"{len(list(pods(objects))) + len(runtimes)} pods, 0 violations" in out


def test_pod_security_is_judged():
    objects = rendered("securityContext.capabilities.drop=[]")
    code, text = tool("restricted", stdin=json.dumps(objects), code=None)
    assert code == 1
    assert "unrestricted capabilities" in text


@pytest.mark.parametrize("case", CASES)
def test_no_name_twice(case, render):
    names = [(one["kind"], one["metadata"]["name"]) for one in render(case)]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("case", CASES)
def test_namespace(case, render):
    namespaces = {one["metadata"].get("namespace", "none") for one in render(case)}
    assert namespaces <= {"vision" if case == "oci" else "test", "none"}


def select(objects, labels):
    """The pods that a selector finds."""
    return [meta for meta, _ in pods(objects) if labels.items() <= meta.get("labels", {}).items()]


@pytest.mark.parametrize("case", CASES)
def test_selectors_find_the_server_and_nothing_else(case, render):
    objects = render(case)
    for one in objects:
        spec = one.get("spec", {})
        selector = spec.get("selector") if one["kind"] != "Job" else None
        if one["kind"] == "NetworkPolicy":
            selector = spec["podSelector"]
        if not selector:
            continue
        labels = selector.get("matchLabels", selector)
        if one["kind"] == "ServiceMonitor":
            (service,) = of_kind(objects, "Service")
            assert labels.items() <= service["metadata"]["labels"].items()
        else:
            assert len(select(objects, labels)) == 1, one["kind"]


@pytest.mark.parametrize("case", CASES)
def test_references(case, render):
    """Ports by name, and what is mounted or run as: all are there, or named by the values."""
    objects = render(case)
    given = values(case).read_text()
    services = {one["metadata"]["name"]: one for one in of_kind(objects, "Service")}
    accounts = {one["metadata"]["name"] for one in of_kind(objects, "ServiceAccount")}
    for meta, spec in pods(objects):
        assert spec["serviceAccountName"] in accounts | {"default"}
        names = {volume["name"] for volume in spec.get("volumes", [])}
        for container in containers(spec):
            mounts = {mount["name"] for mount in container.get("volumeMounts", [])}
            assert mounts <= names, meta
            ports = {port["name"] for port in container.get("ports", [])}
            for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
                assert container.get(probe, {}).get("httpGet", {}).get("port") in {None, *ports}
        for volume in spec.get("volumes", []):
            assert volume.get("persistentVolumeClaim", {}).get("claimName", "") in given
    for service in services.values():
        (deployment,) = of_kind(objects, "Deployment")
        (container, *_) = deployment["spec"]["template"]["spec"]["containers"]
        ports = {port["name"] for port in container["ports"]}
        assert {port["targetPort"] for port in service["spec"]["ports"]} == ports
    for one in objects:
        for name, port in backends(one):
            ports = services[name]["spec"]["ports"]
            assert port in {p["name"] for p in ports} | {p["port"] for p in ports}


def backends(one):
    if one["kind"] == "Ingress":
        for rule in one["spec"]["rules"]:
            for path in rule["http"]["paths"]:
                service = path["backend"]["service"]
                yield service["name"], *service["port"].values()
    if one["kind"] == "HTTPRoute":
        for rule in one["spec"]["rules"]:
            for ref in rule["backendRefs"]:
                yield ref["name"], ref["port"]


def help_of(command):
    """Flags and environment variables of a command of the program."""
    text = subprocess.run([DIGITD, command, "--help"], capture_output=True, text=True).stdout
    return set(re.findall(r"^  --([a-z0-9-]+)", text, re.M)), set(re.findall(r"DIGITD_\w+", text))


@pytest.mark.parametrize("case", CASES)
def test_flags_and_variables_exist(case, render):
    """Of every container that runs the image of the chart."""
    objects = render(case)
    seen = set()
    found = [c for _, spec in pods(objects) for c in spec["containers"] if c["name"] != "proxy"]
    for one in objects:
        if one["kind"].endswith("ServingRuntime"):
            found += one["spec"]["containers"]
    for container in found:
        command, *flags = container["args"]
        seen.add(command)
        known, variables = help_of(command)
        for flag in flags:
            name = re.fullmatch(r"--([a-z0-9-]+)(=.*)?", flag)
            assert name and name[1] in known, flag
        for variable in container.get("env", []):
            if variable["name"].startswith("DIGITD_"):
                assert variable["name"] in variables
    off = case in {"runtime", "knative", "standard"}
    assert seen >= ({"serve"} if off else {"serve", "healthcheck"})
    for one in of_kind(objects, "ConfigMap"):
        _, variables = help_of("serve")
        assert {key for key in one["data"] if key.startswith("DIGITD_")} <= variables


def test_arguments_start_the_program(render, tmp_path):
    """The real one, with the arguments of the Deployment, but for the ports and the mount."""
    (deployment,) = of_kind(render("all"), "Deployment")
    command, *flags = deployment["spec"]["template"]["spec"]["containers"][0]["args"]
    model = tmp_path / "digits" / "3" / "model.onnx"
    model.parent.mkdir(parents=True)
    model.write_bytes((CHART.parents[1] / "model/zoo/mnist/1/model.onnx").read_bytes())
    flags = [flag.replace("=/models", f"={tmp_path}") for flag in flags]
    flags = [re.sub(r"port=\d+", "port=0", flag) for flag in flags]
    process = subprocess.Popen([DIGITD, command, *flags], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout.readline().startswith("listening on http://0.0.0.0:")
    finally:
        process.kill()
        process.communicate()


def test_image_is_the_charts_version(render):
    for _, spec in pods(render("default")):
        for container in spec["containers"]:
            chart = yaml.safe_load((CHART / "Chart.yaml").read_text())
            assert container["image"] == f"digitd:{chart['appVersion']}"
    version = re.search(r"version: '([\d.]+)'", (CHART.parents[1] / "meson.build").read_text())
    assert chart["appVersion"] == chart["version"] == version[1]


def test_kserve_name_is_left_to_kserve(render):
    for case in ("runtime", "knative", "standard"):
        (runtime,) = [one for one in render(case) if one["kind"].endswith("ServingRuntime")]
        (container,) = runtime["spec"]["containers"]
        assert "--model-name={{.Name}}" in container["args"]
        assert container["name"] == "kserve-container"
        assert len(container["ports"]) == 1
