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
    (add("Det"), "Det", "lacks this operator"),
    (add("Relu", domain="com.microsoft"), "Relu", "domain com.microsoft"),
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
    (add("MaxPool", kernel_shape=[2, 2], pads=[2, 0, 0, 0]), "MaxPool", "in the margin"),
    (add("MaxPool", kernel_shape=[2, 2], pads=[0, 0, 0, 2]), "MaxPool", "in the margin"),
    (add("Pad", None, None), "Pad", "must be constant"),
    (add("Pad", None, ([0, 0, 1, 1], INT64)), "Pad", "4 margins for 4 dimensions"),
    (add("Pad", None, ([1, 0, 0, 0] * 2, INT64)), "Pad", "around the batch"),
    (add("Pad", None, ([0, 0, 2000, 0] * 2, INT64)), "Pad", "a margin is 2000"),
    (add("Pad", None, ([0, 0, 1, 0] * 2, INT64), mode="mirror"), "Pad", "'mode' is 'mirror'"),
    (add("AveragePool", kernel_shape=[2, 2], shape=LISTS), "AveragePool", "has 2 dimensions"),
    (add("GlobalAveragePool", shape=LISTS), "GlobalAveragePool", "has 2 dimensions"),
    (add("Gemm", None, (np.ones((4, 10)),)), "Gemm", "multiplies 4 dimensions"),
    (add("Gemm", None, (np.ones((10, 9)),), transB=1, shape=LISTS), "Gemm", "for 9 numbers"),
    (add("Gemm", None, (np.ones((784, 10)),), transA=1, shape=LISTS), "Gemm", "'transA' is 1"),
    (add("MatMul", (np.ones((10, 1)),), None, shape=LISTS), "MatMul", "mixes the pictures"),
    (add("MatMul", None, (np.ones((9, 10)),), shape=LISTS), "MatMul", "for 9 numbers"),
    (add("Add", None, (np.ones((12, 13)),)), "Add", "not broadcast: 12 and 13"),
    (add("Add", None, (np.ones((3, 1, 1)),)), "Add", "not broadcast: 4 and 3"),
    (add("Add", None, (np.ones((2, 1, 1, 1)),)), "Add", "keep the batch first"),
    (add("Add", None, "x"), "Add", "not broadcast: 12 and 28"),
    (add("Div", None, (np.zeros((4, 1, 1)),)), "Div", "divides by 0"),
    (add("BatchNormalization", None, *[([1.0] * 3,)] * 4), "BatchNormalization", "3 numbers"),
    (add("BatchNormalization", None, *[([-1.0] * 4,)] * 4), "BatchNormalization", "variance of -1"),
    (
        add("BatchNormalization", None, *[([1.0] * 4,)] * 4, opset=15, training_mode=1),
        "BatchNormalization",
        "for training",
    ),
    (add("Clip", None, "x"), "Clip", "one constant number"),
    (add("Dropout", None, "", (np.bool_(True), np.bool_)), "Dropout", "for training"),
    (add("Flatten", axis=0), "Flatten", "keep the batch first"),
    (add("Flatten", axis=2), "Flatten", "keep the batch first"),
    (add("Flatten", axis=5), "Flatten", "axis 5 of 4 dimensions"),
    (add("Reshape", None, ([-1, 100], INT64)), "Reshape", "hold the 576"),
    (add("Reshape", None, ([576, -1], INT64)), "Reshape", "keep the batch first"),
    (add("Reshape", None, ([-1], INT64)), "Reshape", "keep the batch first"),
    (add("Reshape", None, ([-1, -1], INT64)), "Reshape", "hold the 576"),
    (add("Reshape", None, ([0, 0, -1, 0], INT64), opset=14, allowzero=1), "Reshape", "the 576"),
    (add("Reshape", None, None), "Reshape", "must be constant"),
    (add("Transpose", perm=[1, 0, 2, 3]), "Transpose", "keep the batch first"),
    (add("Transpose", perm=[0, 1, 2]), "Transpose", "3 of 4 dimensions"),
    (add("Transpose", perm=[0, 1, 2, 2]), "Transpose", "axis 2 is given twice"),
    (add("Concat", None, None, axis=0), "Concat", "joins pictures"),
    (add("Concat", None, "x", axis=1), "Concat", "different shapes"),
    (add("Gather", None, (0, INT64)), "Gather", "some pictures of the batch"),
    (add("Gather", None, (4, INT64), axis=1), "Gather", "axis 4 of 4 dimensions"),
    (
        add("Slice", None, ([0], INT64), ([1], INT64), ([0], INT64)),
        "Slice",
        "some pictures of the batch",
    ),
    (
        add("Slice", None, ([0], INT64), ([1], INT64), ([1], INT64), ([0], INT64)),
        "Slice",
        "step is 0",
    ),
    (add("Squeeze", None, ([1], INT64)), "Squeeze", "dimension 1 is not 1"),
    (add("Unsqueeze", None, ([0], INT64)), "Unsqueeze", "keep the batch first"),
    (add("Split", axis=1, opset=11, split=[1, 2]), "Split", "2 sizes for 1 outputs"),
    (add("Tile", None, ([1, 1, -1, 1], INT64)), "Tile", "repeats -1 times"),
    (add("ReduceMean", axes=[0]), "ReduceMean", "mixes the pictures"),
    (add("ReduceMean", axes=[4]), "ReduceMean", "axis 4 of 4 dimensions"),
    (add("Cast", to=7), "Cast", "element type 7 of what depends on the picture"),
    (add("ArgMax", axis=1), "ArgMax", "it leaves a label; what it takes must be an output"),
    (add("Softmax", axis=4), "Softmax", "axis 4 of 4 dimensions"),
]


