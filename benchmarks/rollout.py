#!/usr/bin/env python3
"""Requests that fail while replicas are replaced, changed and killed under load: none should.

Replicas of digitd on loopback addresses stand in for a Deployment, HAProxy for its Service, with
the
chart's probe and drain timings. The load is an open loop at a share of the capacity that wrk finds
first. Needs Debian's haproxy, wrk and python3-yaml.
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
from load import Load, Outcome, summary
from replicas import CHART, ROOT, Service

PATH = "/v2/models/mnist/infer"
PIXELS = [int((x - 14) ** 2 / 0.6 + (y - 14) ** 2 < 80) for y in range(28) for x in range(28)]
BODY = json.dumps(
    {"inputs": [{"name": "input", "shape": [1, 784], "datatype": "FP32", "data": PIXELS}]}
).encode()
REQUEST = (
    f"POST {PATH} HTTP/1.1\r\nHost: digitd\r\nContent-Type: application/json\r\n"
    f"Content-Length: {len(BODY)}\r\n\r\n"
).encode() + BODY


def capacity(service: Service, folder: Path, seconds: int) -> float:
    """Requests a second through the proxy, with as many at a time as it takes."""
    script = folder / "post.lua"
    (folder / "body.json").write_bytes(BODY)
    script.write_text(
        f'wrk.method = "POST"\nlocal f = io.open("{folder}/body.json", "rb")\n'
        'wrk.body = f:read("*a")\nwrk.headers["Content-Type"] = "application/json"\n'
    )
    command = ["wrk", "-t1", "-c16", f"-d{seconds}s", "-s", script]
    command.append(f"http://127.0.0.1:{service.port}{PATH}")
    text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return float(re.search(r"Requests/sec:\s+([\d.]+)", text)[1])


def repository(folder: Path, version: int) -> list[str]:
    """The flags that serve the built-in model as this version."""
    path = folder / f"models-{version}" / "mnist" / str(version) / "model.onnx"
    path.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(ROOT / "model/zoo/mnist/1/model.onnx", path)
    return ["--model-repository", str(folder / f"models-{version}")]


def under_load(service: Service, rate: float, action) -> list[Outcome]:
    load = Load(("127.0.0.1", service.port), REQUEST, rate)
    load.start()
    try:
        time.sleep(1)
        action()
        time.sleep(1)
    finally:
        outcomes = load.stop()
    return outcomes


def restarts(service: Service, folder: Path, n: int) -> None:
    for _ in range(n):
        service.roll(repository(folder, 1))
    service.reap(wait=True)


def changes(service: Service, folder: Path, n: int) -> None:
    for version in range(2, n + 2):
        service.roll(repository(folder, version))
    service.reap(wait=True)


def kill(service: Service, folder: Path, told: dict[str, float]) -> None:
    """One is killed, and started again at once, as the kubelet does."""
    time.sleep(2)
    victim = service.replicas[0]
    victim.process.kill()
    victim.process.wait()
    told["dead"] = time.monotonic()
    service.replicas.remove(victim)
    again = service.start(repository(folder, 1))
    told["recovery"] = time.monotonic() - told["dead"]
    if again.slot != victim.slot:
        raise RuntimeError("the killed replica was not started at its own address")
    time.sleep(3)


def failed(outcomes: list[Outcome]) -> int:
    return sum(bool(one.failure) for one in outcomes)


def check_kill(outcomes: list[Outcome], told: dict[str, float]) -> bool:
    bad = [one for one in outcomes if one.failure]
    after = [one for one in bad if one.due > told["dead"]]
    probe = CHART["readinessProbe"]
    allowed = probe["periodSeconds"] * probe["failureThreshold"]
    print(
        f"  {len(bad) - len(after)} in flight were lost, and {len(after)} sent later;"
        f" back after {told['recovery']:.1f} s"
    )
    return not after and told["recovery"] < allowed + CHART["startupProbe"]["periodSeconds"]


def scale(service: Service, folder: Path, seconds: int) -> float:
    """Prints the throughput of one and of two; returns that of all."""
    one = capacity(service, folder, seconds)
    service.start(repository(folder, 1))
    two = capacity(service, folder, seconds)
    limit = f"{service.cpus.quota / 1e5:g} CPU each" if service.cpus.works else "no CPU limit"
    print(f"1 replica {one:.0f} requests/s, 2 replicas {two:.0f} ({limit})")
    return two


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--digitd", default=str(ROOT / "build/server/digitd"))
    parser.add_argument("--restarts", type=int, default=20)
    parser.add_argument("--changes", type=int, default=5, help="of the model's version")
    parser.add_argument("--cpus", type=float, default=0.2, help="limit of each replica; 0: none")
    parser.add_argument("--rate", type=float, default=0, help="requests/s; 0: half the capacity")
    parser.add_argument("--seconds", type=int, default=5, help="of each measured capacity")
    parser.add_argument("--mode", choices=["http", "tcp"], default="http", help="of the proxy")
    args = parser.parse_args()
    for tool in ["haproxy"] + ["wrk"] * (args.rate == 0):
        if not shutil.which(tool, path=os.environ["PATH"] + ":/usr/sbin"):
            sys.exit(f"{tool} is missing: apt-get install {tool}")

    fine, told = True, {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        service = Service(args.digitd, folder, args.cpus, args.mode)
        try:
            service.start(repository(folder, 1))
            if args.rate:
                service.start(repository(folder, 1))
            rate = args.rate or scale(service, folder, args.seconds) / 2
            print(f"load: {rate:.0f} requests/s, as they are due, through HAProxy ({args.mode})")
            for title, n, action in [
                (f"{args.restarts} rolling restarts", args.restarts, restarts),
                (f"{args.changes} other versions of the model", args.changes, changes),
            ]:
                outcomes = under_load(service, rate, lambda a=action, n=n: a(service, folder, n))
                print(f"{title}: {summary(outcomes)}")
                versions = sorted({one.version for one in outcomes if one.version}, key=int)
                print(f"  versions that answered: {', '.join(versions)}")
                fine = fine and failed(outcomes) == 0
            outcomes = under_load(service, rate, lambda: kill(service, folder, told))
            print(f"one of two killed: {summary(outcomes)}")
            fine = check_kill(outcomes, told) and fine
            print(
                f"resident: {max(r.resident_mib() for r in service.replicas):.1f} MiB at the most"
            )
        finally:
            service.close()
    sys.exit(0 if fine else 1)


if __name__ == "__main__":
    main()
