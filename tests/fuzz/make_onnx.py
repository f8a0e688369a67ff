#!/usr/bin/env python3
"""Writes the ONNX files of tests/fuzz/corpus/onnx: small, and every operator is in one.

usage: make_onnx.py FOLDER
"""

import base64
import hashlib
import pathlib
import sys

import numpy as np
import onnx
import onnx.reference
from onnx import TensorProto, helper, numpy_helper

random = np.random.default_rng(7)


def weights(name, *shape):
    values = random.standard_normal(shape) * (2 / max(1, np.prod(shape[1:]))) ** 0.5
    return numpy_helper.from_array(values.astype(np.float32), name)


def constant(name, values, dtype=np.float32):
    return numpy_helper.from_array(np.array(values, dtype), name)


def model(nodes, initializers, shape, opset):
    graph = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", 10])],
        initializers,
    )
    return helper.make_model(
        graph,
        ir_version=8,
        producer_name="digitd",
        opset_imports=[helper.make_opsetid("", opset)],
    )


def residual():
    """Convolutions of every kind, normalisation, a shortcut, averages."""
    node = helper.make_node
    nodes = [
        node("Conv", ["x", "w1", "b1"], ["c1"], strides=[4, 4], pads=[1, 2, 1, 2], name="c1"),
        node("BatchNormalization", ["c1", "g", "s", "m", "v"], ["n1"]),
        node("Relu", ["n1"], ["r1"]),
        node("Conv", ["r1", "w2"], ["c2"], auto_pad="SAME_UPPER", group=2),
        node("Add", ["c2", "r1"], ["a"]),
        node("Relu", ["a"], ["r2"]),
        node("MaxPool", ["r2"], ["p"], kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1]),
        node("Conv", ["p", "w3"], ["c3"], dilations=[2, 2], pads=[2, 2, 2, 2]),
        node("AveragePool", ["c3"], ["q"], kernel_shape=[2, 2], strides=[2, 2], ceil_mode=1),
        node("GlobalAveragePool", ["q"], ["gap"]),
        node("Flatten", ["gap"], ["f"]),
        node("Gemm", ["f", "w4", "b4"], ["z"], transB=1),
        node("LogSoftmax", ["z"], ["y"], axis=1),
    ]
    initializers = [
        weights("w1", 4, 1, 3, 3),
        weights("b1", 4),
        constant("g", [1, 2, 0.5, 1]),
        constant("s", [0, 0.1, 0, -0.1]),
        constant("m", [0.1, 0, 0, 0]),
        constant("v", [1, 2, 0.5, 1]),
        weights("w2", 4, 2, 3, 3),
        weights("w3", 6, 4, 3, 3),
        weights("w4", 10, 6),
        weights("b4", 10),
    ]
    return model(nodes, initializers, ["n", 1, 28, 28], 13)


def dense():
    """Lists of numbers, constants, and the ways to name and reshape them."""
    node = helper.make_node
    nodes = [
        node("Constant", [], ["s1"], value=constant("", [-1, 1, 28, 28], np.int64)),
        node("Constant", [], ["s2"], value_ints=[0, -1]),
        node("Reshape", ["x", "s1"], ["x1"]),
        node("MaxPool", ["x1"], ["p"], kernel_shape=[7, 7], strides=[7, 7]),
        node("Identity", ["p"], ["i"]),
        node("Reshape", ["i", "s2"], ["f"]),
        node("Reshape", ["w1", "s3"], ["w1r"]),
        node("MatMul", ["f", "w1r"], ["m"]),
        node("Add", ["b1", "m"], ["a"]),
        node("Relu", ["a"], ["r"]),
        node("Dropout", ["r", "ratio", "training"], ["d"]),
        node("Gemm", ["d", "w2"], ["z"], alpha=0.5),
        node("Softmax", ["z"], ["y"]),
    ]
    initializers = [
        weights("w1", 4, 4, 8),
        constant("s3", [16, 8], np.int64),
        weights("b1", 8),
        weights("w2", 8, 10),
        constant("ratio", 0.5),
        constant("training", False, np.bool_),
    ]
    return model(nodes, initializers, ["n", 784], 14)


