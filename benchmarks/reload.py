#!/usr/bin/env python3
"""Reloads the model a thousand times while wrk asks for predictions without a pause.

No request may fail, and at the end the server may hold no more memory and no more file descriptors
than after the first hundred reloads. Fails otherwise.
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
import urllib.request
from pathlib import Path

from serve import ROOT, cases, microseconds, resident_mb, script

WARM = 100  # reloads after which nothing may grow
GROWTH_MB = 4.0  # what an allocator may keep more at one moment than at another


def comment(text: str) -> bytes:
    """A protobuf field that changes a model's bytes and nothing else: ModelProto.doc_string."""
    return bytes([6 << 3 | 2, len(text)]) + text.encode()


def post(url: str) -> None:
    with urllib.request.urlopen(urllib.request.Request(url, b"{}"), timeout=60) as answer:
        answer.read()


def metric(url: str, name: str) -> float:
    with urllib.request.urlopen(url + "/metrics", timeout=60) as answer:
        lines = answer.read().decode().splitlines()
    return sum(float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith(name + "{"))


def descriptors(pid: int) -> int:
    return len(os.listdir(f"/proc/{pid}/fd"))


def threads(pid: int) -> int:
    return len(os.listdir(f"/proc/{pid}/task"))


def reload_often(
    url: str, pid: int, file: Path, model: bytes, times: int
) -> list[tuple[int, float, int]]:
    """Returns (reloads, megabytes, descriptors that are no connections) along the way."""
    seen = []
    for i in range(1, times + 1):
        new = file.with_suffix(".new")
        new.write_bytes(model + comment(f"reload {i}"))
        new.replace(file)
        post(url + "/v2/repository/models/mnist/load")
        if i == WARM or i % (times // 10) == 0:
            seen.append((i, resident_mb(pid), descriptors(pid)))
    return seen


def load(url: str, seconds: int, folder: str) -> subprocess.Popen:
    case = next(case for case in cases() if case.name.startswith("V2 JSON, 32"))
    command = ["wrk", "-t1", f"-c{case.connections}", f"-d{seconds}s", "--latency"]
    command += [*script(case, folder), url + case.path]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def report(text: str, name: str) -> None:
    if "Non-2xx" in text or "Socket errors" in text:
        sys.exit(f"{name}: not every answer was a success:\n{text}")
    requests = int(re.search(r"(\d+) requests in", text).group(1))
    rate = float(re.search(r"Requests/sec:\s+([\d.]+)", text).group(1))
    p50, p99 = (microseconds(re.search(rf" {p}%\s+(\S+)", text).group(1)) for p in (50, 99))
    print(f"{name:12} {requests:8} answers, none failed, {rate:7.0f}/s, ", end="")
    print(f"p50 {p50 / 1e3:.1f} ms, p99 {p99 / 1e3:.1f} ms")


def serve(program: str, repository: Path) -> tuple[subprocess.Popen, str]:
    flags = ["--model-repository", str(repository), "--repository-api", "--repository-watch=off"]
    flags += ["--repository-settle=10ms", "--log-level=warn", "--port=0"]
    server = subprocess.Popen([program, "serve", *flags], stdout=subprocess.PIPE, text=True)
    return server, server.stdout.readline().removeprefix("listening on ").strip()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--digitd", default=str(ROOT / "build/server/digitd"))
    parser.add_argument("--model", default=str(ROOT / "model/zoo/mnist/1/model.onnx"))
    parser.add_argument("--times", type=int, default=1000)
    args = parser.parse_args()
    if not shutil.which("wrk"):
        sys.exit("wrk is missing: apt-get install wrk")

    model = Path(args.model).read_bytes()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "models/mnist/1/model.onnx"
        file.parent.mkdir(parents=True)
        file.write_bytes(model)
        server, url = serve(args.digitd, file.parents[2])
        try:
            idle = descriptors(server.pid), threads(server.pid)
            report(load(url, 5, folder).communicate()[0], "no reloads")
            clients = load(url, 3600, folder)
            time.sleep(1)
            began = time.monotonic()
            seen = reload_often(url, server.pid, file, model, args.times)
            took = time.monotonic() - began
            clients.send_signal(2)  # wrk ends and reports
            report(clients.communicate()[0], "reloading")
            time.sleep(1)
            after = descriptors(server.pid), threads(server.pid)
            loads = metric(url, "digitd_model_loads_total")
            refused = metric(url, "digitd_model_load_failures_total")
        finally:
            server.terminate()
            server.wait()
    print(f"{args.times} reloads in {took:.1f} s, {loads:.0f} loads counted, {refused:.0f} refused")
    for i, megabytes, fds in seen:
        print(f"after {i:5} reloads: {megabytes:6.1f} MB, {fds} descriptors")
    print(f"descriptors and threads: {idle} before, {after} after; exit code {server.returncode}")
    growth = seen[-1][1] - seen[0][1]
    if growth > GROWTH_MB or after != idle or loads != args.times + 1 or server.returncode:
        sys.exit(json.dumps({"growth_mb": growth, "before": idle, "after": after}))


if __name__ == "__main__":
    main()
