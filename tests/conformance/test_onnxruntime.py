"""What ONNX Runtime writes: graphs that it has optimised, and those that it has quantised."""

import logging
import warnings

import numpy as np
import onnx
import onnxruntime
import pytest
from compare import TOLERANCE, compare
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process

torch = pytest.importorskip("torch")
from torch_networks import make, spread  # noqa: E402 - only if there is torch

SHAPE = (1, 28, 28)
VERSION = f"onnxruntime {onnxruntime.__version__}"


def export(name, images, folder):
    model = spread(make(name), torch.from_numpy(images[:50]).reshape(-1, *SHAPE))
    path = folder / "torch.onnx"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            model,
            torch.from_numpy(images[:3]).reshape(3, *SHAPE),
            str(path),
            opset_version=16,
            input_names=["image"],
            dynamic_axes={"image": {0: "n"}},
        )
    return path


def check(path, images, table, network, peer=None):
    difference, same = compare(path, images, peer)
    table((VERSION, network, f"{difference:.1e}", f"{same} of {len(images)}"))
    assert difference <= TOLERANCE
    assert same == len(images)


def operators(path):
    return {node.op_type for node in onnx.load(str(path)).graph.node}


@pytest.mark.parametrize(
    ("name", "operator"),
    [("lenet", "FusedGemm"), ("resnet", "FusedConv"), ("transformer", "BiasGelu")],
)
def test_optimised(name, operator, images, table, tmp_path):
    plain = export(name, images, tmp_path)
    path = tmp_path / "optimised.onnx"
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_EXTENDED
    options.optimized_model_filepath = str(path)
    options.log_severity_level = 3
    onnxruntime.InferenceSession(str(plain), options, providers=["CPUExecutionProvider"])
    assert operator in operators(path)
    check(path, images, table, f"{name}, optimised", plain)


class Pictures(CalibrationDataReader):
    def __init__(self, images):
        self.rest = iter(images.reshape(-1, 1, *SHAPE))

    def get_next(self):
        image = next(self.rest, None)
        return None if image is None else {"image": np.ascontiguousarray(image)}


@pytest.mark.parametrize("name", ["shufflenet", "inception"])
@pytest.mark.parametrize("form", [QuantFormat.QDQ, QuantFormat.QOperator], ids=lambda f: f.name)
def test_quantised(name, form, images, table, tmp_path, monkeypatch):
    monkeypatch.setattr(logging.root, "disabled", True)
    ready, path = tmp_path / "ready.onnx", tmp_path / "quantised.onnx"
    quant_pre_process(str(export(name, images, tmp_path)), str(ready))
    quantize_static(
        str(ready),
        str(path),
        Pictures(images[:100]),
        quant_format=form,
        per_channel=True,
        reduce_range=True,  # else processors without VNNI saturate, in ONNX Runtime
        weight_type=QuantType.QInt8,
    )
    assert any(
        op.startswith("QLinear" if form == QuantFormat.QOperator else "Dequantize")
        for op in operators(path)
    )
    check(path, images, table, f"{name}, quantised, {form.name}")
