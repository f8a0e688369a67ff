#!/usr/bin/env python3
"""Requests per second, latency and CPU time per request of a running digitd, by wrk.

The server is pinned to the first processor and wrk to the last; the cases take turns over several
rounds, and the median of each is printed, since a shared machine is noisy. CPU time is the
server's own, user and kernel, from /proc/PID/task/*/schedstat, divided by the answers.
"""

import argparse
import glob
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


@dataclass
class Case:
    name: str
    path: str
    connections: int
    body: bytes = b""
    content_type: str = "application/json"
    rates: list[float] = field(default_factory=list)
    cpu_us: list[float] = field(default_factory=list)
    p50_us: list[float] = field(default_factory=list)
    p99_us: list[float] = field(default_factory=list)


def digit() -> list[float]:
    """A ring of ink, about as many non-zero pixels as a handwritten 0 has."""
    pixels = []
    for y in range(28):
        for x in range(28):
            distance = ((x - 14) ** 2 / 0.6 + (y - 14) ** 2) ** 0.5
            pixels.append(round(max(0.0, 1.0 - abs(distance - 8.0) / 2.0), 4))
    return pixels


def cases() -> list[Case]:
    v2 = json.dumps(
        {
            "inputs": [
                {"name": "input", "shape": [1, 1, 28, 28], "datatype": "FP32", "data": digit()}
            ]
        }
    ).encode()
    v1 = json.dumps({"instances": [digit()]}).encode()
    infer, predict = "/v2/models/mnist/infer", "/v1/models/mnist:predict"
    return [
        Case("static route, 1 connection", "/v2/health/live", 1),
        Case("static route, 32 connections", "/v2/health/live", 32),
        Case("V2 JSON, 1 connection", infer, 1, v2),
        Case("V2 JSON, 32 connections", infer, 32, v2),
        Case("V1 JSON, 32 connections", predict, 32, v1),
    ]


def cpu_seconds(pid: int) -> float:
    total = 0
    for path in glob.glob(f"/proc/{pid}/task/*/schedstat"):
        total += int(Path(path).read_text().split()[0])
    return total / 1e9


def script(case: Case, folder: str) -> list[str]:
    if not case.body:
        return []
    body = Path(folder) / f"{abs(hash(case.name))}.json"
    body.write_bytes(case.body)
    lua = body.with_suffix(".lua")
    lua.write_text(
        f'wrk.method = "POST"\nlocal f = io.open("{body}", "rb")\nwrk.body = f:read("*a")\n'
        f'wrk.headers["Content-Type"] = "{case.content_type}"\n'
    )
    return ["-s", str(lua)]


def microseconds(text: str) -> float:
    number, unit = re.fullmatch(r"([\d.]+)(us|ms|s)", text).groups()
    return float(number) * {"us": 1, "ms": 1e3, "s": 1e6}[unit]


def measure(case: Case, url: str, pid: int, seconds: int, folder: str) -> None:
    cpu = cpu_seconds(pid)
    last = max(os.sched_getaffinity(0))
    command = ["taskset", "-c", str(last), "wrk", "-t1", f"-c{case.connections}"]
    command += [f"-d{seconds}s", "--latency", *script(case, folder), url + case.path]
    text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    if "Non-2xx" in text or "Socket errors" in text:
        sys.exit(f"{case.name}: not every answer was a success:\n{text}")
    answers = int(re.search(r"(\d+) requests in", text).group(1))
    case.rates.append(float(re.search(r"Requests/sec:\s+([\d.]+)", text).group(1)))
    case.cpu_us.append((cpu_seconds(pid) - cpu) / answers * 1e6)
    case.p50_us.append(microseconds(re.search(r"50%\s+(\S+)", text).group(1)))
    case.p99_us.append(microseconds(re.search(r"99%\s+(\S+)", text).group(1)))


def start(program: str, extra: list[str]) -> tuple[subprocess.Popen, str, float]:
    """The server, its URL, and the milliseconds until its first correct prediction."""
    first = min(os.sched_getaffinity(0))
    command = ["taskset", "-c", str(first), program, "serve", "--port", "0", "--threads", "1"]
    began = time.monotonic()
    server = subprocess.Popen([*command, *extra], stdout=subprocess.PIPE, text=True)
    line = server.stdout.readline()
    url = line.removeprefix("listening on ").strip()
    body = json.dumps({"instances": [digit()]}).encode()
    with urllib.request.urlopen(url + "/v1/models/mnist:predict", body) as answer:
        row = json.load(answer)["predictions"][0]
    ready_ms = (time.monotonic() - began) * 1e3
    if row.index(max(row)) != 0:
        sys.exit(f"the ring was read as {row.index(max(row))}, not as 0")
    return server, url, ready_ms


def resident_mb(pid: int) -> float:
    return (
        int(re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{pid}/status").read_text()).group(1)) / 1024
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--digitd", default=str(ROOT / "build/server/digitd"))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=2, help="of each case in each round")
    parser.add_argument("extra", nargs="*", help="further flags of digitd serve, after --")
    args = parser.parse_args()
    if not shutil.which("wrk"):
        sys.exit("wrk is missing: apt-get install wrk")

    table = cases()
    server, url, ready_ms = start(args.digitd, args.extra)
    idle_mb = resident_mb(server.pid)
    try:
        with tempfile.TemporaryDirectory() as folder:
            for _ in range(args.rounds):
                for case in table:
                    measure(case, url, server.pid, args.seconds, folder)
        busy_mb = resident_mb(server.pid)
    finally:
        server.terminate()
    print(f"{'case':30} {'requests/s':>10} {'CPU us':>7} {'p50 us':>7} {'p99 us':>7}")
    for case in table:
        figures = [case.rates, case.cpu_us, case.p50_us, case.p99_us]
        rate, cpu, p50, p99 = (statistics.median(values) for values in figures)
        print(f"{case.name:30} {rate:10.0f} {cpu:7.1f} {p50:7.0f} {p99:7.0f}")
    print(f"first prediction after {ready_ms:.1f} ms")
    print(f"resident {idle_mb:.1f} MB, after load {busy_mb:.1f} MB")


if __name__ == "__main__":
    main()
