"""What digitd cannot do is refused at load, by node, operator and what is missing."""

import numpy as np
import onnx
import pytest
from conftest import Refused, predict
from networks import Network, save, tensor
from onnx import TensorProto, helper

INT64 = np.int64


def pixels(**kwargs):
    network = Network(**kwargs)
    network.conv(1, 4, 5, strides=[2, 2])
    return network


def add(op, *inputs, shape=("n", 1, 28, 28), opset=13, **attributes):
    """A network whose node n1 is the one in question."""
    network = pixels(opset=opset) if len(shape) == 4 else Network(shape, opset)
    if len(shape) != 4:
        network.add("Identity")
    inputs = [network.constant(*i) if isinstance(i, tuple) else i for i in inputs]
    network.add(op, *inputs, **attributes)
    return network


LISTS = ("n", 784)
NODES = [
    (add("Sigmoid"), "Sigmoid", "lacks this operator"),
    (add("Relu", domain="com.microsoft"), "Relu", "domain com.microsoft"),
    (add("Shape"), "Shape", "lacks this operator"),
    (add("LeakyRelu", alpha=0.1), "LeakyRelu", "lacks this operator"),
    (add("Conv", None, ([[[1.0] * 3] * 4],)), "Conv", "weights have 3 dimensions"),
    (add("Conv", None, (np.ones((2, 3, 1, 1)),)), "Conv", "4 channels in 1 groups"),
    (add("Conv", None, (np.ones((2, 4, 1, 1)),), pads=[1, 1]), "Conv", "'pads' has 2 elements"),
    (add("Conv", None, (np.ones((2, 4, 1, 1)),), pads=[-1, 0, 0, 0]), "Conv", "'pads' is -1"),
    (add("Conv", None, (np.ones((2, 4, 1, 1)),), strides=[0, 1]), "Conv", "'strides' is 0"),
    (add("Conv", None, (np.ones((2, 4, 1, 1)),), auto_pad="SAME"), "Conv", "'auto_pad' is 'SAME'"),
    (add("Conv", None, (np.ones((2, 4, 13, 1)),)), "Conv", "13 does not fit into 12"),
    (add("Conv", None, (np.ones((2, 4, 1, 1)),), what=1), "Conv", "not know its attribute 'what'"),
    (add("Conv", None, (np.ones((2, 4, 1, 1)),), group="2"), "Conv", "'group' is a string"),
    (add("Conv", None, (np.ones((2, 4, 1, 1)) * np.nan,)), "Conv", "not finite"),
    (add("Conv", None, (np.ones((2, 4, 1, 1), INT64), INT64)), "Conv", "element type 7"),
    (add("Conv", None, None), "Conv", "input 1 must be constant"),
    (add("MaxPool"), "MaxPool", "lacks attribute 'kernel_shape'"),
    (add("MaxPool", kernel_shape=[2, 2], dilations=[2, 2]), "MaxPool", "dilated"),
    (add("MaxPool", kernel_shape=[2, 2], pads=[2, 0, 0, 0]), "MaxPool", "in the margin"),
    (add("MaxPool", kernel_shape=[2, 2], pads=[0, 0, 0, 2]), "MaxPool", "in the margin"),
    (add("Pad", None, None), "Pad", "must be constant"),
    (add("Pad", None, ([0, 0, 1, 1], INT64)), "Pad", "4 margins for 4 dimensions"),
    (add("Pad", None, ([0, 1, 0, 0] * 2, INT64)), "Pad", "around"),
    (add("Pad", None, ([0, 0, -1, 0] * 2, INT64)), "Pad", "a margin is -1"),
    (add("Pad", None, ([0, 0, 1, 0] * 2, INT64), (np.float32(1),)), "Pad", "fills with 1"),
    (add("Pad", None, ([0, 0, 1, 0] * 2, INT64), mode="reflect"), "Pad", "'mode' is 'reflect'"),
    (add("AveragePool", kernel_shape=[2, 2], shape=LISTS), "AveragePool", "has 2 dimensions"),
    (add("GlobalAveragePool", shape=LISTS), "GlobalAveragePool", "has 2 dimensions"),
    (add("Gemm", None, (np.ones((4, 10)),)), "Gemm", "4 by 2 dimensions"),
    (add("Gemm", None, (np.ones((10, 9)),), transB=1, shape=LISTS), "Gemm", "for 9 numbers"),
    (add("Gemm", None, (np.ones((784, 10)),), transA=1, shape=LISTS), "Gemm", "'transA' is 1"),
    (add("MatMul", (np.ones((784, 784)),), None, shape=LISTS), "MatMul", "depend on the picture"),
    (add("Add", None, (np.ones((12, 12)),)), "Add", "more than the channels"),
    (add("Add", None, (np.ones((3, 1, 1)),)), "Add", "3 numbers for 4 channels"),
    (add("Add", None, "x"), "Add", "different shapes"),
    (add("BatchNormalization", None, *[([1.0] * 3,)] * 4), "BatchNormalization", "3 numbers"),
    (add("BatchNormalization", None, *[([-1.0] * 4,)] * 4), "BatchNormalization", "variance of -1"),
    (
        add("BatchNormalization", None, *[([1.0] * 4,)] * 4, opset=15, training_mode=1),
        "BatchNormalization",
        "for training",
    ),
    (add("Dropout", None, "", (np.bool_(True), np.bool_)), "Dropout", "for training"),
    (add("Flatten", axis=0), "Flatten", "'axis' is 0"),
    (add("Flatten", axis=2), "Flatten", "'axis' is 2"),
    (add("Reshape", None, ([-1, 100], INT64)), "Reshape", "not the 576"),
    (add("Reshape", None, ([576, -1], INT64)), "Reshape", "keep the batch first"),
    (add("Reshape", None, ([-1], INT64)), "Reshape", "has 1 dimensions"),
    (add("Reshape", None, ([-1, -1], INT64)), "Reshape", "dimension 1 of its shape is -1"),
    (add("Reshape", None, ([0, 0, -1, 0], INT64), opset=14, allowzero=1), "Reshape", "is 0"),
    (add("Reshape", None, None), "Reshape", "must be constant"),
    (add("Softmax", axis=1), "Softmax", "10 classes"),
]


