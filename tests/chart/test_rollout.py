"""Rolling updates lose no request: a short run of benchmarks/rollout.py."""

import os
import re
import shutil
import subprocess
import sys

import pytest
from commands import DIGITD
from conftest import ROOT


@pytest.mark.skipif(
    not shutil.which("haproxy", path=os.environ["PATH"] + ":/usr/sbin"),
    reason="haproxy is not installed",
)
def test_no_request_is_lost():
    done = subprocess.run(
        [
            *(sys.executable, ROOT / "benchmarks/rollout.py", "--digitd", DIGITD),
            *("--restarts", "2", "--changes", "1", "--rate", "100", "--cpus", "0"),
        ],
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    counts = re.findall(r": (\d+) requests, (\d+) failed", done.stdout)
    assert [failed for _, failed in counts[:2]] == ["0", "0"]
    assert all(int(sent) > 300 for sent, _ in counts)
    assert "versions that answered: 1, 2" in done.stdout
