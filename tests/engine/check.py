"""Compares a network's answers with ONNX Runtime's."""

import numpy as np
from conftest import predict
from networks import reference, save

TOLERANCE = 1e-4


def softmax(x):
    e = np.exp(x - x.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def check(network, images, folder, cpu="auto", want=None):
    """Logits like ONNX Runtime's, probabilities like their softmax."""
    model = network.model(None)
    x = images.reshape(-1, *network.shape[1:])
    batch = network.shape[0]
    if want is None and batch == "n":
        want = reference(model, x)
    elif want is None:
        x = x[: len(x) // batch * batch]
        want = np.concatenate([reference(model, p) for p in np.split(x, len(x) // batch)])
    want = want.reshape(len(x), 10)
    logits, probabilities = predict(save(model, folder), images[: len(x)], cpu)
    scale = max(1, np.abs(want).max())
    assert np.abs(logits - want).max() <= TOLERANCE * scale
    assert np.abs(probabilities - softmax(want)).max() <= TOLERANCE
    assert np.ptp(want, axis=0).max() > 1e-3, "the network does not look at its picture"
