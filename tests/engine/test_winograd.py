"""Convolutions that go Winograd's way, with and without a pool behind them."""

import json
import os
import subprocess
from pathlib import Path

import numpy as np
import pytest
from check import check
from conftest import predict
from networks import Network, save

DIGITD = os.environ.get("DIGITD", str(Path(__file__).resolve().parents[2] / "build/server/digitd"))
HALVES = {"kernel_shape": [2, 2], "strides": [2, 2]}


def network(crop, pads, pool=None, relu="before", channels=(16, 40), kernel=3):
    """A convolution of (28 - crop + pads) squared pixels."""
    made = Network()
    made.conv(1, channels[0], crop + 1)
    made.conv(*channels, kernel, pads=pads)
    if relu == "before":
        made.add("Relu")
    if pool:
        made.add("MaxPool", **pool)
    if relu == "after":
        made.add("Relu")
    return made.classify()


def kernels(path):
    done = subprocess.run([DIGITD, "inspect", "--json", path], capture_output=True, check=True)
    return [step["kernel"].split()[0] for step in json.loads(done.stdout)["steps"]]


CASES = {
    "whole tiles": (0, [1, 1, 1, 1]),
    "part of a tile": (13, [0, 0, 0, 0]),
    "one pixel more": (7, [1, 0, 1, 1]),
    "wide border": (19, [3, 2, 1, 4]),
    "hardly a tile": (21, [0, 0, 0, 0]),
}
POOLS = {
    "none": None,
    "halves": HALVES,
    "ceil": HALVES | {"ceil_mode": 1},
    "overlaps": {"kernel_shape": [3, 3], "strides": [2, 2]},
    "padded": HALVES | {"pads": [1, 1, 1, 1]},
}


@pytest.mark.parametrize("kernel", [3, 5])
@pytest.mark.parametrize("pool", POOLS.values(), ids=POOLS)
@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_like_onnx_runtime(case, pool, kernel, images, tmp_path):
    check(network(*case, pool, kernel=kernel), images, tmp_path)


@pytest.mark.parametrize("pool", POOLS.values(), ids=POOLS)
@pytest.mark.parametrize("shape", [(6, 5, 2), (10, 5, 0), (3, 3, 1), (12, 4, 1), (8, 10, 0)])
def test_few_channels_of_the_picture(shape, pool, images, tmp_path):
    """Not Winograd's way, but with a pool behind it too."""
    channels, kernel, pad = shape
    made = Network()
    made.conv(1, channels, kernel, pads=[pad] * 4)
    made.add("Relu")
    if pool:
        made.add("MaxPool", **pool)
    check(made.classify(), images, tmp_path)


@pytest.mark.parametrize("relu", ["after", None])
def test_relu(relu, images, tmp_path):
    check(network(0, [1, 1, 1, 1], HALVES, relu), images, tmp_path)


@pytest.mark.parametrize("pool", [None, HALVES], ids=["none", "halves"])
@pytest.mark.parametrize("crop", [10, 11])
@pytest.mark.parametrize("channels", [(4, 17), (6, 16), (12, 5)])
def test_strips(channels, crop, pool, images, tmp_path):
    """5x5 windows over a few channels, of pictures with an even and an odd number of rows."""
    made = network(crop, [0, 0, 0, 0], pool, channels=channels, kernel=5)
    assert "winograd" in kernels(save(made.model(), tmp_path))
    check(made, images, tmp_path)


@pytest.mark.parametrize("channels", [(3, 16), (17, 20), (64, 7)])
def test_channels(channels, images, tmp_path):
    check(network(10, [1, 1, 1, 1], HALVES, channels=channels), images, tmp_path)


def test_two_readers(images, tmp_path):
    """What a pool and another layer read is there in full."""
    made = Network()
    made.conv(1, 16, 3, pads=[1, 1, 1, 1])
    whole = made.conv(16, 16, 3, pads=[1, 1, 1, 1])
    made.add("MaxPool", whole, **HALVES)
    half = made.conv(16, 16, 3, pads=[1, 1, 1, 1])
    made.add("MaxPool", whole, **HALVES)
    made.add("Add", None, half)
    check(made.classify(), images, tmp_path)


@pytest.mark.parametrize("kernel", [3, 5])
def test_is_chosen(kernel, tmp_path):
    path = save(network(0, [1, 1, 1, 1], HALVES, kernel=kernel).model(), tmp_path)
    names = kernels(path)
    assert "winograd" in names and "max_pool" not in names
    path = save(network(0, [1, 1, 1, 1], POOLS["overlaps"]).model(), tmp_path)
    assert {"winograd", "max_pool"} <= set(kernels(path))


@pytest.mark.parametrize("channels, kernel", [((16, 40), 3), ((6, 16), 5)])
def test_company_does_not_matter(channels, kernel, images, tmp_path):
    made = network(4, [1, 1, 1, 1], HALVES, channels=channels, kernel=kernel)
    path = save(made.model(None), tmp_path)
    together = predict(path, images)
    for i in range(len(images)):
        assert np.array_equal(together[:, i : i + 1], predict(path, images[i : i + 1]))
