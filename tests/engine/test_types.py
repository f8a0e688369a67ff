"""Files whose numbers are wider or narrower than float32, which digitd computes in."""

import numpy as np
import onnx
import pytest
from check import TOLERANCE
from conftest import Refused, predict
from networks import Network, reference, save
from onnx import TensorProto, helper, numpy_helper


def small():
    network = Network()
    network.conv(1, 4, 5, strides=[3, 3])
    network.add("Relu")
    return network.classify(256).model()


def retyped(model, kind, store=None):
    """All numbers as `kind`, those of initializers made by `store` from float32 ones."""
    graph = onnx.ModelProto.FromString(model.SerializeToString()).graph
    for tensor in graph.initializer:
        values = numpy_helper.to_array(tensor)
        if values.dtype == np.float32:
            tensor.CopyFrom(store(tensor.name, values))
    graph.input[0].type.tensor_type.elem_type = kind
    graph.output[0].type.tensor_type.elem_type = kind
    ret = onnx.ModelProto.FromString(model.SerializeToString())
    ret.graph.CopyFrom(graph)
    return ret


def rounded(model, of):
    """The same network with weights that have been through another type."""
    return retyped(model, TensorProto.FLOAT, lambda name, x: numpy_helper.from_array(of(x), name))


def halves(name, values):
    return numpy_helper.from_array(values.astype(np.float16), name)


def halves_in_words(name, values):
    bits = values.astype(np.float16).view(np.uint16).ravel().tolist()
    return TensorProto(name=name, dims=values.shape, data_type=10, int32_data=bits)


def brain_floats(name, values):
    bits = (values.view(np.uint32) >> 16).astype(np.uint16)
    return TensorProto(name=name, dims=values.shape, data_type=16, raw_data=bits.tobytes())


def cut(values):
    return (values.view(np.uint32) & np.uint32(0xFFFF0000)).view(np.float32)


def through_half(values):
    return values.astype(np.float16).astype(np.float32)


TYPES = {
    "float16": (TensorProto.FLOAT16, halves, through_half),
    "float16 in words": (TensorProto.FLOAT16, halves_in_words, through_half),
    "bfloat16": (TensorProto.BFLOAT16, brain_floats, cut),
    "double": (
        TensorProto.DOUBLE,
        lambda name, x: numpy_helper.from_array(x.astype(np.float64), name),
        lambda x: x,
    ),
}


@pytest.mark.parametrize("name", TYPES)
def test_floats(name, images, tmp_path):
    kind, store, of = TYPES[name]
    model = small()
    model.graph.initializer[0].CopyFrom(  # a subnormal, the largest, and a zero that is negative
        numpy_helper.from_array(
            np.float32([3e-6, 65504 / 4096, -0.0, *np.linspace(-1, 1, 97)]).reshape(4, 1, 5, 5),
            model.graph.initializer[0].name,
        )
    )
    logits, _ = predict(save(retyped(model, kind, store), tmp_path), images)
    want = reference(rounded(model, of), images.reshape(-1, 1, 28, 28))
    assert np.abs(logits - want).max() <= TOLERANCE * max(1, np.abs(want).max())


@pytest.mark.parametrize("kind", [TensorProto.FLOAT16, TensorProto.BFLOAT16, TensorProto.DOUBLE])
def test_casts_on_the_way(kind, images, tmp_path):
    network = Network(("n", 784))
    network.add("Cast", to=kind)
    network.add("Cast", to=TensorProto.FLOAT)
    network.classify(784)
    logits, _ = predict(save(network.model(), tmp_path), images)
    network.nodes = network.nodes[2:]
    network.nodes[0].input[0] = "x"
    assert np.abs(logits - reference(network.model(), images)).max() <= TOLERANCE


def test_what_is_no_number(images, tmp_path):
    model = retyped(small(), TensorProto.FLOAT16, lambda name, x: halves(name, x * np.inf))
    with pytest.raises(Refused, match="not finite"):
        predict(save(model, tmp_path), images)


@pytest.mark.parametrize("kind", [TensorProto.UINT8, TensorProto.INT32, TensorProto.INT64])
def test_integers(kind, images, tmp_path):
    """Greys of 0 to 255, which are what digitd then feeds unless it is told otherwise."""
    network = Network()
    network.add("Cast", to=TensorProto.FLOAT)
    network.add("Div", None, network.constant(255.0))
    network.conv(1, 4, 5, strides=[3, 3])
    network.classify(256)
    model = network.model()
    model.graph.input[0].type.tensor_type.elem_type = kind
    greys = np.round(images * 255)
    x = greys.reshape(-1, 1, 28, 28).astype(helper.tensor_dtype_to_np_dtype(kind))
    logits, _ = predict(save(model, tmp_path), greys)
    assert np.abs(logits - reference(model, x)).max() <= TOLERANCE


@pytest.mark.parametrize("kind", [TensorProto.INT8, TensorProto.BOOL, TensorProto.STRING])
def test_what_holds_no_greys(kind, images, tmp_path):
    model = small()
    model.graph.input[0].type.tensor_type.elem_type = kind
    with pytest.raises(Refused, match=f"element type {kind}; it should be float32"):
        predict(save(model, tmp_path), images)