@pytest.mark.parametrize(("network", "op", "why"), NODES, ids=[f"{n[1]}: {n[2]}" for n in NODES])
def test_node(network, op, why, images, tmp_path):
    with pytest.raises(Refused) as refusal:
        predict(save(network.model(), tmp_path), images)
    assert f"node 'n1' ({op}): " in str(refusal.value)
    assert why in str(refusal.value)
    assert len(str(refusal.value)) < 160


def test_softmax_within(images, tmp_path):
    network = Network().classify()
    network.add("Softmax")
    network.add("Gemm", None, network.weights(10, 10))
    with pytest.raises(Refused, match=r"node 'n2' \(Softmax\): digitd does it last only"):
        predict(save(network.model(), tmp_path), images)


def classifier(**kwargs):
    return Network(**kwargs).classify().model()


def changed(change, **kwargs):
    model = classifier(**kwargs)
    change(model)
    return model


def set_dims(model, *dims):
    shape = model.graph.input[0].type.tensor_type.shape
    del shape.dim[:]
    for dim in dims:
        shape.dim.add(dim_value=dim)


def rename_input(model):
    model.graph.node[0].input[0] = "nowhere"


def move_outside(model):
    weights = model.graph.initializer[0]
    weights.ClearField("raw_data")
    weights.data_location = TensorProto.EXTERNAL
    weights.external_data.add(key="location", value="weights.bin")


def cut_weights(model):
    model.graph.initializer[0].raw_data = model.graph.initializer[0].raw_data[:-4]


def grow_dims(model):
    model.graph.initializer[0].dims[:] = [1 << 31, 1 << 31]


def cycle(model):
    model.graph.node.reverse()


def second_input(model):
    model.graph.input.add().CopyFrom(helper.make_tensor_value_info("z", TensorProto.FLOAT, [1]))


