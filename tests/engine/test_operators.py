"""Every operator without a window, with every attribute, and operators together."""

import itertools

import numpy as np
import onnx
import pytest
from check import check, softmax
from conftest import predict
from networks import LATEST, Network, reference, save, tensor
from onnx import TensorProto


@pytest.mark.parametrize(
    "case",
    [
        {"transB": 1},
        {"transB": 0},
        {"alpha": 0.5, "transB": 1},
        {"beta": -2.0, "transB": 1},
        {"alpha": -1.5, "beta": 0.25},
        {"bias": None},
        {"bias": [0.5]},
        {"bias": 0.5},
        {"bias": np.linspace(-1, 1, 24).reshape(1, 24)},
    ],
    ids=lambda case: ",".join(
        f"{k}={np.shape(v)}{v if np.ndim(v) == 0 else ''}" for k, v in case.items()
    ),
)
@pytest.mark.parametrize("shape", [("n", 784), ("n", 1, 28, 28), ("n", 28, 28), ("n", 28, 28, 1)])
def test_gemm(case, shape, images, tmp_path):
    case = dict(case)
    network = Network(shape)
    bias = case.pop("bias", np.linspace(-1, 1, 24))
    if len(shape) > 2:
        network.add("Flatten")
    weights = network.weights(*((24, 784) if case.get("transB") else (784, 24)))
    names = [None, weights] + ([] if bias is None else [network.constant(bias)])
    network.add("Gemm", *names, **case)
    network.add("Relu")
    check(network.classify(), images, tmp_path)


@pytest.mark.parametrize("width", [1, 7, 16, 100])
@pytest.mark.parametrize("first", [False, True])
def test_matmul_and_its_bias(width, first, images, tmp_path):
    network = Network(("n", 784))
    network.add("MatMul", None, network.weights(784, width))
    bias = network.constant(network.random.standard_normal(width))
    network.add("Add", *((bias, None) if first else (None, bias)))
    network.add("Relu")
    check(network.classify(), images, tmp_path)


@pytest.mark.parametrize("shape", [(), (1,), (6, 1, 1), (1, 6, 1, 1), (1, 1, 1), (1, 1, 1, 1)])
@pytest.mark.parametrize("relu", [False, True])
def test_add_of_a_constant(shape, relu, images, tmp_path):
    network = Network()
    network.conv(1, 6, 5, strides=[2, 2])
    if relu:  # so that it cannot be folded into the convolution
        network.add("Relu")
    network.add("Add", None, network.constant(network.random.standard_normal(shape)))
    network.conv(6, 8, 3, pads=[1, 1, 1, 1])
    check(network.classify(), images, tmp_path)


@pytest.mark.parametrize("relu", [False, True])
@pytest.mark.parametrize("stride", [1, 2])
def test_residual(relu, stride, images, tmp_path):
    network = Network()
    network.conv(1, 20, 5, strides=[2, 2])
    shortcut = network.add("Relu")
    network.conv(20, 20, 3, pads=[1, 1, 1, 1], strides=[stride, stride])
    network.add("Relu")
    network.conv(20, 20, 3, pads=[1, 1, 1, 1])
    if stride > 1:
        deep, network.at = network.at, shortcut
        shortcut, network.at = network.conv(20, 20, 1, strides=[stride, stride]), deep
    network.add("Add", None, shortcut)
    if relu:
        network.add("Relu")
    network.add("AveragePool", kernel_shape=[2, 2], strides=[2, 2])
    check(network.classify(), images, tmp_path)


def test_add_of_itself_and_of_the_picture(images, tmp_path):
    network = Network()
    network.add("Add", "x", "x")
    network.add("Add", None, "x")
    network.conv(1, 4, 3)
    check(network.classify(), images, tmp_path)


def test_one_value_with_readers_that_need_other_borders(images, tmp_path):
    network = Network()
    network.conv(1, 6, 3, strides=[2, 2])
    stem = network.add("Relu")
    a = network.conv(6, 6, 3, pads=[1, 1, 1, 1])
    network.at = stem
    b = network.add("MaxPool", kernel_shape=[3, 3], pads=[1, 1, 1, 1])
    network.at = stem
    c = network.conv(6, 6, 5, pads=[2, 2, 2, 2])
    network.at = stem
    d = network.add("AveragePool", kernel_shape=[3, 3], pads=[1, 1, 1, 1])
    for more in (b, c, d, stem):
        network.at = network.add("Add", a, more)
        a = network.at
    side = network.add("Gemm", network.add("Flatten", stem), network.weights(10, 1014), transB=1)
    network.at = a
    network.classify()
    network.add("Add", None, side)
    check(network, images, tmp_path)


