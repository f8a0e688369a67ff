"""What a network ends in says what its ten numbers are."""

import numpy as np
import pytest
from check import TOLERANCE, softmax
from conftest import predict
from networks import Network, reference, save


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


# What is behind the logits, and how probabilities are made of them.
ENDS = {
    "nothing": ([], softmax),
    "Relu": (["Relu"], softmax),
    "Tanh": (["Tanh"], softmax),
    "Softmax": (["Softmax"], softmax),
    "Softmax of a Sigmoid": (["Sigmoid", "Softmax"], softmax),
    "Exp of a LogSoftmax": (["LogSoftmax", "Exp"], softmax),
    "Sigmoid": (["Sigmoid"], sigmoid),
    "Sigmoid, reshaped": (["Sigmoid", "Reshape"], sigmoid),
    "Sigmoid, rounded": (["Sigmoid", "QuantizeLinear", "DequantizeLinear"], sigmoid),
}
BEHIND = {"Softmax", "LogSoftmax", "Exp", "Sigmoid", "Reshape"}


def network(ops):
    net = Network(("n", 784))
    net.classify(784)
    for op in ops:
        scale = (net.constant(1 / 255), net.constant(0, np.uint8)) if "Linear" in op else ()
        shape = (net.constant([-1, 10], np.int64),) if op == "Reshape" else ()
        net.add(op, None, *scale, *shape)
    return net


@pytest.mark.parametrize("name", ENDS)
def test_end(name, images, tmp_path):
    ops, make = ENDS[name]
    x = images * 9
    logits, probabilities = predict(save(network(ops).model(), tmp_path), x)
    # What is left when the last function is taken off, and what the file says itself.
    inner = ops[:-1] if name == "Softmax of a Sigmoid" else [o for o in ops if o not in BEHIND]
    inner = [o for o in inner if "Linear" not in o]
    want = reference(network(inner).model(), x)
    assert np.abs(logits - want).max() <= TOLERANCE
    assert np.abs(probabilities - make(want)).max() <= TOLERANCE
    if ops and ops[-1] in BEHIND:
        assert np.abs(probabilities - reference(network(ops).model(), x)).max() <= TOLERANCE


def test_log_of_a_softmax_is_finite(images, tmp_path):
    """ONNX Runtime says minus infinity for what is out of the question; JSON has no such number."""
    x = images * 3000
    logits, probabilities = predict(save(network(["Softmax", "Log"]).model(), tmp_path), x)
    want = reference(network(["LogSoftmax"]).model(), x)
    assert np.abs(logits - want).max() <= 1e-5 * np.abs(want).max()
    assert np.abs(probabilities - np.exp(want)).max() <= 1e-3
    assert not np.isfinite(reference(network(["Softmax", "Log"]).model(), x)).all()


def test_shares_however_made(images, tmp_path):
    """A mean of two distributions is one: no second Softmax, and its logarithms are the logits."""
    net = network(["Softmax"])
    one = net.at
    net.at = "x"
    net.classify(784).add("Softmax")
    net.add("Sum", one, None)
    net.add("Mul", None, net.constant(0.5))
    logits, probabilities = predict(save(net.model(), tmp_path), images * 9)
    want = reference(net.model(), images * 9)
    assert np.abs(probabilities - want).max() <= TOLERANCE
    assert np.abs(logits - np.log(want)).max() <= TOLERANCE


def test_what_sums_to_one_may_be_logits(images, tmp_path):
    """As least squares make it: some are negative."""
    net = Network(("n", 784))
    weights = np.random.default_rng(1).standard_normal((10, 784)) / 28
    weights -= weights.mean(axis=0)
    net.add("Gemm", None, net.constant(weights), net.constant(np.full(10, 0.1)), transB=1)
    logits, probabilities = predict(save(net.model(), tmp_path), images)
    want = reference(net.model(), images)
    assert np.abs(want.sum(axis=1) - 1).max() < 1e-4
    assert np.abs(logits - want).max() <= TOLERANCE
    assert np.abs(probabilities - softmax(want)).max() <= TOLERANCE
