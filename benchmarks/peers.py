#!/usr/bin/env python3
"""digitd beside other programs that answer the same requests, by wrk.

Against node's http with ONNX Runtime; against libmicrohttpd answering fixed bytes, which no server
made of it can pass; and its health route against an epoll loop that sends the same bytes. Servers
have the first processor, one thread each, and wrk the last; in each round both answer for a while,
one after the other. Printed are medians, and the median of the rounds' own ratios.

    build/venv/bin/python benchmarks/peers.py
"""

import argparse
import json
import os
import shutil
import socket
import statistics
import struct
import subprocess
import sys
import tempfile
import urllib.parse
import urllib.request
from dataclasses import dataclass
from pathlib import Path

from kernels import write
from serve import ROOT, Case, Figures, Server, digit, measure

HERE = Path(__file__).resolve().parent
BUILD = ROOT / "build"
ORT_NODE = "onnxruntime-node@1.30.0"
INFER, LIVE = "/v2/models/mnist/infer", "/v2/health/live"
CLIENTS = 32
INPUT = "x"  # of the networks that kernels.py makes


@dataclass
class Pair:
    case: Case
    wanted: float  # how many times the peer's requests per second
    digitd: list[str]  # flags
    peer: list[str]  # command
    figures: tuple[Figures, Figures]


def json_case(name: str) -> Case:
    tensor = {"name": INPUT, "shape": [1, 1, 28, 28], "datatype": "FP32", "data": digit()}
    return Case(name, INFER, CLIENTS, json.dumps({"inputs": [tensor]}).encode())


def binary_case(name: str) -> Case:
    tail = struct.pack("<784f", *digit())
    tensor = {"name": INPUT, "shape": [1, 1, 28, 28], "datatype": "FP32"}
    tensor["parameters"] = {"binary_data_size": len(tail)}
    text = json.dumps({"inputs": [tensor], "parameters": {"binary_data_output": True}}).encode()
    headers = {"Inference-Header-Content-Length": str(len(text))}
    return Case(name, INFER, CLIENTS, text + tail, headers)


def launch(command: list[str], **environment: str) -> Server:
    first = str(min(os.sched_getaffinity(0)))
    process = subprocess.Popen(
        ["taskset", "-c", first, *command],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env={**os.environ, **environment},
    )
    return Server(process, process.stdout.readline().removeprefix("listening on ").strip(), 0.0)


def digitd(program: str, flags: list[str]) -> Server:
    return launch([program, "serve", "--port", "0", "--threads", "1", *flags])


def answer_of(server: Server, case: Case) -> tuple[bytes, str]:
    """The body that it answers with, and its type."""
    request = urllib.request.Request(server.url + case.path, case.body or None, case.headers)
    with urllib.request.urlopen(request) as answer:
        return answer.read(), answer.headers["Content-Type"]


def raw_answer_of(server: Server, path: str) -> bytes:
    """The bytes that it answers with to a GET, head and all."""
    url = urllib.parse.urlparse(server.url)
    with socket.create_connection((url.hostname, url.port)) as s:
        s.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        return s.recv(65536)


def node_modules() -> str:
    folder = BUILD / "peers"
    if not (folder / "node_modules/onnxruntime-node").is_dir():
        folder.mkdir(exist_ok=True)
        install = ["npm", "install", "--no-audit", "--no-fund", "--prefix", str(folder), ORT_NODE]
        subprocess.run(install, check=True, env={**os.environ, "ONNXRUNTIME_NODE_INSTALL": "skip"})
    return str(folder / "node_modules")


def pairs(program: str, only: str, folder: Path) -> list[Pair]:
    """With the answers that peers are to give written into the folder."""
    epoll, mhd = (str(BUILD / f"benchmarks/bench_peer_{name}") for name in ("epoll", "mhd"))
    models = {name: str(write(name, folder)) for name in ("mlp", "lenet", "cnn")}
    found = []

    def add(case: Case, wanted: float, flags: list[str], peer: list[str]) -> None:
        found.append(Pair(case, wanted, flags, peer, (Figures(), Figures())))

    if only in ("", "node"):
        for name, wanted in (("mlp", 4.0), ("lenet", 3.5), ("cnn", 2.2)):
            command = ["node", str(HERE / "peer_node.js"), models[name]]
            add(json_case(f"{name}, V2 JSON, node"), wanted, ["--model", models[name]], command)
    server = digitd(program, ["--model", models["mlp"]])
    try:
        flags = ["--model", models["mlp"]]
        if only in ("", "mhd"):
            for case, wanted in (
                (binary_case("mlp, V2 binary, libmicrohttpd"), 0.65),
                (json_case("mlp, V2 JSON, libmicrohttpd"), 0.55),
            ):
                body, content_type = answer_of(server, case)
                file = folder / f"{len(found)}.answer"
                file.write_bytes(body)
                add(case, wanted, flags, [mhd, str(file), content_type])
        if only in ("", "epoll"):
            file = folder / "live.answer"
            file.write_bytes(raw_answer_of(server, LIVE))
            case = Case("health route, epoll loop", LIVE, CLIENTS)
            add(case, 0.9, flags, [epoll, str(file)])
    finally:
        server.process.terminate()
    return found


def run(pair: Pair, program: str, rounds: int, seconds: int, folder: str) -> None:
    environment = {"NODE_PATH": node_modules()} if pair.peer[0] == "node" else {}
    servers = (digitd(program, pair.digitd), launch(pair.peer, **environment))
    try:
        for server in servers:
            measure(pair.case, server, 1, folder)  # warms up
            server.figures.clear()
        for turn in range(rounds):
            for server in servers if turn % 2 else servers[::-1]:
                measure(pair.case, server, seconds, folder)
        pair.figures = tuple(server.figures[pair.case.name] for server in servers)
    finally:
        for server in servers:
            server.process.terminate()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--digitd", default=str(BUILD / "server/digitd"))
    parser.add_argument("--only", choices=["node", "mhd", "epoll"], default="", help="one peer")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=int, default=2, help="of each in each round")
    args = parser.parse_args()
    for tool in ("wrk", "ninja", *(["node", "npm"] if args.only in ("", "node") else [])):
        if not shutil.which(tool):
            sys.exit(f"{tool} is missing: apt-get install wrk ninja-build nodejs npm")
    targets = ["benchmarks/bench_peer_epoll", "benchmarks/bench_peer_mhd"]
    subprocess.run(["ninja", "-C", str(BUILD), *targets], check=True, stdout=subprocess.DEVNULL)

    head = f"{'case':32} {'digitd/s':>9} {'peer/s':>9} {'ratio':>6} {'wanted':>7}"
    print(head + f" {'CPU us':>7} {'peer':>7} {'ratio':>6}")
    with tempfile.TemporaryDirectory() as folder:
        for pair in pairs(args.digitd, args.only, Path(folder)):
            run(pair, args.digitd, args.rounds, args.seconds, folder)
            ours, theirs = pair.figures
            rates = [a / b for a, b in zip(ours.rates, theirs.rates, strict=True)]
            costs = [b / a for a, b in zip(ours.cpu_us, theirs.cpu_us, strict=True)]
            ours, theirs = ours.medians(), theirs.medians()
            line = f"{pair.case.name:32} {ours[0]:9.0f} {theirs[0]:9.0f}"
            line += f" {statistics.median(rates):6.2f} {pair.wanted:7.2f}"
            print(line + f" {ours[1]:7.1f} {theirs[1]:7.1f} {statistics.median(costs):6.2f}")


if __name__ == "__main__":
    main()
