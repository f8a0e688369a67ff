"""The container's file system, made of the program under test, and run as Kubernetes would."""

import json
import os
import re
import shutil
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = os.environ.get("DIGITD", str(ROOT / "build" / "server" / "digitd"))
PODMAN = ["podman", "--runtime", "runc", "--cgroup-manager", "cgroupfs"]
USER = "54321:54321"  # of nobody: an image must run as any
LIMITS = [
    *("--read-only", "--read-only-tmpfs=false", "--user", USER, "--cap-drop", "ALL"),
    *("--security-opt", "no-new-privileges", "--network", "host"),
    *("--memory", "64m", "--memory-swap", "64m", "--cpus", "0.5"),
    *("--ulimit", "nofile=1024:1024", "--ulimit", "nproc=1024:1024"),
]
sys.path.insert(0, str(ROOT / "tests"))


@pytest.fixture(scope="session")
def rootfs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("image") / "rootfs"
    subprocess.run([sys.executable, ROOT / "server" / "rootfs.py", PROGRAM, folder], check=True)
    return folder


def podman(*arguments, check=True):
    done = subprocess.run(
        [*PODMAN, *map(str, arguments)], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0 or not check, done.stderr
    return done


@pytest.fixture(scope="session")
def runnable(rootfs):
    """A copy of it for podman, which puts files of its own there, if it can run anything here."""
    if not shutil.which("podman") or not shutil.which("runc"):
        pytest.skip("podman and runc are not installed (Debian packages of these names)")
    copy = rootfs.with_name("runnable")
    shutil.copytree(rootfs, copy)
    done = podman("run", "--rm", *LIMITS, "--rootfs", copy, "/usr/bin/digitd", "-V", check=False)
    if done.returncode != 0:
        pytest.skip(f"containers cannot be run here: {done.stderr.strip()[-200:]}")
    assert re.fullmatch(r"digitd [\d.]+\n", done.stdout)
    return copy


class Container:
    """One that serves. `options` are podman's, `flags` digitd's."""

    def __init__(self, runnable, *flags, options=()):
        began = time.monotonic()
        self.id = podman(
            *("run", "--detach", *LIMITS, *options, "--rootfs", runnable),
            *("/usr/bin/digitd", "serve", "--port", "0", "--admin-port", "0", *flags),
        ).stdout.strip()
        while not self.fields("ready"):
            assert time.monotonic() < began + 30, self.log()
            time.sleep(0.01)
        self.port = int(self.fields("ready")["port"])
        self.admin_port = int(self.fields("ready")["admin_port"])
        self.pid = int(podman("inspect", "-f", "{{.State.Pid}}", self.id).stdout)

    def log(self):
        done = podman("logs", self.id)
        return done.stdout + done.stderr

    def fields(self, event):
        """What the log tells of an event; {} before it has come."""
        found = re.search(rf"event={event} (.*)", self.log())
        return dict(re.findall(r"(\w+)=(\S+)", found[1])) if found else {}

    def status(self, name):
        text = Path(f"/proc/{self.pid}/status").read_text()
        return re.search(rf"^{name}:\s+(.+)", text, re.M)[1]

    def ask(self, path, body=None, port=None):
        request = urllib.request.Request(f"http://127.0.0.1:{port or self.port}{path}", body)
        with urllib.request.urlopen(request, timeout=20) as answer:
            return json.load(answer)

    def healthcheck(self, *flags):
        command = ("/usr/bin/digitd", "healthcheck", "--port", self.admin_port, *flags)
        return podman("exec", self.id, *command, check=False).returncode

    def kill(self, signal):
        podman("kill", "--signal", signal, self.id)

    def wait(self):
        return int(podman("wait", self.id).stdout)

    def remove(self):
        podman("rm", "--force", "--time", "0", self.id, check=False)


@pytest.fixture
def start(runnable):
    """Starts containers, which are gone at the end."""
    containers = []

    def one(*flags, **options):
        containers.append(Container(runnable, *flags, **options))
        return containers[-1]

    yield one
    for container in containers:
        container.remove()