@pytest.mark.parametrize("where", ["after conv", "after relu", "picture", "list", "list alone"])
def test_batch_norm(where, images, tmp_path):
    network = Network(("n", 784) if where == "list alone" else ("n", 1, 28, 28))
    channels = {"picture": 1, "list": 48, "list alone": 784}.get(where, 9)
    if where.startswith("after"):
        network.conv(1, 9, 5)
    if where == "after relu":
        network.add("Relu")
    if where == "list":
        network.add("MaxPool", kernel_shape=[4, 7], strides=[4, 4])
        network.conv(1, 2, 1)
        network.add("MaxPool", kernel_shape=[2, 1], strides=[1, 1])
        channels = network.size()
        network.add("Flatten")
    random = network.random
    network.add(
        "BatchNormalization",
        None,
        *(network.constant(random.standard_normal(channels)) for _ in range(3)),
        network.constant(random.random(channels) + 0.1),
        epsilon=0.01,
    )
    if where.startswith("after"):
        network.add("Relu")
    if where.startswith("after") or where == "picture":
        network.conv(channels, 4, 3, pads=[1, 1, 1, 1])
    check(network.classify(), images, tmp_path)


def test_relu_after_what_it_commutes_with(images, tmp_path):
    network = Network()
    network.conv(1, 10, 5)
    network.add("MaxPool", kernel_shape=[2, 2], strides=[2, 2])
    network.add("Relu")
    network.conv(10, 20, 5)
    network.add("MaxPool", kernel_shape=[2, 2], strides=[2, 2])
    network.add("Flatten")
    network.add("Relu")
    network.add("Gemm", None, network.weights(50, 320), network.weights(50), transB=1)
    network.add("Relu")
    check(network.classify(), images, tmp_path)


def test_relu_after_what_others_see_unchanged(images, tmp_path):
    network = Network()
    before = network.conv(1, 6, 5, strides=[2, 2])
    after = network.add("Relu")
    network.add("Add", before, after)
    check(network.classify(), images, tmp_path)


def test_relu_of_the_picture_and_twice(images, tmp_path):
    network = Network()
    network.add("Relu")
    network.add("Relu")
    network.add("AveragePool", kernel_shape=[4, 4], strides=[4, 4])
    network.add("Relu")
    check(network.classify(), images, tmp_path)


@pytest.mark.parametrize("axis", [None, 1, -3])
def test_flatten(axis, images, tmp_path):
    network = Network()
    network.conv(1, 3, 9, strides=[3, 3])
    network.add("Flatten", **({} if axis is None else {"axis": axis}))
    network.add("Gemm", None, network.weights(10, 147), transB=1)
    check(network, images, tmp_path)


@pytest.mark.parametrize("shape", [("n", 784), ("n", 28, 28), ("n", 28, 28, 1), ("n", 1, 28, 28)])
@pytest.mark.parametrize(
    "target", [[-1, 1, 28, 28], [0, 1, 28, -1], [-1, 4, 14, 14], [0, 16, 7, 7]]
)
def test_reshape_to_pixels(shape, target, images, tmp_path):
    network = Network(shape)
    network.add("Reshape", None, network.constant(target, np.int64))
    network.conv(target[1], 12, 3, pads=[1, 0, 0, 1])
    check(network.classify(), images, tmp_path)


@pytest.mark.parametrize("target", [[-1, 1014], [0, -1], [-1, 3, 338], [0, 2, 3, 169], [0, 0, -1]])
def test_reshape_of_pixels(target, images, tmp_path):
    network = Network()
    network.conv(1, 6, 4, strides=[2, 2])
    network.add("Reshape", None, network.constant(target, np.int64))
    check(network.classify(), images, tmp_path)


def test_reshape_between_pixels(images, tmp_path):
    network = Network()
    network.conv(1, 6, 5, strides=[2, 2])
    network.add("Reshape", None, network.constant([-1, 24, 6, 6], np.int64))
    network.conv(24, 8, 3)
    check(network.classify(), images, tmp_path)


def test_pixels_out_of_a_dense_layer(images, tmp_path):
    network = Network(("n", 784))
    network.add("Gemm", None, network.weights(784, 784), network.weights(784))
    network.add("Relu")
    network.add("Reshape", None, network.constant([-1, 16, 7, 7], np.int64))
    network.conv(16, 20, 3)
    network.add("Relu")
    network.conv(20, 40, 3)
    network.add("Relu")
    network.conv(40, 64, 3)
    network.classify()
    network.add("Relu")
    check(network.classify(), images, tmp_path)


@pytest.mark.parametrize("batch", [1, 4])
def test_file_for_one_batch_size(batch, images, tmp_path):
    network = Network((batch, 1, 28, 28))
    network.conv(1, 6, 5, strides=[2, 2])
    network.add("Reshape", None, network.constant([batch, 864], np.int64))
    network.add("Gemm", None, network.weights(10, 864), transB=1)
    check(network, images, tmp_path)


