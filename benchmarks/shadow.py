#!/usr/bin/env python3
"""What a shadow of 10 % does to the others: latency with and without, by wrk, in pairs.

In each round two servers that differ in nothing but --shadow start together, on the first processor
(anew, since where a network lies in memory makes it a little faster or slower); wrk has the last.
Both are asked in turns of a second, the order alternating; a side's figures are the medians of its
turns. Printed are the medians of the rounds, and the median of the pairs' own ratios with an
interval that holds it in 95 of 100 resamplings of the pairs: noise that comes and goes hits pairs,
not one side.
Paced clients leave the processor time, which is when the shadow has its own; those that never pause
leave it next to none.
"""

import argparse
import os
import random
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import urllib.request
from dataclasses import dataclass
from pathlib import Path

from serve import ROOT, Server, cases, script, start

SEED = 7
RESAMPLINGS = 2000
DONE = """
function done(summary, latency)
  io.write(("p50=%d p99=%d n=%d\\n"):format(
    latency:percentile(50), latency:percentile(99), summary.requests))
end
"""


@dataclass
class Load:
    name: str
    connections: int
    pause_ms: int  # at most, before each request; drawn, lest the clients fall into step
    turns: int  # a second each


LOADS = [
    Load("paced, 12 connections", 12, 5, 4),
    Load("saturated, 16 connections", 16, 0, 2),
]


def loop_seconds(pid: int) -> float:
    """The processor time of all threads but the shadow's."""
    total = 0
    for task in Path(f"/proc/{pid}/task").iterdir():
        if (task / "comm").read_text().strip() != "shadow":
            total += int((task / "schedstat").read_text().split()[0])
    return total / 1e9


def measure(server: Server, load: Load, folder: str) -> dict[str, float]:
    """Microseconds: two percentiles, and the processor time of the event loop for an answer."""
    case = next(case for case in cases() if case.name.startswith("V2 JSON, 32"))
    words = script(case, folder)
    pause = f"function delay() return math.random({load.pause_ms}) end\n" if load.pause_ms else ""
    lua = Path(words[1])
    lua.write_text(lua.read_text() + pause + DONE)
    last = str(max(os.sched_getaffinity(0)))
    command = ["taskset", "-c", last, "wrk", "-t1", f"-c{load.connections}", "-d1s"]
    cpu = loop_seconds(server.process.pid)
    done = subprocess.run(
        [*command, *words, server.url + case.path],
        check=True,
        capture_output=True,
        text=True,
    )
    cpu = loop_seconds(server.process.pid) - cpu
    if "Non-2xx" in done.stdout or "Socket errors" in done.stdout:
        sys.exit(f"not every answer was a success:\n{done.stdout}")
    p50, p99, answers = map(int, re.search(r"p50=(\d+) p99=(\d+) n=(\d+)", done.stdout).groups())
    return {"p50": p50, "p99": p99, "CPU": cpu / answers * 1e6}


def take_turns(servers: list[Server], load: Load, folder: str) -> tuple[dict[str, float], ...]:
    """The medians of what each has in its turns."""
    got: list[list[dict[str, float]]] = [[] for _ in servers]
    for turn in range(load.turns):
        for side in range(len(servers)) if turn % 2 else reversed(range(len(servers))):
            got[side].append(measure(servers[side], load, folder))
    return tuple(
        {key: statistics.median(one[key] for one in side) for key in side[0]} for side in got
    )


def interval(ratios: list[float]) -> tuple[float, float]:
    """Of the median, by bootstrap."""
    dice = random.Random(SEED)
    medians = sorted(
        statistics.median(dice.choices(ratios, k=len(ratios))) for _ in range(RESAMPLINGS)
    )
    return medians[RESAMPLINGS // 40], medians[-RESAMPLINGS // 40]


def shadow_metrics(url: str) -> str:
    with urllib.request.urlopen(url + "/metrics") as answer:
        lines = answer.read().decode().splitlines()
    wanted = ("digitd_shadow_images_total", "digitd_shadow_dropped_total")
    return "\n".join(line for line in lines if line.startswith(wanted))


def report(load: Load, pairs: list[tuple[dict[str, float], dict[str, float]]]) -> None:
    for what in ("p50", "p99", "CPU"):
        without, shadowed = ([side[what] for side in sides] for sides in zip(*pairs, strict=True))
        ratios = [b / a for a, b in zip(without, shadowed, strict=True)]
        low, high = interval(ratios)
        print(
            f"{load.name:26} {what:4} {statistics.median(without):7.1f} us "
            f"{statistics.median(shadowed):7.1f} us {statistics.median(ratios) - 1:+8.1%} "
            f" {low - 1:+.1%} to {high - 1:+.1%}"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--digitd", default=str(ROOT / "build/server/digitd"))
    parser.add_argument("--model", default=str(ROOT / "model/zoo/mnist/1/model.onnx"))
    parser.add_argument("--rounds", type=int, default=20, help="pairs of each load")
    parser.add_argument("--load", choices=["paced", "saturated"], help="only this one")
    parser.add_argument(
        "--shadow",
        default="mnist@2=10%",
        help="what to try; an empty one shows what noise does",
    )
    args = parser.parse_args()
    if not shutil.which("wrk"):
        sys.exit("wrk is missing: apt-get install wrk")

    with tempfile.TemporaryDirectory() as folder:
        for version in "12":
            file = Path(folder) / f"models/mnist/{version}/model.onnx"
            file.parent.mkdir(parents=True)
            shutil.copy(args.model, file)
        flags = ["--model-repository", f"{folder}/models", "--label", "default=1"]
        flags += ["--drain-delay", "0"]
        loads = [load for load in LOADS if load.name.startswith(args.load or "")]
        pairs = {load.name: [] for load in loads}
        both = [flags, [*flags, *(["--shadow", args.shadow] if args.shadow else [])]]
        for _ in range(args.rounds):
            servers = [start(args.digitd, one) for one in both]
            try:
                for load in loads:
                    pairs[load.name].append(take_turns(servers, load, folder))
                last = shadow_metrics(servers[1].url)
            finally:
                for server in servers:
                    server.process.terminate()
        print(f"of the last round:\n{last}")
    print(f"{'load':26} {'':4} {'without':>10} {'with':>10} {'change':>8}  95 % interval")
    for load in loads:
        report(load, pairs[load.name])


if __name__ == "__main__":
    main()
