"""Models quantised by ONNX Runtime's own tools, whose integers are reproduced exactly."""

import json
import os
import subprocess
from pathlib import Path

import numpy as np
import onnx
import pytest
from conftest import Refused, predict
from networks import Network, reference
from onnx import TensorProto
from onnxruntime.quantization import (
    CalibrationDataReader,
    QuantFormat,
    QuantType,
    quantize_dynamic,
    quantize_static,
)

DIGITD = os.environ.get("DIGITD", str(Path(__file__).resolve().parents[2] / "build/server/digitd"))

STATIC = [
    (form, per_channel, activations, weights)
    for form in QuantFormat
    for per_channel in (False, True)
    for activations, weights in (
        (QuantType.QUInt8, QuantType.QInt8),
        (QuantType.QInt8, QuantType.QInt8),
        (QuantType.QUInt8, QuantType.QUInt8),
    )
]


LEVELS = ["generic", "x86-64-v2", "x86-64-v3", "x86-64-v4", "x86-64-v4-vnni", "neon"]


class Reader(CalibrationDataReader):
    def __init__(self, images):
        self.batches = iter([{"x": images}])

    def get_next(self):
        return next(self.batches, None)


def dense():
    network = Network()
    network.add("Flatten")
    network.add("Gemm", None, network.weights(33, 784), network.weights(33), transB=1)
    network.add("Relu")
    return network.classify(33)


def convolutions():
    """Padding, strides, odd channel counts, a window with a margin."""
    network = Network()
    network.conv(1, 6, 5, pads=[2, 2, 2, 2])
    network.add("Relu")
    network.add("MaxPool", kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1])
    network.conv(6, 20, 3, strides=[2, 2], dilations=[2, 2])
    network.add("Relu")
    return network.classify()


def residual():
    """Two paths that are added, groups, a pool that works on floats."""
    network = Network()
    start = network.conv(1, 16, 3, pads=[1, 1, 1, 1])
    network.conv(16, 16, 3, pads=[1, 1, 1, 1], group=4)
    network.add("Relu")
    network.add("Add", None, start)
    network.add("Relu")
    network.add("AveragePool", kernel_shape=[4, 4], strides=[4, 4])
    return network.classify()


def tiles():
    """Winograd's way: whole tiles and parts, with a pool behind them and without."""
    network = Network()
    for channels, pads, halves in (
        ((1, 32), [1, 1, 1, 1], False),
        ((32, 32), [1, 1, 1, 1], True),
        ((32, 40), [1, 0, 1, 1], False),
    ):
        network.conv(*channels, 3, pads=pads)
        network.add("Relu")
        if halves:
            network.add("MaxPool", kernel_shape=[2, 2], strides=[2, 2])
    return network.classify()


def lenet():
    """Pools behind the direct way; a window that is the whole picture."""
    network = Network()
    for channels, halves in (((1, 6), True), ((6, 16), True), ((16, 20), False)):
        network.conv(*channels, 5, pads=[2 * (channels[0] == 1)] * 4)
        network.add("Relu")
        if halves:
            network.add("MaxPool", kernel_shape=[2, 2], strides=[2, 2])
    return network.classify()


NETWORKS = {
    "dense": dense,
    "convolutions": convolutions,
    "residual": residual,
    "tiles": tiles,
    "lenet": lenet,
}


def quantised(network, images, folder, form, per_channel, activations, weights):
    source, target = folder / "float.onnx", folder / "model.onnx"
    source.write_bytes(network.model().SerializeToString())
    quantize_static(
        source,
        target,
        Reader(images.reshape(-1, *network.shape[1:])),
        quant_format=form,
        per_channel=per_channel,
        activation_type=activations,
        weight_type=weights,
    )
    return target


def output_scale(model):
    """What the last integers of the model are worth."""
    constants = {t.name: onnx.numpy_helper.to_array(t) for t in model.graph.initializer}
    last = model.graph.node[-1]
    assert last.op_type == "DequantizeLinear"
    return float(constants[last.input[1]])


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize(
    "how", STATIC, ids=lambda how: "-".join(str(part).split(".")[-1] for part in how)
)
def test_static(name, how, images, tmp_path):
    network = NETWORKS[name]()
    path = quantised(network, images, tmp_path, *how)
    model = onnx.load(path)
    want = reference(model, images.reshape(-1, *network.shape[1:]))
    logits, probabilities = predict(path, images)
    # Additions and averages of ONNX Runtime in bytes are off by one in places; theirs are floats
    # here, as ONNX says. Everything else is the same integer.
    allowed = 2 * output_scale(model) if name == "residual" else 0
    assert np.abs(logits - want).max() <= allowed
    assert np.ptp(want, axis=0).max() > 10 * output_scale(model)
    e = np.exp(logits - logits.max(axis=1, keepdims=True))
    assert np.abs(probabilities - e / e.sum(axis=1, keepdims=True)).max() <= 1e-6


@pytest.mark.parametrize("name", NETWORKS)
def test_every_level_and_any_batch_give_the_same_bits(name, images, tmp_path):
    path = quantised(NETWORKS[name](), images, tmp_path, QuantFormat.QDQ, True, *STATIC[0][2:])
    logits, _ = predict(path, images)
    if name != "residual":  # whose average is of floats
        for level in LEVELS:
            try:
                again, _ = predict(path, images, level)
            except Refused as missing:
                assert "this processor has" in str(missing)
            else:
                assert np.array_equal(again, logits), level
    alone = np.concatenate([predict(path, images[i : i + 1])[0] for i in (0, 7, 18)])
    assert np.array_equal(alone, logits[[0, 7, 18]])


