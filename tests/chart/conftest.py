"""Renders the chart, with both Helms, for every values file under charts/digitd/ci."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

yaml = pytest.importorskip("yaml", reason="Debian package python3-yaml is missing")
for folder in (".", "http"):
    sys.path.insert(0, str(Path(__file__).resolve().parents[1] / folder))

import schemas  # noqa: E402

ROOT = Path(__file__).resolve().parents[2]
CHART = ROOT / "charts" / "digitd"
TOOLS = Path(os.environ.get("DIGITD_BUILD", ROOT / "build")) / "chart"
KUBERNETES = "1.36.0"
CASES = sorted(path.name.removesuffix("-values.yaml") for path in (CHART / "ci").iterdir())

if not (TOOLS / "installed").exists():
    pytest.skip("tests/chart/install has not been run", allow_module_level=True)


def tool(name, *arguments, stdin=None, code=0):
    """Its output; `code` None lets it fail."""
    done = subprocess.run(
        [TOOLS / name, *map(str, arguments)],
        input=stdin,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    if code is not None:
        assert done.returncode == code, done.stdout + done.stderr
    return done.stdout if code is not None else (done.returncode, done.stdout + done.stderr)


def values(case):
    return CHART / "ci" / f"{case}-values.yaml"


def template(*arguments, helm=4, code=0):
    return tool(
        *(f"helm{helm}", "template", "demo", CHART, "--namespace", "test"),
        *("--kube-version", KUBERNETES, *arguments),
        code=code,
    )


def refused(*sets, helm=4):
    """What Helm says to values that it should not take."""
    arguments = [word for one in sets for word in ("--set-json", one)]
    code, text = template(*arguments, helm=helm, code=None)
    assert code != 0, sets
    return text


def parse(text):
    return [one for one in yaml.load_all(text, Loader=yaml.CSafeLoader) if one]


def rendered(*sets):
    return parse(template(*(word for one in sets for word in ("--set-json", one))))


def of_kind(objects, kind):
    return [one for one in objects if one["kind"] == kind]


def pods(objects):
    """Pairs of metadata and spec of every pod that the objects make."""
    for one in objects:
        if one["kind"] == "Pod":
            yield one["metadata"], one["spec"]
        elif "template" in one["spec"] if "spec" in one else False:
            yield one["spec"]["template"]["metadata"], one["spec"]["template"]["spec"]


def containers(spec):
    return spec.get("initContainers", []) + spec["containers"]


@pytest.fixture(scope="session")
def render():
    """Objects by case and Helm; each is rendered once."""
    texts = {}

    def one(case, helm=4):
        if (case, helm) not in texts:
            texts[case, helm] = template("--values", values(case), helm=helm)
        return parse(texts[case, helm])

    return one


@pytest.fixture(scope="session")
def crds(tmp_path_factory):
    """A folder for kubeconform: the custom kinds, of the newest versions."""
    found = os.environ.get("DIGITD_CRDS_DIR")
    if not found:
        pytest.skip("DIGITD_CRDS_DIR is not set")
    folder = tmp_path_factory.mktemp("crds")
    for path in sorted(Path(found).glob("*.yaml")):
        schemas.crds(path, folder)
    # Alike in all but the scope, and not there for every version.
    runtime = folder / "serving.kserve.io" / "servingruntime_v1alpha1.json"
    runtime.with_name(f"cluster{runtime.name}").write_bytes(runtime.read_bytes())
    return folder


def conform(objects, *locations, code=0):
    return tool(
        *("kubeconform", "-strict", "-summary"),
        *(word for folder in locations for word in layout(folder)),
        stdin="\n---\n".join(map(json.dumps, objects)),
        code=code,
    )


def layout(folder):
    return "-schema-location", f"{folder}/{schemas.LAYOUT}"
