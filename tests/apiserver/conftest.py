"""A real Kubernetes API server with nothing behind it: no scheduler, no controllers, no nodes. It
defaults, validates, admits and stores."""

import contextlib
import json
import os
import socket
import ssl
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from types import SimpleNamespace

import pytest

yaml = pytest.importorskip("yaml", reason="Debian package python3-yaml is missing")
ROOT = Path(__file__).resolve().parents[2]
CHART = ROOT / "charts" / "digitd"
BUILD = Path(os.environ.get("DIGITD_BUILD", ROOT / "build"))
CASES = sorted(path.name.removesuffix("-values.yaml") for path in (CHART / "ci").iterdir())
TOKEN = "an-administrator-of-this-test"
START_S = 120
sys.path.insert(0, str(ROOT / "tests"))

if not (BUILD / "apiserver" / "kine").exists():
    pytest.skip("tests/apiserver/install has not been run", allow_module_level=True)


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as s:
        return s.getsockname()[1]


class Api:
    """Asks the server, as an administrator."""

    def __init__(self, port):
        self.url = f"https://127.0.0.1:{port}"
        self.context = ssl.create_default_context()
        self.context.check_hostname = False
        self.context.verify_mode = ssl.CERT_NONE

    def ask(self, method, path, body=None, kind="application/json"):
        request = urllib.request.Request(
            self.url + path,
            None if body is None else json.dumps(body).encode(),
            {"Authorization": f"Bearer {TOKEN}", "Content-Type": kind},
            method=method,
        )
        try:
            with urllib.request.urlopen(request, context=self.context, timeout=30) as answer:
                return SimpleNamespace(status=answer.status, json=json.load(answer))
        except urllib.error.HTTPError as error:
            text = error.read().decode()
            with contextlib.suppress(ValueError):
                text = json.loads(text)
            return SimpleNamespace(status=error.code, json=text)

    def create(self, path, body):
        answer = self.ask("POST", path, body)
        assert answer.status in {201, 409}, answer.json
        return answer.json

    def path_of(self, one):
        """Where objects of its kind are."""
        group = one["apiVersion"]
        root = f"/apis/{group}" if "/" in group else f"/api/{group}"
        for resource in self.ask("GET", root).json["resources"]:
            if resource["kind"] == one["kind"] and "/" not in resource["name"]:
                namespace = one["metadata"].get("namespace", "test")
                inside = f"/namespaces/{namespace}" if resource["namespaced"] else ""
                return f"{root}{inside}/{resource['name']}"
        raise AssertionError(f"the server knows no {one['kind']} of {group}")

    def apply(self, one, dry=True):
        """Server-side apply, in which unknown and doubled fields are errors."""
        how = "fieldManager=test&force=true&fieldValidation=Strict" + "&dryRun=All" * dry
        path = f"{self.path_of(one)}/{one['metadata']['name']}?{how}"
        return self.ask("PATCH", path, one, "application/apply-patch+yaml")


@pytest.fixture(scope="session")
def api(tmp_path_factory):
    folder = tmp_path_factory.mktemp("apiserver")
    tools = BUILD / "apiserver"
    store, port = free_port(), free_port()
    (folder / "tokens.csv").write_text(f"{TOKEN},administrator,1,system:masters\n")
    key = folder / "accounts.key"
    subprocess.run(["openssl", "genrsa", "-out", key, "2048"], check=True, capture_output=True)
    commands = [
        [
            *(
                tools / "kine",
                "--endpoint",
                f"sqlite://{folder}/state.db",
                "--metrics-bind-address",
            ),
            *("0", "--listen-address", f"127.0.0.1:{store}"),
        ],
        [
            *(tools / "kube-apiserver", f"--etcd-servers=http://127.0.0.1:{store}"),
            *("--bind-address=127.0.0.1", f"--secure-port={port}", f"--cert-dir={folder}/certs"),
            *("--authorization-mode=RBAC", f"--token-auth-file={folder}/tokens.csv"),
            *("--service-account-issuer=https://kubernetes.default.svc", "--event-ttl=10m"),
            *(f"--service-account-key-file={key}", f"--service-account-signing-key-file={key}"),
            *("--service-cluster-ip-range=10.96.0.0/16", "--endpoint-reconciler-type=none"),
        ],
    ]
    log = (folder / "log").open("w+")
    processes = [subprocess.Popen(c, stdout=log, stderr=log, cwd=folder) for c in commands]
    try:
        one = Api(port)
        wait_ready(one, processes, folder / "log")
        prepare(one)
        yield one
    finally:
        for process in reversed(processes):
            process.terminate()
            process.wait(30)