def moves():
    """Numbers in another order, shapes that are computed, functions, rows, two products."""
    node = helper.make_node
    nodes = [
        node("Transpose", ["x"], ["t"], perm=[0, 3, 1, 2]),
        node("AveragePool", ["t"], ["p"], kernel_shape=[4, 4], strides=[4, 4]),
        node("Pad", ["p", "margins"], ["pad"], mode="reflect"),
        node("Conv", ["pad", "w1", "b1"], ["c"], strides=[2, 2]),
        node("LeakyRelu", ["c"], ["l"], alpha=0.1),
        node("Sigmoid", ["l"], ["s"]),
        node("Sub", ["c", "s"], ["d"]),
        node("Mul", ["d", "by_row"], ["e"]),
        node("Split", ["e"], ["e1", "e2"], axis=1),
        node("Concat", ["e2", "e1", "s"], ["j"], axis=1),
        node("Slice", ["j", "one", "minus", "two"], ["sl"]),
        node("Clip", ["sl", "low", "high"], ["cl"]),
        node("Gelu", ["cl"], ["ge"]),
        node("Shape", ["ge"], ["sh"]),
        node("Gather", ["sh", "zero"], ["n"], axis=0),
        node("Unsqueeze", ["n", "axis"], ["n1"]),
        node("Concat", ["n1", "rest"], ["target"], axis=0),
        node("Reshape", ["ge", "target"], ["r"]),
        node("LayerNormalization", ["r", "g2", "g3"], ["ln"]),
        node("Transpose", ["ln"], ["lt"], perm=[0, 2, 1]),
        node("MatMul", ["ln", "lt"], ["mm"]),
        node("Softmax", ["mm"], ["so"], axis=-1),
        node("MatMul", ["so", "ln"], ["at"]),
        node("MatMul", ["at", "w3"], ["pr"]),
        node("Tile", ["pr", "times"], ["ti"]),
        node("ReduceMean", ["ti", "axis1"], ["m"], keepdims=0),
        node("ReduceMax", ["ge", "axes23"], ["mx"], keepdims=0),
        node("Concat", ["m", "mx"], ["f"], axis=1),
        node("Gemm", ["f", "w4"], ["y"]),
    ]
    initializers = [
        constant("margins", [0, 0, 1, 1, 0, 0, 1, 1], np.int64),
        weights("w1", 4, 1, 3, 3),
        weights("b1", 4),
        weights("by_row", 4, 1),
        *(constant(k, [v], np.int64) for k, v in {"one": 1, "minus": -1, "two": 1}.items()),
        constant("low", -2.0),
        constant("high", 2.0),
        constant("zero", 0, np.int64),
        constant("axis", [0], np.int64),
        constant("axis1", [1], np.int64),
        constant("axes23", [2, 3], np.int64),
        constant("rest", [6, -1], np.int64),
        weights("g2", 16),
        weights("g3", 16),
        weights("w3", 16, 5),
        constant("times", [1, 2, 1], np.int64),
        weights("w4", 11, 10),
    ]
    return model(nodes, initializers, ["n", 28, 28, 1], 20)


def scores():
    """What scikit-learn exports, for one picture without a batch."""
    node = helper.make_node
    digits = list(range(10))
    nodes = [
        node("Reshape", ["x", "flat"], ["f"]),
        node("MaxPool", ["f"], ["p"], kernel_shape=[14], strides=[14]),
        node("Squeeze", ["p", "axis"], ["q"]),
        node("Scaler", ["q"], ["s"], domain="ai.onnx.ml", offset=[0.1] * 56, scale=[2.0] * 56),
        node(
            "LinearClassifier",
            ["s"],
            ["label", "scores"],
            domain="ai.onnx.ml",
            classlabels_ints=digits,
            coefficients=(random.standard_normal(560) / 9).tolist(),
            intercepts=[0.0] * 10,
            post_transform="LOGISTIC",
        ),
        node("Normalizer", ["scores"], ["l1"], domain="ai.onnx.ml", norm="L1"),
        node("ArgMax", ["l1"], ["unused"], axis=1),
        node("ZipMap", ["l1"], ["y"], domain="ai.onnx.ml", classlabels_int64s=digits),
    ]
    initializers = [constant("flat", [1, 1, 784], np.int64), constant("axis", [1], np.int64)]
    m = model(nodes, initializers, [28, 28], 13)
    m.opset_import.append(helper.make_opsetid("ai.onnx.ml", 3))
    return m


def with_golden(m):
    """Adds what digitd's own models carry, for one picture of a bar."""
    picture = np.zeros((28, 28), np.uint8)
    picture[4:24, 12:16] = 255
    x = (picture.astype(np.float32) / 255).reshape(1, 1, 28, 28)
    logits = onnx.reference.ReferenceEvaluator(m).run(None, {"x": x})[0]
    floats = b"".join(
        numpy_helper.to_array(t).tobytes()
        for t in m.graph.initializer
        if t.data_type == TensorProto.FLOAT
    )
    helper.set_model_props(
        m,
        {
            "digitd.labels": ",".join(map(str, range(10))),
            "digitd.input_scale": "0.00392156862745098",
            "digitd.temperature": "1.25",
            "digitd.accuracy": "0.5",
            "digitd.weights_sha256": hashlib.sha256(floats).hexdigest(),
            "digitd.golden_inputs": base64.b64encode(picture.tobytes()).decode(),
            "digitd.golden_logits": base64.b64encode(logits.astype("<f4").tobytes()).decode(),
        },
    )
    return m


def plain():
    """One convolution as wide as the picture: no more than a model needs."""
    nodes = [
        helper.make_node("MaxPool", ["x"], ["p"], kernel_shape=[4, 4], strides=[4, 4]),
        helper.make_node("Conv", ["p", "w"], ["c"]),
        helper.make_node("Flatten", ["c"], ["y"]),
    ]
    return model(nodes, [weights("w", 10, 1, 7, 7)], ["n", 1, 28, 28], 9)


