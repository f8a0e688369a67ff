"""The engine beside ONNX Runtime, on a file as the exporter left it."""

from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from engine.conftest import predict

TOLERANCE = 1e-5


def softmax(x: np.ndarray) -> np.ndarray:
    e = np.exp(np.float64(x) - x.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-np.float64(x)))


def ends_in_sigmoid(path: Path) -> bool:
    """Whether classes are each for themselves, with nothing but rounding and names behind it."""
    graph = onnx.load(str(path), load_external_data=False).graph
    made = {name: node for node in graph.node for name in node.output}
    ops = [made[o.name].op_type for o in graph.output if o.name in made]
    return "Sigmoid" in ops and "Softmax" not in ops


def session(path: Path) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def as_array(value: object) -> np.ndarray:
    """An output, which for scikit-learn may be a list of dictionaries from class to number."""
    if isinstance(value, list):
        value = [[row[key] for key in sorted(row)] for row in value]
    return np.asarray(value)


def reference(path: Path, images: np.ndarray) -> np.ndarray:
    """Probabilities of the output with ten numbers, batch by batch as the file wants them."""
    peer = session(path)
    fed = peer.get_inputs()[0]
    shape = [dim if isinstance(dim, int) else -1 for dim in fed.shape]
    batch = shape[0] if shape[0] > 0 and np.prod(shape) > 0 else len(images)
    batch = 1 if np.prod(np.abs(shape)) == 784 and shape[0] > 0 else batch
    shape[0] = -1 if np.prod(np.abs(shape[1:])) == 784 else shape[0]
    answers = []
    for part in np.split(images, range(batch, len(images), batch)):
        outputs = [as_array(o) for o in peer.run(None, {fed.name: part.reshape(shape)})]
        answers.append([o.reshape(len(part), 10) for o in outputs if o.size == 10 * len(part)])
    tens = [np.concatenate(parts) for parts in zip(*answers, strict=True)]
    if ends_in_sigmoid(path):
        return np.float64(tens[-1])
    said = [x for x in tens if (x >= 0).all() and np.allclose(x.sum(axis=1), 1, atol=1e-4)]
    return np.float64(said[0]) if said else softmax(tens[0])


def compare(path: Path, images: np.ndarray, peer: Path | None = None) -> tuple[float, int]:
    """The largest difference of a probability, and how many pictures have the same digit."""
    want = reference(peer or path, images)
    logits, probabilities = predict(path, images)
    assert np.isfinite(logits).all()
    probably = sigmoid if ends_in_sigmoid(path) else softmax
    assert np.abs(probably(logits) - probabilities).max() <= TOLERANCE
    assert len(set(want.argmax(axis=1))) > 1, "the network does not look at its picture"
    same = want.argmax(axis=1) == probabilities.argmax(axis=1)
    return float(np.abs(want - probabilities).max()), int(same.sum())
