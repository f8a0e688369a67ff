"""What exporters leave to be computed from weights alone is computed while loading."""

import numpy as np
import pytest
from check import check
from conftest import Refused, predict
from networks import Network, save

WEIGHTS = np.random.default_rng(9).standard_normal((10, 784, 3)).astype(np.float32)


def network(op, axes, values=WEIGHTS, **more):
    """A constant reduced to one number for each pixel, or to what broadcasts to that."""
    net = Network(("n", 784))
    net.add(op, net.constant(values, values.dtype), **({"axes": axes} if axes else {}), **more)
    return net


@pytest.mark.parametrize("op", ["L1", "L2", "Max", "Mean", "Min", "Prod", "SumSquare"])
@pytest.mark.parametrize("axes", [[0, 2], [-1, 0]])
def test_reduced(op, axes, images, tmp_path):
    net = network(f"Reduce{op}", axes, keepdims=0)
    net.add("Mul", "x", None)
    check(net.classify(784), images, tmp_path)


def test_reduced_to_one(images, tmp_path):
    net = network("ReduceMax", None, keepdims=1)
    net.add("Reshape", None, net.constant([1], np.int64))
    net.add("Add", "x", None)
    check(net.classify(784), images, tmp_path)


@pytest.mark.parametrize(
    ("left", "right"),
    [((4, 784), (784,)), ((784,), (784, 4)), ((2, 5), (5, 4)), ((2, 1, 5), (5, 4))],
)
def test_product(left, right, images, tmp_path):
    """As spectral norm has it: a weight over what two vectors make of it."""
    net = Network(("n", 784))
    net.add(
        "MatMul",
        net.constant(WEIGHTS.flat[: np.prod(left)].reshape(left)),
        net.constant(WEIGHTS.flat[-np.prod(right) :].reshape(right)),
    )
    net.add("ReduceSum", None, keepdims=0)
    net.add("Add", "x", None)
    check(net.classify(784), images, tmp_path)


def test_products_of_large_dimensions(images, tmp_path):
    net = network("ReduceProd", [0], np.int64([2**31] * 3))
    net.add("Reshape", "x", None)
    with pytest.raises(Refused, match="numbers are too large"):
        predict(save(net.classify(784).model(), tmp_path), images)
