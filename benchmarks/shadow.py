#!/usr/bin/env python3
"""Latency with and without a shadow of 10 %, by wrk, turn about.

Two servers with two versions of the model, which differ in nothing but --shadow. wrk asks one and
then the other, for a little while each, over many rounds; compared are the lower quartiles, since
noise only ever adds, of the percentiles and of the processor time that the event loops take for
an answer, and beside them the median of the rounds' own ratios. Paced clients leave the
processors time, which is when the shadow has its own; those that never pause leave it none, and
then its queue fills and samples are dropped.
"""

import argparse
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import urllib.request
from pathlib import Path

from serve import ROOT, cases, microseconds, script

LOADS = {"paced, 4 connections": (4, 2), "saturated, 16 connections": (16, 0)}


def serve(program: str, repository: Path, *extra: str) -> tuple[subprocess.Popen, str]:
    flags = ["--model-repository", str(repository), "--label", "default=1", "--port=0", *extra]
    server = subprocess.Popen(
        [program, "serve", *flags], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    return server, server.stdout.readline().removeprefix("listening on ").strip()


def loop_seconds(pid: int) -> float:
    """The processor time of all threads but the shadow's."""
    total = 0
    for task in Path(f"/proc/{pid}/task").iterdir():
        if (task / "comm").read_text().strip() != "shadow":
            total += int((task / "schedstat").read_text().split()[0])
    return total / 1e9


def measure(
    server: tuple[subprocess.Popen, str], load: tuple[int, int], seconds: int, folder: str
) -> dict[str, float]:
    process, url = server
    connections, pause_ms = load
    case = next(case for case in cases() if case.name.startswith("V2 JSON, 32"))
    words = script(case, folder)
    lua = Path(words[1])
    if pause_ms:
        lua.write_text(lua.read_text() + f"function delay() return {pause_ms} end\n")
    cpu = loop_seconds(process.pid)
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency", *words]
    done = subprocess.run([*command, url + case.path], check=True, capture_output=True, text=True)
    if "Non-2xx" in done.stdout or "Socket errors" in done.stdout:
        sys.exit(f"not every answer was a success:\n{done.stdout}")
    answers = int(re.search(r"(\d+) requests in", done.stdout).group(1))
    p50, p99 = (re.search(rf" {p}%\s+(\S+)", done.stdout).group(1) for p in (50, 99))
    return {
        "p50": microseconds(p50),
        "p99": microseconds(p99),
        "CPU": (loop_seconds(process.pid) - cpu) / answers * 1e6,
    }


def shadow_metrics(url: str) -> str:
    with urllib.request.urlopen(url + "/metrics") as answer:
        lines = answer.read().decode().splitlines()
    wanted = ("digitd_shadow_images_total", "digitd_shadow_dropped_total")
    return "\n".join(line for line in lines if line.startswith(wanted))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--digitd", default=str(ROOT / "build/server/digitd"))
    parser.add_argument("--model", default=str(ROOT / "model/zoo/mnist/1/model.onnx"))
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--seconds", type=int, default=2, help="of each load in each round")
    args = parser.parse_args()
    if not shutil.which("wrk"):
        sys.exit("wrk is missing: apt-get install wrk")

    with tempfile.TemporaryDirectory() as folder:
        for version in "12":
            file = Path(folder) / f"models/mnist/{version}/model.onnx"
            file.parent.mkdir(parents=True)
            shutil.copy(args.model, file)
        repository = Path(folder) / "models"
        plain, shadowed = (
            serve(args.digitd, repository),
            serve(args.digitd, repository, "--shadow", "mnist@2=10%"),
        )
        servers = {"without": plain, "with": shadowed}
        seen: dict[tuple[str, str, str], list[float]] = {}
        try:
            for turn in range(args.rounds):
                for load, shape in LOADS.items():
                    for name in sorted(servers, reverse=turn % 2 == 0):
                        got = measure(servers[name], shape, args.seconds, folder)
                        for what, us in got.items():
                            seen.setdefault((load, name, what), []).append(us)
            print(shadow_metrics(shadowed[1]))
        finally:
            for server, _ in servers.values():
                server.terminate()
    print(f"{'load':26} {'':4} {'without':>10} {'with':>10} {'change':>8} {'of pairs':>9}")
    for load in LOADS:
        for what in ("p50", "p99", "CPU"):
            a, b = seen[load, "without", what], seen[load, "with", what]
            low_a, low_b = (statistics.quantiles(values, n=4)[0] for values in (a, b))
            pairs = statistics.median(y / x for x, y in zip(a, b, strict=True)) - 1
            lows = f"{low_a:7.1f} us {low_b:7.1f} us"
            print(f"{load:26} {what:4} {lows} {low_b / low_a - 1:8.1%} {pairs:9.1%}")


if __name__ == "__main__":
    main()
