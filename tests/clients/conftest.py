"""Clients that nobody here wrote, against the real server."""

import shutil
import sys
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))

from digitd import Server, check_end  # noqa: E402

MODEL = ROOT / "model/zoo/mnist/1/model.onnx"
PREFIX = "/serving/team/digits"


def read_idx(path, skip):
    return np.frombuffer(path.read_bytes(), np.uint8)[skip:]


@pytest.fixture(scope="session")
def images():
    """28x28 drawings, ink 1 on 0, and the digits that they are."""
    pixels = read_idx(ROOT / "tests/golden/images.idx", 16).reshape(-1, 28, 28)
    return (pixels / 255).astype(np.float32)


@pytest.fixture(scope="session")
def labels():
    return read_idx(ROOT / "tests/golden/labels.idx", 8)


@pytest.fixture(scope="session")
def server():
    """Everything by default, also behind a path of a proxy."""
    one = Server("--path-prefix", PREFIX)
    yield one
    check_end(one)


@pytest.fixture(scope="session")
def repository(tmp_path_factory):
    """Two versions of one model, which clients may load and unload."""
    folder = tmp_path_factory.mktemp("models")
    for version in ["1", "2"]:
        (folder / "mnist" / version).mkdir(parents=True)
        shutil.copy(MODEL, folder / "mnist" / version / "model.onnx")
    one = Server(
        *("--model-repository", str(folder), "--repository-api"),
        *("--label", "mnist:stable=1,mnist:canary=2"),
    )
    yield one
    check_end(one)


@pytest.fixture
def start():
    servers = []

    def one(*flags, **environment):
        servers.append(Server(*flags, **environment))
        return servers[-1]

    yield one
    for server in servers:
        check_end(server)
