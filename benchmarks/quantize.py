#!/usr/bin/env python3
"""What `digitd quantize` costs in accuracy: well-trained networks on MNIST's test set.

Trains a perceptron, LeNet-5 and a CNN with PyTorch on one thread (some twenty minutes; kept in
build/trained), exports them as people do, quantises them and the network that ships with the first
2,000 pictures of the training set, and prints what the command says of itself.

    DIGITD_MNIST_DIR=... build/venv/bin/python benchmarks/quantize.py
"""

import argparse
import gzip
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from torch import nn

ROOT = Path(__file__).resolve().parent.parent
DIGITD = ROOT / "build/server/digitd"
SHIPPED = ROOT / "model/zoo/mnist/1/model.onnx"
KEPT = ROOT / "build/trained"
BATCH, RATE, SHIFT = 64, 3e-3, 2
IDX_IMAGES, IDX_LABELS = 16, 8  # bytes of header


def convolution(channels_in: int, channels_out: int, side: int) -> list[nn.Module]:
    return [nn.Conv2d(channels_in, channels_out, side, padding=side // 2), nn.ReLU()]


def mlp() -> nn.Module:
    return nn.Sequential(nn.Flatten(), nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 10))


def lenet() -> nn.Module:
    return nn.Sequential(
        *convolution(1, 6, 5),
        nn.MaxPool2d(2),
        nn.Conv2d(6, 16, 5),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        *(nn.Linear(400, 120), nn.ReLU(), nn.Linear(120, 84), nn.ReLU(), nn.Linear(84, 10)),
    )


def cnn() -> nn.Module:
    return nn.Sequential(
        *convolution(1, 32, 3),
        *convolution(32, 32, 3),
        nn.MaxPool2d(2),
        *convolution(32, 64, 3),
        *convolution(64, 64, 3),
        nn.MaxPool2d(2),
        nn.Flatten(),
        *(nn.Linear(3136, 128), nn.ReLU(), nn.Dropout(0.4), nn.Linear(128, 10)),
    )


# How to make it, how often it sees the training set, and whether that is moved about.
NETWORKS = {"mlp": (mlp, 20, 0), "lenet": (lenet, 10, SHIFT), "cnn": (cnn, 3, SHIFT)}


def data(folder: Path, name: str) -> tuple[torch.Tensor, torch.Tensor]:
    """Pictures, ink 1 on 0, and labels."""
    images, labels = (
        np.frombuffer(gzip.decompress((folder / f"{name}-{kind}-ubyte.gz").read_bytes()), np.uint8)
        for kind in ("images-idx3", "labels-idx1")
    )
    pictures = images[IDX_IMAGES:].reshape(-1, 1, 28, 28).astype(np.float32) / 255
    return torch.from_numpy(pictures), torch.from_numpy(labels[IDX_LABELS:].astype(np.int64))


def moved(pictures: torch.Tensor, most: int) -> torch.Tensor:
    """All of them by so many pixels at most, each batch in a direction of its own."""
    by = torch.randint(-most, most + 1, (2,)).tolist()
    return torch.roll(pictures, by, (2, 3)) if most else pictures


def train(network: nn.Module, epochs: int, shift: int, folder: Path) -> None:
    images, labels = data(folder, "train")
    optimizer = torch.optim.Adam(network.parameters(), RATE)
    steps = epochs * len(images) // BATCH
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE, total_steps=steps + epochs)
    network.train()
    for _ in range(epochs):
        for batch in torch.randperm(len(images)).split(BATCH):
            loss = nn.functional.cross_entropy(network(moved(images[batch], shift)), labels[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
    network.eval()


def accuracy(network: nn.Module, folder: Path) -> float:
    images, labels = data(folder, "t10k")
    with torch.no_grad():
        digits = torch.cat([network(part).argmax(1) for part in images.split(500)])
    return (digits == labels).float().mean().item()


def trained(name: str, folder: Path) -> Path:
    """The network's file, trained unless it has been."""
    path = KEPT / f"{name}.onnx"
    if path.exists():
        return path
    make, epochs, shift = NETWORKS[name]
    torch.manual_seed(28)
    network, begin = make(), time.monotonic()
    train(network, epochs, shift, folder)
    print(
        f"# {name}: {100 * accuracy(network, folder):.2f} % after {epochs} epochs,"
        f" {time.monotonic() - begin:.0f} s",
        flush=True,
    )
    KEPT.mkdir(exist_ok=True)
    axes = {"input": {0: "batch"}, "logits": {0: "batch"}}
    names = {"input_names": ["input"], "output_names": ["logits"], "dynamic_axes": axes}
    torch.onnx.export(network, torch.zeros(1, 1, 28, 28), str(path), opset_version=13, **names)
    return path


def quantise(path: Path, out: Path, folder: Path) -> dict[str, float]:
    words = [DIGITD, "quantize", path, "--out", out, "--json"]
    words += ["--calibrate", folder / "train-images-idx3-ubyte.gz"]
    words += ["--images", folder / "t10k-images-idx3-ubyte.gz"]
    words += ["--labels", folder / "t10k-labels-idx1-ubyte.gz"]
    return json.loads(subprocess.run(words, check=True, stdout=subprocess.PIPE).stdout)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--networks", default=",".join([*NETWORKS, "shipped"]), help="with commas")
    options = parser.parse_args()
    folder = Path(os.environ.get("DIGITD_MNIST_DIR", ""))
    if not (folder / "train-images-idx3-ubyte.gz").is_file():
        sys.exit("DIGITD_MNIST_DIR should name the folder of MNIST's four files")
    torch.set_num_threads(1)
    rows = ["| network | in floats | in bytes | lost, points |", "|---|---|---|---|"]
    with tempfile.TemporaryDirectory() as temporary:
        for name in options.networks.split(","):
            path = SHIPPED if name == "shipped" else trained(name, folder)
            report = quantise(path, Path(temporary) / "bytes.onnx", folder)
            before, after = (100 * report[f"accuracy_{when}"] for when in ("before", "after"))
            rows.append(f"| {name} | {before:.2f} % | {after:.2f} % | {before - after:.2f} |")
    print("\n".join(rows))


if __name__ == "__main__":
    main()