def second_output(model):
    model.graph.output.add().CopyFrom(model.graph.output[0])


def double_input(model):
    model.graph.input[0].type.tensor_type.elem_type = TensorProto.DOUBLE


def define_twice(model):
    model.graph.initializer.add().CopyFrom(tensor("v0_0", [1.0]))


def half_weights(model):
    model.graph.initializer[0].CopyFrom(
        tensor(model.graph.initializer[0].name, np.zeros((10, 784)), np.float16)
    )


def newline_in_name(model):
    model.graph.node[0].name = "evil\nname"


def end_early(model):
    model.graph.output[0].name = "v0_0"


FILES = [
    (changed(lambda m: set_dims(m, 1, 3, 28, 28)), "must have one of the shapes"),
    (changed(lambda m: set_dims(m, 1, 1, 27, 28)), "must have one of the shapes"),
    (changed(lambda m: set_dims(m)), "must have one of the shapes"),
    (changed(rename_input), "nothing before it makes its input 'nowhere'"),
    (changed(move_outside), "data in another file"),
    (changed(cut_weights), "other data than its shape"),
    (changed(grow_dims), "dimension 2147483648"),
    (changed(cycle), "nothing before it makes"),
    (changed(second_input), "inputs 'x' and 'z'; one is expected"),
    (changed(second_output), "2 outputs; one is expected"),
    (changed(double_input), "element type 11"),
    (changed(define_twice), "defines 'v0_0' twice"),
    (changed(half_weights), "element type 10"),
    (changed(newline_in_name), "control character 10"),
    (changed(end_early), "must be 10 numbers"),
    (classifier(opset=6), "operator set 6; digitd reads 7 to"),
    (changed(lambda m: m.opset_import[0].__setattr__("version", 999)), "operator set 999"),
    (changed(lambda m: m.ClearField("graph")), "no graph"),
]


@pytest.mark.parametrize(("model", "why"), FILES, ids=[f[1] for f in FILES])
def test_file(model, why, images, tmp_path):
    path = tmp_path / "model.onnx"
    path.write_bytes(model.SerializeToString())
    with pytest.raises(Refused) as refusal:
        predict(path, images)
    assert why in str(refusal.value)


def test_bytes_that_are_no_model(images, tmp_path):
    path = tmp_path / "model.onnx"
    for content in [b"", b"<html>", b"\x89PNG\r\n\x1a\n" * 9, bytes(1000), b"\xff" * 1000]:
        path.write_bytes(content)
        with pytest.raises(Refused, match="not a"):
            predict(path, images)
    with pytest.raises(Refused, match="cannot be opened"):
        predict(tmp_path / "absent", images)
    with pytest.raises(Refused, match="no regular file"):
        predict(tmp_path, images)


def nested(depth):
    """Graphs within attributes of nodes of graphs."""
    graph = onnx.GraphProto(name="inner")
    for _ in range(depth):
        outer = onnx.GraphProto()
        outer.node.add().attribute.add(name="body", type=onnx.AttributeProto.GRAPH).g.CopyFrom(
            graph
        )
        graph = outer
    return onnx.ModelProto(graph=graph).SerializeToString()


def test_files_made_to_hurt(images, tmp_path):
    path = tmp_path / "model.onnx"
    attributes = onnx.NodeProto()
    for _ in range(50000):
        attributes.attribute.add()
    balloon = onnx.ModelProto()
    balloon.graph.node.append(attributes)
    for content, why in [
        (nested(30), "nest over"),
        (balloon.SerializeToString(), "unpack to over"),
    ]:
        path.write_bytes(content)
        with pytest.raises(Refused, match=why):
            predict(path, images)


def test_a_model_that_would_take_hours(images, tmp_path):
    network = Network()
    network.conv(1, 500, 1)
    network.conv(500, 500, 9, pads=[4] * 4)
    with pytest.raises(Refused, match="million multiply-adds"):
        predict(save(network.classify(500 * 784).model(), tmp_path), images)