@pytest.mark.parametrize(("network", "op", "why"), NODES, ids=[f"{n[1]}: {n[2]}" for n in NODES])
def test_node(network, op, why, images, tmp_path):
    with pytest.raises(Refused) as refusal:
        predict(save(network.model(), tmp_path), images)
    assert f"node 'n1' ({op}): " in str(refusal.value)
    assert why in str(refusal.value)
    assert len(str(refusal.value)) < 160


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


def cut_in_a_number(model):
    model.graph.initializer[0].raw_data = model.graph.initializer[0].raw_data[:-1]


def no_weights(model):
    model.graph.initializer[0].ClearField("raw_data")


def grow_dims(model):
    model.graph.initializer[0].dims[:] = [1 << 31, 1 << 31]


def cycle(model):
    model.graph.node[0].input[0] = model.graph.node[1].output[0]


def own_input(model):
    model.graph.node[1].input[0] = model.graph.node[1].output[0]


def make_twice(model):
    model.graph.node.add().CopyFrom(model.graph.node[0])


def many_inputs(model):
    del model.graph.node[1].input[:]
    model.graph.node[1].input.extend(["v0_0"] * 9000)


def many_nodes(model):
    for i in range(1100):
        model.graph.node.add(op_type="Relu", input=["v0_0"], output=[f"r{i}"])


def second_input(model):
    model.graph.input.add().CopyFrom(helper.make_tensor_value_info("z", TensorProto.FLOAT, [1]))


def no_output(model):
    del model.graph.output[:]


def complex_input(model):
    model.graph.input[0].type.tensor_type.elem_type = TensorProto.COMPLEX64


def define_twice(model):
    model.graph.initializer.add().CopyFrom(tensor("v0_0", [1.0]))


def wide_weights(model):
    weights = model.graph.initializer[0]
    weights.data_type = TensorProto.UINT64


def newline_in_name(model):
    model.graph.node[0].name = "evil\nname"


def end_early(model):
    model.graph.output[0].name = "v0_0"


FILES = [
    (changed(lambda m: set_dims(m, 1, 3, 28, 28)), "'x' is [1,3,28,28]; it must be [N,784], "),
    (changed(lambda m: set_dims(m, 1, 1, 27, 28)), "'x' is [1,1,27,28]; it must be [N,784], "),
    (changed(lambda m: set_dims(m)), "'x' is []; it must be [N,784], [N,28,28], [N,1,28,28] or "),
    (changed(rename_input), "node 'n0' (Flatten): nothing makes its input 'nowhere'"),
    (changed(move_outside), "'weights.bin' cannot be opened"),
    (changed(cut_weights), "'w0' has 31356 bytes of data; its shape, of 7840 elements, takes 3"),
    (changed(cut_in_a_number), "'w0' has 31359 bytes of data; its shape, of 7840 elements"),
    (changed(no_weights), "'w0' has 0 bytes of data; its shape, of 7840 elements"),
    (changed(grow_dims), "dimension 2147483648"),
    (changed(cycle), "has a cycle: 2 nodes need what each other make: 'n0', 'n1'"),
    (changed(own_input), "has a cycle: node 'n1' needs what it makes"),
    (changed(make_twice), "the graph defines 'v0_0' twice"),
    (changed(many_inputs), "nodes have 9001 inputs; at most 8192 are read"),
    (changed(many_nodes), "the graph has 1102 nodes; at most 1024 are read"),
    (changed(second_input), "inputs 'x' and 'z'; one is expected"),
    (changed(no_output), "has no output"),
    (changed(complex_input), "element type 14"),
    (changed(define_twice), "defines 'v0_0' twice"),
    (changed(wide_weights), "element type 13"),
    (changed(newline_in_name), "control character 10"),
    (changed(end_early), "must be 10 numbers"),
    (Network(("n", 784)).classify(784, 62).model(), "a row of 62; it must be 10 numbers"),
    (
        changed(lambda m: m.opset_import[0].__setattr__("version", 0)),
        "operator set 0; digitd reads 1",
    ),
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


def test_nodes_in_any_order(images, tmp_path):
    network = pixels()
    network.add("Relu")
    model = network.classify().model()
    want = predict(save(model, tmp_path), images)
    model.graph.node.reverse()
    assert (predict(save(model, tmp_path), images) == want).all()


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
    for _ in range(500_000):
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
