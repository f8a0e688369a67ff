"""The engine alone: ONNX files in, logits and probabilities out, next to ONNX Runtime."""

import os
import subprocess
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = Path(os.environ.get("DIGITD_BUILD", ROOT / "build")) / "tests" / "run_model"


class Refused(Exception):
    """The model was not loaded; the text is the engine's reason."""


def predict(path, images, cpu="auto"):
    """Logits and probabilities, float32 [n][10] each, of float32 [n][784]."""
    done = subprocess.run(
        [PROGRAM, path, cpu],
        input=images.astype("<f4").tobytes(),
        capture_output=True,
        timeout=120,
    )
    if done.returncode == 65:
        raise Refused(done.stderr.decode().strip())
    assert done.returncode == 0, done.stderr.decode()
    return np.frombuffer(done.stdout, "<f4").reshape(2, len(images), 10)


@pytest.fixture(scope="session")
def images():
    """Smooth blobs and noise; any number within 0..1 may be a pixel."""
    random = np.random.default_rng(11)
    pictures = random.random((19, 784), dtype=np.float32)
    pictures[::2] *= random.random((10, 784)) < 0.2
    return pictures


def pytest_configure():
    if not PROGRAM.exists():
        raise pytest.UsageError(f"{PROGRAM} is not built")