@pytest.mark.parametrize(
    ("name", "kernels"),
    [
        ("tiles", ["int8 conv", "int8 winograd", "int8 winograd"]),
        ("lenet", ["int8 conv", "int8 conv", "int8 dense"]),
    ],
)
def test_kernels_that_do_the_pool_too(name, kernels, images, tmp_path):
    path = quantised(NETWORKS[name](), images, tmp_path, QuantFormat.QDQ, True, *STATIC[0][2:])
    done = subprocess.run([DIGITD, "inspect", "--json", path], capture_output=True, check=True)
    steps = [step["kernel"].rsplit(" ", 1)[0] for step in json.loads(done.stdout)["steps"]]
    assert steps[:4] == ["quantize", *kernels]
    assert "int8 max_pool" not in steps


@pytest.mark.parametrize("name", ["dense", "convolutions"])
def test_dynamic(name, images, tmp_path):
    """Scales by picture, as ONNX Runtime has them for one picture at a time."""
    source, path = tmp_path / "float.onnx", tmp_path / "model.onnx"
    source.write_bytes(NETWORKS[name]().model().SerializeToString())
    quantize_dynamic(source, path, weight_type=QuantType.QUInt8)
    model = onnx.load(path)
    assert "DynamicQuantizeLinear" in {node.op_type for node in model.graph.node}
    x = images.reshape(-1, 1, 28, 28)
    want = np.concatenate([reference(model, x[i : i + 1]) for i in range(len(x))])
    logits, _ = predict(path, images)
    assert np.abs(logits - want).max() <= 1e-4
    assert np.array_equal(predict(path, images[7:8])[0], logits[7:8])
    assert np.isfinite(predict(path, images[:1] * 0)[0]).all()


def test_integers_without_a_scale(images, tmp_path):
    network = Network()
    zero = network.constant(3, np.uint8)
    network.add("QuantizeLinear", None, network.constant(1 / 255), zero)
    network.add("Flatten")
    weights = network.random.integers(0, 256, (784, 30))
    names = network.constant(weights, np.uint8), zero, network.constant(131, np.uint8)
    network.add("MatMulInteger", None, *names)
    network.add("Cast", to=TensorProto.FLOAT)
    network.add("Mul", None, network.constant(1e-3))
    model = network.classify(30).model()
    path = tmp_path / "model.onnx"
    path.write_bytes(model.SerializeToString())
    want = reference(model, images.reshape(-1, 1, 28, 28))
    logits, _ = predict(path, images)
    assert np.abs(logits - want).max() <= 1e-5 * np.abs(want).max()


def test_signed_bytes_as_numbers(images, tmp_path):
    network = Network()
    network.add("QuantizeLinear", None, network.constant(0.01), network.constant(-100, np.int8))
    network.add("Cast", to=TensorProto.FLOAT)
    model = network.classify(784).model()
    path = tmp_path / "model.onnx"
    path.write_bytes(model.SerializeToString())
    want = reference(model, images.reshape(-1, 1, 28, 28))
    assert np.abs(predict(path, images)[0] - want).max() <= 1e-4 * np.abs(want).max()


def test_values_between_two_bytes_go_to_the_even_one(tmp_path):
    network = Network(shape=("n", 784))
    network.add("QuantizeLinear", None, network.constant(0.5), network.constant(1, np.int8))
    network.add("DequantizeLinear", None, network.constant(0.5), network.constant(1, np.int8))
    weights = np.zeros((10, 784))
    weights[np.arange(10), np.arange(10)] = 1
    network.add("Gemm", None, network.constant(weights), transB=1)
    path = tmp_path / "model.onnx"
    path.write_bytes(network.model().SerializeToString())
    pixels = np.zeros((1, 784), np.float32)
    pixels[0, :10] = [0.25, 0.75, 1.25, -0.25, -0.75, 60, 63.5, 70, -64.25, -90]
    logits, _ = predict(path, pixels)
    assert logits[0].tolist() == [0, 1, 1, 0, -1, 60, 63, 63, -64, -64.5]


def refused(network, tmp_path):
    path = tmp_path / "model.onnx"
    path.write_bytes(network.model().SerializeToString())
    with pytest.raises(Refused) as caught:
        predict(path, np.zeros((1, 784), np.float32))
    return str(caught.value)


@pytest.mark.parametrize(
    ("scale", "zero", "why"),
    [
        ([0.5, 0.5], [0, 0], "it has several scales"),
        (-1.0, 0, "input 1 is a scale of -1"),
        (float("nan"), 0, "not finite"),
        (0.5, [0, 0], "it has 2 zero points for 1 scales"),
    ],
)
def test_refusals(scale, zero, why, tmp_path):
    network = Network()
    names = network.constant(scale), network.constant(zero, np.uint8)
    network.add("QuantizeLinear", None, *names)
    network.add("DequantizeLinear", None, *names)
    assert why in refused(network.classify(784), tmp_path)


def test_types_that_are_no_bytes_are_refused(tmp_path):
    network = Network()
    names = network.constant(0.5), network.constant(0, np.uint16)
    network.opset = 21
    network.add("QuantizeLinear", None, *names)
    network.add("DequantizeLinear", None, *names)
    assert "element type 4; digitd does int8, uint8" in refused(network.classify(784), tmp_path)


def test_weights_with_scales_that_do_not_fit_are_refused(tmp_path):
    network = Network()
    network.add("Flatten")
    weights = network.constant(np.ones((784, 10)), np.int8)
    kept = network.at
    network.add(
        "DequantizeLinear",
        weights,
        network.constant([1.0] * 7),
        network.constant([0] * 7, np.int8),
        axis=1,
    )
    network.add("MatMul", kept, network.at)
    assert "7 scales do not fit axis 1" in refused(network, tmp_path)
