"""Runs the program's commands that are no server."""

import os
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DIGITD = os.environ.get("DIGITD", str(ROOT / "build/server/digitd"))
MODEL = ROOT / "model/zoo/mnist/1/model.onnx"

FINE, FAILED, WRONG_USAGE, BAD_DATA = 0, 1, 2, 65


def digitd(*arguments, code=FINE, stdin=b"", env=None):
    """Runs it, checks the exit code, returns stdout and stderr."""
    done = subprocess.run(
        [DIGITD, *map(str, arguments)],
        input=stdin,
        capture_output=True,
        timeout=120,
        env=os.environ | (env or {}),
        check=False,
    )
    assert done.returncode == code, done.stderr.decode()
    return done.stdout.decode(), done.stderr.decode()