def quantised():
    """Bytes: apart and together, folded and not, two sums, integers without a scale."""
    node = helper.make_node
    scale, zero = ["s", "z"], ["s", "z0"]
    nodes = [
        node("QuantizeLinear", ["x", *scale], ["xq"]),
        node("DequantizeLinear", ["xq", *scale], ["xd"]),
        node("DequantizeLinear", ["w1", "ws", "wz"], ["w1d"], axis=0),
        node("DequantizeLinear", ["b1", "bs"], ["b1d"]),
        node("Conv", ["xd", "w1d", "b1d"], ["c"], strides=[3, 3], pads=[1, 1, 1, 1]),
        node("Relu", ["c"], ["r"]),
        node("QuantizeLinear", ["r", *zero], ["cq"]),
        node("MaxPool", ["cq"], ["pq"], kernel_shape=[2, 2], strides=[2, 2]),
        node("QLinearConv", ["pq", *zero, "w2", *scale, *scale, "b2"], ["dq"], group=2),
        node("DequantizeLinear", ["dq", *scale], ["d"]),
        node("DequantizeLinear", ["pq", *zero], ["p"]),
        node("Add", ["d", "p"], ["a"]),
        node("QuantizeLinear", ["a", "ws1", "z"], ["aq"]),
        node("ConvInteger", ["aq", "w3", "z"], ["i"]),
        node("Flatten", ["i"], ["f"]),
        node("QuantizeLinear", ["f", "fs", "z"], ["fq"]),
        node("QLinearMatMul", ["fq", *zero, "w4", *scale, *scale], ["yq"]),
        node("DequantizeLinear", ["yq", *scale], ["y"]),
    ]
    bytes_of = random.integers
    initializers = [
        constant("s", 0.02),
        constant("z", 12, np.int8),
        constant("z0", -128, np.int8),
        constant("w1", bytes_of(-127, 128, (4, 1, 3, 3)), np.int8),
        constant("ws", [0.01, 0.02, 0.015, 0.005]),
        constant("wz", [0, 0, 0, 0], np.int8),
        constant("b1", bytes_of(-99, 99, 4), np.int32),
        constant("bs", 0.0002),
        constant("w2", bytes_of(-127, 128, (4, 2, 1, 1)), np.int8),
        constant("b2", bytes_of(-99, 99, 4), np.int32),
        constant("ws1", 0.03),
        constant("w3", bytes_of(-127, 128, (4, 4, 2, 2)), np.int8),
        constant("fs", 500.0),
        constant("w4", bytes_of(-127, 128, (64, 10)), np.int8),
    ]
    return model(nodes, initializers, ["n", 1, 28, 28], 13)


def steps():
    """From row to row in each way, both directions, truth values, and a Sigmoid at the end."""
    node = helper.make_node
    nodes = [
        node("MaxPool", ["x"], ["p"], kernel_shape=[4, 4], strides=[4, 4]),
        node("Greater", ["p", "half"], ["above"]),
        node("Not", ["above"], ["below"]),
        node("Cast", ["below"], ["paper"], to=TensorProto.FLOAT),
        node("Squeeze", ["paper", "one"], ["rows"]),
        node("Transpose", ["rows"], ["t"], perm=[1, 0, 2]),
        node(
            "LSTM",
            ["t", "w1", "r1", "b1", "", "h1", "h1"],
            ["y1"],
            hidden_size=3,
            direction="bidirectional",
        ),
        node("Transpose", ["y1"], ["y2"], perm=[0, 2, 1, 3]),
        node("Reshape", ["y2", "six"], ["y3"]),
        node("GRU", ["y3", "w2", "r2"], ["", "y4"], hidden_size=4, direction="reverse"),
        node("RNN", ["y3", "w3", "r3"], ["", "y5"], hidden_size=2, activations=["Relu"]),
        node("Concat", ["y4", "y5"], ["y6"], axis=2),
        node("Squeeze", ["y6", "zero"], ["y7"]),
        node("Gemm", ["y7", "w4"], ["z"]),
        node("Sigmoid", ["z"], ["y"]),
    ]
    initializers = [
        constant("half", 0.5),
        constant("zero", [0], np.int64),
        constant("one", [1], np.int64),
        constant("six", [7, -1, 6], np.int64),
        weights("w1", 2, 12, 7),
        weights("r1", 2, 12, 3),
        weights("b1", 2, 24),
        weights("h1", 2, 1, 3),
        weights("w2", 1, 12, 6),
        weights("r2", 1, 12, 4),
        weights("w3", 1, 2, 6),
        weights("r3", 1, 2, 2),
        weights("w4", 6, 10),
    ]
    return model(nodes, initializers, ["n", 1, 28, 28], 14)


def main():
    folder = pathlib.Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for name, m in {
        "residual": residual(),
        "dense": dense(),
        "quantised": quantised(),
        "golden": with_golden(plain()),
        "moves": moves(),
        "scores": scores(),
        "steps": steps(),
    }.items():
        if name != "scores":  # whose output is no tensor
            onnx.checker.check_model(m)
        (folder / f"{name}.onnx").write_bytes(m.SerializeToString())


main()
