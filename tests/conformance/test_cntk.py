"""ONNX's own MNIST models, layer by layer as CNTK wrote them, with seeded weights."""

import numpy as np
import onnx
import pytest
from compare import TOLERANCE, compare
from onnx import TensorProto, helper, numpy_helper


def node(op, inputs, output, **attributes):
    return helper.make_node(op, inputs, [output], name=output, **attributes)


def network(opset):
    """Plus by broadcasting, weights reshaped in the graph, SAME_UPPER, a batch of one."""
    random = np.random.default_rng(opset)
    old = {"broadcast": 1, "axis": 1} if opset < 7 else {}

    def weights(name, *shape, scale=None):
        scale = scale or 1.4 / np.sqrt(np.prod(shape[1:]))
        return numpy_helper.from_array(np.float32(random.standard_normal(shape) * scale), name)

    initializers = [
        weights("Parameter5", 8, 1, 5, 5),
        weights("Parameter6", 8, 1, 1, scale=0.1),
        weights("Parameter87", 16, 8, 5, 5),
        weights("Parameter88", 16, 1, 1, scale=0.1),
        weights("Parameter193", 16, 4, 4, 10, scale=0.2),
        weights("Parameter194", 1, 10, scale=0.1),
        numpy_helper.from_array(np.int64([1, 256]), "Pooling160_shape"),
        numpy_helper.from_array(np.int64([256, 10]), "Parameter193_shape"),
    ]
    same = {"auto_pad": "SAME_UPPER", "dilations": [1, 1], "group": 1, "strides": [1, 1]}
    pool = {"auto_pad": "NOTSET", "pads": [0, 0, 0, 0]}
    flat = ["Pooling160_shape"] if opset >= 5 else []
    square = ["Parameter193_shape"] if opset >= 5 else []
    nodes = [
        node("Reshape", ["Parameter193", *square], "Parameter193_reshape1"),
        node("Conv", ["Input3", "Parameter5"], "Convolution28", kernel_shape=[5, 5], **same),
        node("Add", ["Convolution28", "Parameter6"], "Plus30", **old),
        node("Relu", ["Plus30"], "ReLU32"),
        node("MaxPool", ["ReLU32"], "Pooling66", kernel_shape=[2, 2], strides=[2, 2], **pool),
        node("Conv", ["Pooling66", "Parameter87"], "Convolution110", kernel_shape=[5, 5], **same),
        node("Add", ["Convolution110", "Parameter88"], "Plus112", **old),
        node("Relu", ["Plus112"], "ReLU114"),
        node("MaxPool", ["ReLU114"], "Pooling160", kernel_shape=[3, 3], strides=[3, 3], **pool),
        node("Reshape", ["Pooling160", *flat], "Pooling160_reshape0"),
        node("MatMul", ["Pooling160_reshape0", "Parameter193_reshape1"], "Times212"),
        node("Add", ["Times212", "Parameter194"], "Plus214", **({"broadcast": 1} if old else {})),
    ]
    if opset < 5:
        nodes[0].attribute.append(helper.make_attribute("shape", [256, 10]))
        nodes[9].attribute.append(helper.make_attribute("shape", [1, 256]))
    graph = helper.make_graph(
        nodes,
        "CNTKGraph",
        [helper.make_tensor_value_info("Input3", TensorProto.FLOAT, [1, 1, 28, 28])]
        + [helper.make_tensor_value_info(i.name, i.data_type, i.dims) for i in initializers],
        [helper.make_tensor_value_info("Plus214", TensorProto.FLOAT, [1, 10])],
        initializers,
    )
    return helper.make_model(
        graph, ir_version=3, opset_imports=[helper.make_opsetid("", opset)], producer_name="CNTK"
    )


@pytest.mark.parametrize("opset", [1, 7, 8, 12])
def test_cntk(opset, images, table, tmp_path):
    path, peer = tmp_path / "model.onnx", tmp_path / "peer.onnx"
    onnx.save(network(opset), path)
    model = network(max(opset, 7))  # the oldest that ONNX Runtime promises to read
    for mine, own in zip(model.graph.initializer, network(opset).graph.initializer, strict=True):
        mine.CopyFrom(own)
    onnx.save(model, peer)
    difference, same = compare(path, images, peer=peer)
    table(
        (
            f"CNTK's layout, opset {opset}",
            "mnist, one picture",
            f"{difference:.1e}",
            f"{same} of {len(images)}",
        )
    )
    assert difference <= TOLERANCE
    assert same == len(images)