def wait_ready(api, processes, log):
    end = time.monotonic() + START_S
    while True:
        with contextlib.suppress(OSError):
            if api.ask("GET", "/readyz").json == "ok" or api.ask("GET", "/api/v1").status == 200:
                return
        ended = [process for process in processes if process.poll() is not None]
        if ended or time.monotonic() > end:
            raise AssertionError(log.read_text()[-3000:])
        time.sleep(0.5)


def prepare(api):
    """Namespaces in which only restricted pods are let in, and what custom kinds there are."""
    for name in ("test", "vision"):
        enforced = {"pod-security.kubernetes.io/enforce": "restricted"}
        namespace = {"metadata": {"name": name, "labels": enforced}}
        api.create("/api/v1/namespaces", namespace)
        account = {"metadata": {"name": "default"}}
        api.create(f"/api/v1/namespaces/{name}/serviceaccounts", account)
    for name in ("high", "gvisor"):
        kind = {"metadata": {"name": name}}
        if name == "high":
            api.create("/apis/scheduling.k8s.io/v1/priorityclasses", kind | {"value": 1000})
        else:
            api.create("/apis/node.k8s.io/v1/runtimeclasses", kind | {"handler": "runsc"})
    for crd in crds():
        api.create("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", crd)
        name = crd["metadata"]["name"]
        end = time.monotonic() + 60
        while not established(api, name):
            assert time.monotonic() < end, name
            time.sleep(0.2)


def established(api, name):
    path = f"/apis/apiextensions.k8s.io/v1/customresourcedefinitions/{name}"
    conditions = api.ask("GET", path).json.get("status", {}).get("conditions") or []
    return any(c["type"] == "Established" and c["status"] == "True" for c in conditions)


def crds():
    """The newest of each."""
    folder = os.environ.get("DIGITD_CRDS_DIR")
    found = {}
    for path in sorted(Path(folder).glob("*.yaml")) if folder else []:
        for crd in yaml.load_all(path.read_text(), Loader=yaml.CSafeLoader):
            if crd and crd["kind"] == "CustomResourceDefinition":
                # The server takes such CRDs only from those who were asked to review them.
                found[crd["metadata"]["name"]] = crd
    return found.values()


@pytest.fixture(scope="session")
def kubeconfig(api, tmp_path_factory):
    path = tmp_path_factory.mktemp("kube") / "config"
    context = {"cluster": "c", "user": "u", "namespace": "test"}
    server = {"server": api.url, "insecure-skip-tls-verify": True}
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "x",
        "clusters": [{"name": "c", "cluster": server}],
        "users": [{"name": "u", "user": {"token": TOKEN}}],
        "contexts": [{"name": "x", "context": context}],
    }
    path.write_text(yaml.safe_dump(config))
    return path


@pytest.fixture
def helm(kubeconfig):
    """Runs Helm 3 or 4 against the server."""

    def run(version, *arguments, code=0):
        done = subprocess.run(
            [BUILD / "chart" / f"helm{version}", *map(str, arguments)],
            env={**os.environ, "KUBECONFIG": str(kubeconfig)},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert code is None or done.returncode == code, done.stdout + done.stderr
        return done.stdout + done.stderr

    return run
