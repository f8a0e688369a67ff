"""A stand-in for a Deployment behind a Service: digitd processes on addresses of their own,
and HAProxy in front, which looks after them on the timings of the chart's probes."""

import contextlib
import os
import re
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parent.parent
CHART = yaml.safe_load((ROOT / "charts/digitd/values.yaml").read_text())
HTTP, ADMIN = 18080, 18081  # on each replica's address
SLOTS = 8  # addresses; more than replicas, for those that start and those that drain
CPU_GROUP = Path("/sys/fs/cgroup/cpu")


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as s:
        return s.getsockname()[1]


class Cpus:
    """A CPU limit for each replica, where cgroup v1 lets us; else none."""

    def __init__(self, cpus: float) -> None:
        self.folder = CPU_GROUP / f"digitd-rollout-{os.getpid()}"
        self.quota = int(cpus * 100_000)
        self.works = cpus > 0 and os.access(CPU_GROUP, os.W_OK)
        with contextlib.suppress(OSError):
            if self.works:
                self.folder.mkdir()
        self.works = self.works and (self.folder / "cgroup.procs").exists()

    def put(self, pid: int, slot: int) -> None:
        if not self.works:
            return
        folder = self.folder / str(slot)
        folder.mkdir(exist_ok=True)
        (folder / "cpu.cfs_quota_us").write_text(str(self.quota))
        (folder / "cgroup.procs").write_text(str(pid))

    def remove(self) -> None:
        for folder in [*self.folder.glob("[0-9]"), self.folder]:
            with contextlib.suppress(OSError):
                folder.rmdir()


class Replica:
    def __init__(self, program: str, slot: int, cpus: Cpus, flags: list[str]) -> None:
        self.slot, self.address = slot, f"127.0.77.{slot + 1}"
        drain = CHART["drain"]
        self.process = subprocess.Popen(
            [
                *(program, "serve", "--host", self.address, "--port", str(HTTP)),
                *("--admin-port", str(ADMIN), "--threads", "1", "--log-level", "warn"),
                *("--drain-delay", f"{drain['delaySeconds']}s"),
                *("--drain-timeout", f"{drain['timeoutSeconds']}s", *flags),
            ],
            stdout=subprocess.PIPE,
        )
        cpus.put(self.process.pid, slot)
        self.process.stdout.readline()  # it listens

    def resident_mib(self) -> float:
        text = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmHWM:\s+(\d+)", text)[1]) / 1024


CONFIG = """
global
    stats socket {folder}/stats mode 600 level admin
    maxconn 4000
defaults
    mode {mode}
    timeout connect 2s
    timeout client 30s
    timeout server 30s
    # One that refuses connections has taken no request: another is asked.
    retries 3
    option redispatch 1
frontend service
    bind 127.0.0.1:{port}
    default_backend pods
backend pods
    balance leastconn
    option httpchk GET {path}
    http-check expect status 200
    timeout check {timeout}s
    default-server check port {admin} inter {period}s downinter {start}s rise 1 fall {fall}
{servers}
"""


class Service:
    """The proxy, and the replicas that it knows of."""

    def __init__(self, program: str, folder: Path, cpus: float, mode: str = "http") -> None:
        self.program, self.folder, self.cpus = program, folder, Cpus(cpus)
        self.port = free_port()
        self.replicas: list[Replica] = []
        self.leaving: list[Replica] = []
        readiness = CHART["readinessProbe"]
        config = folder / "haproxy.cfg"
        config.write_text(
            CONFIG.format(
                folder=folder,
                mode=mode,
                port=self.port,
                admin=ADMIN,
                path=readiness["httpGet"]["path"],
                timeout=readiness["timeoutSeconds"],
                period=readiness["periodSeconds"],
                fall=readiness["failureThreshold"],
                start=CHART["startupProbe"]["periodSeconds"],
                servers="\n".join(
                    f"    server {i} 127.0.77.{i + 1}:{HTTP} disabled" for i in range(SLOTS)
                ),
            )
        )
        haproxy = "/usr/sbin/haproxy"
        self.proxy = subprocess.Popen([haproxy, "-db", "-f", config], stderr=subprocess.DEVNULL)
        while not (folder / "stats").exists():
            time.sleep(0.05)

    def tell(self, command: str) -> str:
        with socket.socket(socket.AF_UNIX) as s:
            s.connect(str(self.folder / "stats"))
            s.sendall(command.encode() + b"\n")
            return b"".join(iter(lambda: s.recv(65536), b"")).decode()

    def column(self, slot: int, name: str) -> str:
        rows = [line.split(",") for line in self.tell("show stat pods 4 -1").splitlines() if line]
        names = rows[0]
        (row,) = [row for row in rows if row[1] == str(slot)]
        return row[names.index(name)]

    def start(self, flags: list[str]) -> Replica:
        """A new one, once its address is an endpoint of the Service. That one is new to the proxy
        as a pod is: down until a probe has succeeded."""
        while not (free := self.free_slots()):
            time.sleep(0.05)
        slot = min(free)
        replica = Replica(self.program, slot, self.cpus, flags)
        wait_ready(replica)
        self.tell(f"set server pods/{slot} state ready")
        self.replicas.append(replica)
        self.wait_up(replica)
        return replica

    def free_slots(self) -> set[int]:
        self.reap()
        taken = {replica.slot for replica in self.replicas + self.leaving}
        return set(range(SLOTS)) - taken

    def wait_up(self, replica: Replica) -> float:
        began = time.monotonic()
        while not self.column(replica.slot, "status").startswith("UP"):
            if time.monotonic() > began + 60:
                raise TimeoutError(f"replica {replica.slot} did not come up")
            time.sleep(0.05)
        return time.monotonic() - began

    def end(self, replica: Replica) -> None:
        """What the kubelet does; the proxy has only its probes to learn of it."""
        replica.process.send_signal(signal.SIGTERM)
        self.replicas.remove(replica)
        self.leaving.append(replica)

    def reap(self, wait: bool = False) -> None:
        """Those that have drained: they must have ended in peace."""
        while True:
            for replica in list(self.leaving):
                if replica.process.poll() is not None:
                    self.tell(f"set server pods/{replica.slot} state maint")
                    self.leaving.remove(replica)
                    if replica.process.returncode != 0:
                        raise RuntimeError(f"a replica ended with {replica.process.returncode}")
            if not wait or not self.leaving:
                return
            time.sleep(0.05)

    def roll(self, flags: list[str]) -> None:
        """As a Deployment with maxSurge 1 and maxUnavailable 0 does."""
        for old in list(self.replicas):
            self.start(flags)
            self.end(old)

    def close(self) -> None:
        for replica in self.replicas + self.leaving:
            replica.process.kill()
            replica.process.wait()
        self.proxy.kill()
        self.proxy.wait()
        self.cpus.remove()


def wait_ready(replica: Replica) -> None:
    """The startup probe."""
    probe = CHART["startupProbe"]
    for _ in range(probe["failureThreshold"]):
        url = f"http://{replica.address}:{ADMIN}{probe['httpGet']['path']}"
        with contextlib.suppress(urllib.error.URLError), urllib.request.urlopen(url, timeout=1):
            return
        time.sleep(probe["periodSeconds"])
    raise TimeoutError(f"replica {replica.slot} is not ready")
