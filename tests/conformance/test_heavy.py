"""Exporters that take gigabytes to install, each in an environment of its own: --heavy."""

import subprocess
import sys

import numpy as np
import pytest
from compare import TOLERANCE, compare
from engine.conftest import ROOT

HERE = ROOT / "tests/conformance"
EXPORTERS = {
    "keras": ["tensorflow-cpu==2.19.1", "tf2onnx==1.17.0", "keras==3.15.1"],
    "dynamo": ["torch==2.15.0", "onnx==1.19.1", "onnxscript"],
}


def python(name):
    """The environment's interpreter, which is made once and kept."""
    folder = ROOT / "build" / f"venv-{name}"
    if not (folder / "done").exists():
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        subprocess.run([folder / "bin/pip", "install", "-q", *EXPORTERS[name]], check=True)
        (folder / "done").touch()
    return folder / "bin/python"


@pytest.mark.parametrize("name", EXPORTERS)
def test_exporter(name, images, table, request, tmp_path):
    if not request.config.getoption("--heavy"):
        pytest.skip("only with --heavy")
    np.save(tmp_path / "images.npy", images[:50])
    words = [python(name), HERE / f"export_{name}.py", tmp_path, tmp_path / "images.npy"]
    subprocess.run(words, check=True, timeout=1800)
    found = sorted(tmp_path.glob("*.onnx"))
    assert len(found) >= 14
    worst = 0.0
    for path in found:
        exporter, network = path.stem.split(",", 1)
        difference, same = compare(path, images)
        table((exporter, network, f"{difference:.1e}", f"{same} of {len(images)}"))
        worst = max(worst, difference, TOLERANCE * 2 * (same < len(images)))
    assert worst <= TOLERANCE
