#!/usr/bin/env python3
"""What a shadow of 10 % does to the others: latency with and without, by wrk, in pairs.

A server that has --shadow is asked for a second with the candidate in its repository and for one
without it, the order alternating: the network that answers stays where it is in memory, which alone
makes one server a little faster than the next. Each round has a server of its own, on the first
processor; wrk has the last. Printed are the medians, and the median of the pairs' own ratios with
an interval that holds it in 95 of 100 resamplings of the pairs: noise that comes and goes hits
pairs, not one side. Paced clients leave the processor time, which is when the shadow has its own;
those that never pause leave it next to none.
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
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path

from serve import ROOT, Server, cases, script, start

SEED = 7
PATIENCE_S = 10
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
    pairs: int  # in each round


LOADS = [
    Load("paced, 12 connections", 12, 5, 8),
    Load("saturated, 16 connections", 16, 0, 6),
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


def let_be(server: Server, candidate: Path, there: bool) -> None:
    """Puts the candidate into the repository, or takes it away, until the server has noticed."""
    aside = candidate.parents[2] / "aside"
    if there != candidate.exists():
        (aside if there else candidate).rename(candidate if there else aside)
    end = time.monotonic() + PATIENCE_S
    while is_ready(f"{server.url}/v2/models/mnist/versions/{candidate.name}/ready") != there:
        if time.monotonic() > end:
            sys.exit(f"the server has not noticed that {candidate} {'came' if there else 'went'}")
        time.sleep(0.01)


def is_ready(url: str) -> bool:
    try:
        with urllib.request.urlopen(url):
            return True
    except urllib.error.HTTPError:
        return False


def take_pair(
    server: Server, candidate: Path, load: Load, folder: str, first: bool
) -> tuple[dict[str, float], dict[str, float]]:
    """Without the candidate and with it."""
    got = {}
    for there in (first, not first):
        let_be(server, candidate, there)
        got[there] = measure(server, load, folder)
    return got[False], got[True]


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
    parser.add_argument("--rounds", type=int, default=20, help="servers")
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
        flags += ["--shadow", args.shadow] if args.shadow else []
        candidate = Path(folder) / "models/mnist/2"
        for turn in range(args.rounds):
            server = start(args.digitd, flags)
            try:
                for load in loads:
                    for pair in range(load.pairs):
                        first = (turn + pair) % 2 == 0
                        pairs[load.name].append(take_pair(server, candidate, load, folder, first))
                let_be(server, candidate, True)
                last = shadow_metrics(server.url)
            finally:
                server.process.terminate()
        print(f"of the last round:\n{last}")
    print(f"{'load':26} {'':4} {'without':>10} {'with':>10} {'change':>8}  95 % interval")
    for load in loads:
        report(load, pairs[load.name])


if __name__ == "__main__":
    main()
