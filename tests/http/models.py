"""Networks that answer one digit whatever they see, so that an answer tells who gave it."""

import os

import pytest

np = pytest.importorskip("numpy")
onnx = pytest.importorskip("onnx")

from onnx import TensorProto, helper, numpy_helper  # noqa: E402


def always(digit, comment=""):
    """The bytes of such a network; other comments are other bytes."""
    weight = numpy_helper.from_array(np.zeros((784, 10), np.float32), "w")
    bias = np.zeros(10, np.float32)
    bias[digit] = 9
    graph = helper.make_graph(
        [
            helper.make_node("Flatten", ["input"], ["flat"]),
            helper.make_node("Gemm", ["flat", "w", "b"], ["scores"]),
        ],
        "always",
        [helper.make_tensor_value_info("input", TensorProto.FLOAT, ["n", 1, 28, 28])],
        [helper.make_tensor_value_info("scores", TensorProto.FLOAT, ["n", 10])],
        [weight, numpy_helper.from_array(bias, "b")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 8
    model.doc_string = comment
    return model.SerializeToString()


def put(root, version, content, model="mnist"):
    """Writes the version's file the way that nobody sees half of it."""
    folder = root / model / str(version)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "new").write_bytes(content)
    os.replace(folder / "new", folder / "model.onnx")
    return folder / "model.onnx"
