"""LSTM, GRU and RNN over the rows of a picture, beside ONNX Runtime."""

import numpy as np
import pytest
from check import check
from conftest import Refused, predict
from networks import Network, save

GATES = {"LSTM": 4, "GRU": 3, "RNN": 1}
STEPS, HIDDEN = 28, 21


def network(op, output=0, directions=1, bias=True, initial=False, lengths=None, **more):
    net = Network(("n", 28, 28))
    if initial or lengths:
        # As exporters do it: as many as there are pictures.
        net.add("Shape", "x")
        picture = net.add("Gather", None, net.constant([0], np.int64), axis=0)
    state = []
    for _ in range(2 if op == "LSTM" else 1):
        if not initial:
            break
        one = net.weights(directions, 1, HIDDEN)
        around = net.constant([directions], np.int64), net.constant([HIDDEN], np.int64)
        shape = net.add("Concat", around[0], picture, around[1], axis=0)
        state.append(net.add("Expand", one, shape))
    count = net.add("Expand", net.constant([lengths], np.int32), picture) if lengths else ""
    net.at = "x"
    net.add("Transpose", perm=[1, 0, 2])
    rows = GATES[op] * HIDDEN
    net.add(
        op,
        None,
        net.weights(directions, rows, 28),
        net.weights(directions, rows, HIDDEN),
        net.weights(directions, 2 * rows) if bias else "",
        count,
        *state,
        outputs=3 if op == "LSTM" else 2,
        hidden_size=HIDDEN,
        **more,
    )
    net.at = f"v{len(net.nodes) - 1}_{output}"
    axes = [2, 0, 1, 3] if output == 0 else [1, 0, 2]
    net.add("Transpose", perm=axes)
    size = directions * HIDDEN * (1 if output else STEPS)
    net.add("Reshape", None, net.constant([-1, size], np.int64))
    return net.classify(size)


BOTH = {"directions": 2, "direction": "bidirectional"}
CASES = {
    "lstm": ("LSTM", {}),
    "lstm, last": ("LSTM", {"output": 1}),
    "lstm, cells": ("LSTM", {"output": 2, "initial": True}),
    "lstm, backwards": ("LSTM", {"direction": "reverse", "bias": False}),
    "lstm, both ways": ("LSTM", {**BOTH, "initial": True}),
    "lstm, both ways, cells": ("LSTM", {**BOTH, "output": 2}),
    "lstm, lengths": ("LSTM", {"lengths": STEPS}),
    "lstm, functions": ("LSTM", {"activations": ["Sigmoid", "Tanh", "Tanh"]}),
    "gru": ("GRU", {}),
    "gru, reset after": ("GRU", {"linear_before_reset": 1, "initial": True}),
    "gru, both ways": ("GRU", {**BOTH, "output": 1, "linear_before_reset": 1}),
    "gru, backwards": ("GRU", {"direction": "reverse", "initial": True}),
    "rnn": ("RNN", {}),
    "rnn, relu": ("RNN", {"activations": ["Relu"], "output": 1}),
    "rnn, both ways": ("RNN", {**BOTH, "initial": True, "activations": ["Tanh", "Tanh"]}),
}


@pytest.mark.parametrize("cpu", ["auto", "generic"])
@pytest.mark.parametrize("name", CASES)
def test_recurrent(name, cpu, images, tmp_path):
    op, how = CASES[name]
    check(network(op, **how), images, tmp_path, cpu)


REFUSED = [
    (network("LSTM", activations=["Sigmoid", "Relu", "Tanh"]), "its default activations"),
    (network("RNN", activations=["Affine"]), "its default activations"),
    (network("GRU", clip=1.0), "attribute 'clip'"),
    (network("LSTM", input_forget=1), "'input_forget' is 1"),
    (network("LSTM", direction="sideways"), "'direction' is 'sideways'"),
    (network("LSTM", lengths=27), "must be 28, all of its steps"),
]


@pytest.mark.parametrize(("net", "why"), REFUSED, ids=[why for _, why in REFUSED])
def test_refused(net, why, images, tmp_path):
    with pytest.raises(Refused) as refusal:
        predict(save(net.model(), tmp_path), images)
    assert why in str(refusal.value)


def test_pictures_are_no_steps(images, tmp_path):
    """As when somebody forgets that steps come first."""
    net = network("GRU")
    net.nodes[0].attribute[0].ints[:] = [0, 1, 2]
    with pytest.raises(Refused, match="its steps go from picture to picture"):
        predict(save(net.model(), tmp_path), images)