def test_reshaped_weights_and_the_oldest_style(images, tmp_path):
    """As in the MNIST model of the ONNX model zoo: constants are reshaped in the graph."""
    network = Network((1, 1, 28, 28), opset=9)
    network.conv(1, 8, 5, bias=False, auto_pad="SAME_UPPER", dilations=[1, 1], group=1)
    network.add("Add", None, network.weights(8, 1, 1))
    network.add("Relu")
    network.add("MaxPool", kernel_shape=[2, 2], strides=[2, 2], pads=[0] * 4, auto_pad="NOTSET")
    network.conv(8, 16, 5, bias=False, auto_pad="SAME_UPPER")
    network.add("Add", None, network.weights(16, 1, 1))
    network.add("Relu")
    network.add("MaxPool", kernel_shape=[3, 3], strides=[3, 3])
    network.add("Reshape", None, network.constant([1, 256], np.int64))
    pixels = network.at
    weights = network.add(
        "Reshape", network.weights(16, 4, 4, 10), network.constant([256, 10], np.int64)
    )
    network.add("MatMul", pixels, weights)
    network.add("Add", None, network.weights(1, 10))
    check(network, images, tmp_path)


@pytest.mark.parametrize("opset", [12, 13])
@pytest.mark.parametrize("form", ["raw", "typed", "value_floats", "value_float"])
def test_constants(form, opset, images, tmp_path):
    network = Network(("n", 784), opset)
    network.add("Gemm", None, network.weights(12, 784), transB=1)
    values = network.at
    numbers = np.linspace(-1, 1, 12).tolist()
    attribute = {
        "raw": {"value": tensor("t", numbers)},
        "typed": {"value": onnx.helper.make_tensor("t", TensorProto.FLOAT, [12], numbers)},
        "value_floats": {"value_floats": numbers},
        "value_float": {"value_float": 0.75},
    }[form]
    network.nodes.append(onnx.helper.make_node("Constant", [], ["constant"], **attribute))
    network.add("Add", values, "constant")
    network.add("Relu")
    check(network.classify(), images, tmp_path)


@pytest.mark.parametrize("opset", [9, 12, 13])
def test_identity_and_dropout(opset, images, tmp_path):
    network = Network(opset=opset)
    network.conv(1, 5, 5, strides=[3, 3])
    network.add("Identity")
    if opset < 12:
        network.add("Dropout", outputs=2, ratio=0.5)
    else:
        network.add("Dropout", None, network.constant(np.float32(0.5)), outputs=2)
        network.add("Dropout", None, "", network.constant(np.bool_(False), np.bool_))
    network.add("Relu")
    check(network.classify(), images, tmp_path)


@pytest.mark.parametrize("op", ["Softmax", "LogSoftmax"])
@pytest.mark.parametrize("opset", [9, 11, 12, 13, LATEST])
@pytest.mark.parametrize("axis", [None, 1, -1])
def test_final_softmax_is_taken_off(op, opset, axis, images, tmp_path):
    network = Network(opset=opset).classify()
    logits = reference(network.model(), images.reshape(-1, 1, 28, 28))
    network.add(op, **({} if axis is None else {"axis": axis}))
    said = reference(network.model(), images.reshape(-1, 1, 28, 28))
    assert np.allclose(softmax(logits), np.exp(said) if op == "LogSoftmax" else said, atol=1e-5)
    check(network, images, tmp_path, want=said if op == "LogSoftmax" else logits)


def test_softmax_over_classes_that_are_still_pixels(images, tmp_path):
    network = Network(opset=11)
    network.conv(1, 10, 28)
    logits = reference(network.model(None), images.reshape(-1, 1, 28, 28))
    network.add("Softmax", axis=1)
    network.add("Flatten")
    check(network, images, tmp_path, want=logits)


def test_softmax_over_something_else(images, tmp_path):
    network = Network(opset=13)
    network.conv(1, 10, 28)
    network.add("Mul", None, "x")
    network.add("Softmax")
    check(network.classify(), images, tmp_path)


@pytest.mark.parametrize("opset", range(9, LATEST + 1))
def test_every_operator_set(opset, images, tmp_path):
    network = Network(opset=opset)
    network.conv(1, 6, 3, pads=[1, 1, 1, 1])
    statistics = [network.weights(6) for _ in range(3)] + [network.constant([1.0] * 6)]
    network.add("BatchNormalization", None, *statistics)
    network.add("Relu")
    network.add("MaxPool", kernel_shape=[2, 2], strides=[2, 2])
    network.add("AveragePool", kernel_shape=[2, 2], strides=[2, 2])
    network.add("Reshape", None, network.constant([0, -1], np.int64))
    network.add("MatMul", None, network.weights(294, 10))
    network.add("Add", None, network.weights(10))
    check(network, images, tmp_path)


@pytest.mark.parametrize("n", [1, 2, 15, 16, 17, 40])
@pytest.mark.parametrize("cpu", ["generic", "auto"])
def test_company_changes_nothing(n, cpu, images, tmp_path):
    network = Network()
    network.conv(1, 6, 3, pads=[1, 1, 1, 1], strides=[2, 2])
    network.add("Relu")
    network.classify()
    network.add("Relu")
    network.classify()
    path = save(network.model(), tmp_path)
    many = np.concatenate(list(itertools.repeat(images, 3)))[:n]
    together = predict(path, many, cpu)
    for i in sorted({0, n // 2, n - 1}):
        assert (predict(path, many[i : i + 1], cpu)[:, 0] == together[:, i]).all()
