#!/usr/bin/env python3
"""Requests per second, latency and CPU time per request of a running digitd, by wrk.

The server is pinned to the first processor and wrk to the last; the cases take turns over several
rounds, and the median of each is printed, since a shared machine is noisy. CPU time is the
server's own, user and kernel, from /proc/PID/task/*/schedstat, divided by the answers.
"""

import argparse
import base64
import glob
import json
import os
import re
import shutil
import statistics
import struct
import subprocess
import sys
import tempfile
import time
import urllib.request
import zlib
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


@dataclass
class Case:
    name: str
    path: str
    connections: int
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=lambda: {"Content-Type": "application/json"})


@dataclass
class Figures:
    """Of one case and one program; empty if it does not answer such requests."""

    rates: list[float] = field(default_factory=list)
    cpu_us: list[float] = field(default_factory=list)
    p50_us: list[float] = field(default_factory=list)
    p99_us: list[float] = field(default_factory=list)

    def medians(self) -> list[float]:
        return [
            statistics.median(v) for v in (self.rates, self.cpu_us, self.p50_us, self.p99_us) if v
        ]


@dataclass
class Server:
    process: subprocess.Popen
    url: str
    ready_ms: float
    figures: dict[str, Figures] = field(default_factory=dict)


def digit() -> list[float]:
    """A ring of ink, about as many non-zero pixels as a handwritten 0 has."""
    pixels = []
    for y in range(28):
        for x in range(28):
            distance = ((x - 14) ** 2 / 0.6 + (y - 14) ** 2) ** 0.5
            pixels.append(round(max(0.0, 1.0 - abs(distance - 8.0) / 2.0), 4))
    return pixels


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(side: int = 280) -> bytes:
    """The ring as somebody would draw it, black on white."""
    scale, pixels = side // 28, digit()
    rows = b""
    for y in range(side):
        greys = (255 - round(255 * pixels[y // scale * 28 + x // scale]) for x in range(side))
        rows += b"\0" + bytes(greys)
    header = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(k, d) for k, d in chunks)


def binary() -> tuple[bytes, dict[str, str]]:
    tail = struct.pack("<784f", *digit())
    tensor = {"name": "input", "shape": [1, 1, 28, 28], "datatype": "FP32"}
    tensor["parameters"] = {"binary_data_size": len(tail)}
    text = json.dumps({"inputs": [tensor], "parameters": {"binary_data_output": True}}).encode()
    return text + tail, {"Inference-Header-Content-Length": str(len(text))}


def cases() -> list[Case]:
    v2 = json.dumps(
        {
            "inputs": [
                {"name": "input", "shape": [1, 1, 28, 28], "datatype": "FP32", "data": digit()}
            ]
        }
    ).encode()
    v1 = json.dumps({"instances": [digit()]}).encode()
    picture = png()
    b64 = json.dumps({"instances": [{"b64": base64.b64encode(picture).decode()}]}).encode()
    infer, predict = "/v2/models/mnist/infer", "/v1/models/mnist:predict"
    return [
        Case("static route, 1 connection", "/v2/health/live", 1),
        Case("static route, 32 connections", "/v2/health/live", 32),
        Case("V2 JSON, 1 connection", infer, 1, v2),
        Case("V2 JSON, 32 connections", infer, 32, v2),
        Case("V2 binary, 32 connections", infer, 32, *binary()),
        Case("V1 JSON, 32 connections", predict, 32, v1),
        Case("V1 base64, 32 connections", predict, 32, b64),
        Case("PNG, 32 connections", predict, 32, picture, {"Content-Type": "image/png"}),
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
    headers = "".join(f'wrk.headers["{k}"] = "{v}"\n' for k, v in case.headers.items())
    lua.write_text(
        f'wrk.method = "POST"\nlocal f = io.open("{body}", "rb")\nwrk.body = f:read("*a")\n'
        + headers
    )
    return ["-s", str(lua)]


def microseconds(text: str) -> float:
    number, unit = re.fullmatch(r"([\d.]+)(us|ms|s)", text).groups()
    return float(number) * {"us": 1, "ms": 1e3, "s": 1e6}[unit]


def measure(case: Case, server: Server, seconds: int, folder: str) -> None:
    figures = server.figures.setdefault(case.name, Figures())
    cpu = cpu_seconds(server.process.pid)
    last = max(os.sched_getaffinity(0))
    command = ["taskset", "-c", str(last), "wrk", "-t1", f"-c{case.connections}"]
    command += [f"-d{seconds}s", "--latency", *script(case, folder), server.url + case.path]
    text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    if "Non-2xx" in text:
        return
    if "Socket errors" in text:
        sys.exit(f"{case.name}: not every answer came:\n{text}")
    answers = int(re.search(r"(\d+) requests in", text).group(1))
    figures.rates.append(float(re.search(r"Requests/sec:\s+([\d.]+)", text).group(1)))
    figures.cpu_us.append((cpu_seconds(server.process.pid) - cpu) / answers * 1e6)
    figures.p50_us.append(microseconds(re.search(r"\n\s+50%\s+(\S+)", text).group(1)))
    figures.p99_us.append(microseconds(re.search(r"\n\s+99%\s+(\S+)", text).group(1)))


def start(program: str, extra: list[str]) -> Server:
    """The server, once it has predicted correctly."""
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
    return Server(server, url, ready_ms)


def resident_mb(pid: int) -> float:
    return (
        int(re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{pid}/status").read_text()).group(1)) / 1024
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--digitd", default=str(ROOT / "build/server/digitd"))
    parser.add_argument("--before", help="another digitd, which takes turns with this one")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=2, help="of each case in each round")
    parser.add_argument("extra", nargs="*", help="further flags of digitd serve, after --")
    args = parser.parse_args()
    if not shutil.which("wrk"):
        sys.exit("wrk is missing: apt-get install wrk")

    table = cases()
    programs = [p for p in (args.before, args.digitd) if p]
    servers = [start(program, args.extra) for program in programs]
    idle_mb = resident_mb(servers[-1].process.pid)
    try:
        with tempfile.TemporaryDirectory() as folder:
            for _ in range(args.rounds):
                for case in table:
                    for server in servers:
                        measure(case, server, args.seconds, folder)
        busy_mb = resident_mb(servers[-1].process.pid)
    finally:
        for server in servers:
            server.process.terminate()
    before = "  before: CPU us  ratio" if args.before else ""
    print(f"{'case':30} {'requests/s':>10} {'CPU us':>7} {'p50 us':>7} {'p99 us':>7}{before}")
    for case in table:
        figures = [server.figures[case.name].medians() for server in servers]
        if not figures[-1]:
            sys.exit(f"{case.name}: not every answer was a success")
        rate, cpu, p50, p99 = figures[-1]
        old = f"{figures[0][1]:16.1f} {cpu / figures[0][1]:6.2f}" if figures[0] else f"{'-':>16}"
        line = f"{case.name:30} {rate:10.0f} {cpu:7.1f} {p50:7.0f} {p99:7.0f}"
        print(line + (old if args.before else ""))
    print(f"first prediction after {servers[-1].ready_ms:.1f} ms")
    print(f"resident {idle_mb:.1f} MB, after load {busy_mb:.1f} MB")


if __name__ == "__main__":
    main()
