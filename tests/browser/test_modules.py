"""The page's pure modules, under node."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

NODE_MIN = 18
TESTS = sorted(Path(__file__).parent.glob("*.test.mjs"))


def node():
    path = shutil.which("node")
    version = (
        subprocess.run([path, "--version"], capture_output=True, text=True).stdout if path else ""
    )
    if not version or int(re.match(r"v(\d+)", version)[1]) < NODE_MIN:
        pytest.skip(f"node {NODE_MIN} or newer is not installed")
    return path


@pytest.mark.parametrize("file", TESTS, ids=lambda path: path.name)
def test_module(file):
    run = subprocess.run([node(), "--test", str(file)], capture_output=True, text=True, timeout=60)
    assert run.returncode == 0, run.stdout + run.stderr
