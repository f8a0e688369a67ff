#!/usr/bin/env python3
"""How well numbers of several digits are read, by how close the digits stand.

Numbers of two to five digits are made of MNIST's pictures: with paper between the digits,
touching, and overlapping. An answer is right if every digit is; admitted if a part of it is said
to be no digit; else it is wrong, which is what nobody wants.
"""

import argparse
import http.client
import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "model"), str(ROOT / "tests" / "http")]
from pictures import png  # noqa: E402
from train.data import held_out, load_mnist  # noqa: E402

# Pixels of MNIST between one digit's ink and the next one's, row by row where they are nearest.
GAPS = {"apart": (2, 8), "touching": (-1, 0), "overlapping": (-4, -2)}
VERDICTS = ("right", "admitted", "wrong")
FAINTEST = 64
DROP = 2  # pixels, up or down
Grey = np.ndarray


def nearest(left: Grey, right: Grey) -> int:
    """How many columns `right` may be moved into `left` until ink meets ink."""
    width = left.shape[1]
    rooms = [width + right.shape[1]]
    for a, b in zip(left > FAINTEST, right > FAINTEST, strict=True):
        if a.any() and b.any():
            rooms.append(int(width - 1 - np.flatnonzero(a)[-1] + np.flatnonzero(b)[0]))
    return min(*rooms, width, right.shape[1]) if len(rooms) > 1 else 0


def tight(digit: Grey) -> Grey:
    columns = np.flatnonzero((digit > FAINTEST).any(axis=0))
    return digit[:, columns[0] : columns[-1] + 1]


def write(digits: list[Grey], gaps: tuple[int, int], rng: np.random.Generator) -> Grey:
    """One line of them, black on white, four times as large as MNIST's."""
    line = np.pad(tight(digits[0]), ((DROP, DROP), (0, 0)))
    for digit in digits[1:]:
        top = int(rng.integers(0, 2 * DROP + 1))
        other = np.pad(tight(digit), ((top, 2 * DROP - top), (0, 0)))
        gap = int(rng.integers(gaps[0], gaps[1] + 1))
        place = max(line.shape[1] - nearest(line, other) + gap, 0)
        both = np.zeros((len(line), max(line.shape[1], place + other.shape[1])), np.uint8)
        both[:, : line.shape[1]] = line
        space = both[:, place : place + other.shape[1]]
        np.maximum(space, other, out=space)
        line = both
    return np.kron(255 - np.pad(line, 6), np.ones((4, 4), np.uint8)).astype(np.uint8)


def read(connection: http.client.HTTPConnection, picture: Grey) -> str:
    connection.request(
        "POST",
        "/v1/models/mnist:predict?number=true",
        png(picture, 1),
        {"Content-Type": "image/png"},
    )
    answer = json.loads(connection.getresponse().read())
    return "".join(
        "?" if one["digit"] is None else str(one["digit"]) for one in answer["predictions"]
    )


def main() -> int:
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("--digitd", default=str(ROOT / "build/server/digitd"))
    p.add_argument("--model", help="a file (default: the built-in one)")
    p.add_argument("--mnist", default=os.environ.get("DIGITD_MNIST_DIR"), help="folder of MNIST")
    p.add_argument("--count", type=int, default=500, help="numbers of each kind")
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("--held-out", action="store_true", help="training's held-out digits, to tune on")
    p.add_argument("--show", action="store_true", help="list what is wrong")
    a = p.parse_args()
    if a.mnist is None:
        p.error("--mnist is needed, or DIGITD_MNIST_DIR")
    images, labels = load_mnist(Path(a.mnist), "train" if a.held_out else "t10k")
    if a.held_out:
        away = held_out(len(images))
        images, labels = images[away], labels[away]
    command = [a.digitd, "serve", "--port=0", *(["--model", a.model] if a.model else [])]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        host = server.stdout.readline().removeprefix("listening on http://").strip(" /\n")
        connection = http.client.HTTPConnection(host)
        for name, gaps in GAPS.items():
            rng = np.random.default_rng(a.seed)
            counts = Counter()
            for _ in range(a.count):
                chosen = rng.integers(len(images), size=rng.integers(2, 6))
                said = read(connection, write([images[i] for i in chosen], gaps, rng))
                truth = "".join(str(labels[i]) for i in chosen)
                verdict = "right" if said == truth else "admitted" if "?" in said else "wrong"
                counts[verdict] += 1
                if a.show and verdict != "right":
                    print(f"{name}: {truth} was read as {said}")
            shares = [f"{k}={100 * counts[k] / a.count:.1f}%" for k in VERDICTS]
            print(f"{name}: {' '.join(shares)}", flush=True)
    finally:
        server.terminate()
        server.wait()
    return 0


if __name__ == "__main__":
    sys.exit(main())
