"""Checkpoint -> one ONNX file that also holds all that the server needs beyond the graph."""

from __future__ import annotations

import base64
import hashlib
import inspect
import json
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from onnx import checker, helper, numpy_helper
from torch import nn

from .console import print_metrics, write_atomically
from .fit import load_checkpoint
from .golden import SEED, logits_of, template_pictures
from .network import CLASSES, SIDE

OPSET = 13
LARGEST = 2_000_000  # bytes
MNIST_CREDIT = (
    "MNIST training set by Yann LeCun and Corinna Cortes, from NIST Special Databases 1 and 3,"
    " CC BY-SA 3.0"
)
PEN_CREDIT = (
    "Pen-Based Recognition of Handwritten Digits (training writers) by E. Alpaydin and Fevzi"
    " Alimoglu, UCI Machine Learning Repository, doi 10.24432/C5MG6K, CC BY 4.0, strokes rendered"
    " by this project"
)
LETTER_CREDIT = "letters of the free fonts in model/train/fonts.txt, as what is no digit"
OWN_CREDIT = "stroke templates and non-digits of this project's own making"


def to_onnx(model: nn.Module) -> onnx.ModelProto:
    """A plain graph: batch norm folded, dynamic batch. Old and new PyTorch give the same one."""
    options: dict[str, Any] = {}
    if "dynamo" in inspect.signature(torch.onnx.export).parameters:
        options["dynamo"] = False  # its default, the other exporter, knows no opset below 18
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.onnx"
        torch.onnx.export(
            model,
            (torch.zeros(1, 1, SIDE, SIDE),),
            str(path),
            opset_version=OPSET,
            input_names=["input"],
            output_names=["logits"],
            dynamic_axes={"input": {0: "batch"}, "logits": {0: "batch"}},
            **options,
        )
        return onnx.load(str(path))


def weights_sha256(graph: onnx.GraphProto) -> str:
    """Over the little-endian bytes of all float32 initializers, in the file's order."""
    digest = hashlib.sha256()
    for tensor in graph.initializer:
        if tensor.data_type == onnx.TensorProto.FLOAT:
            digest.update(numpy_helper.to_array(tensor).astype("<f4").tobytes())
    return digest.hexdigest()


def golden_metadata(model: nn.Module) -> dict[str, str]:
    """One digit of each class with its logits; the server refuses a file that it cannot repeat."""
    images, labels = template_pictures(CLASSES, SEED + 1)
    logits = logits_of(model, images)
    wrong = np.flatnonzero(logits.argmax(axis=1) != labels)
    if wrong.size:
        raise ValueError(f"the network misreads golden digits {labels[wrong].tolist()}")
    return {
        "digitd.golden_inputs": base64.b64encode(images.tobytes()).decode(),
        "digitd.golden_logits": base64.b64encode(logits.tobytes()).decode(),
    }


def metadata(
    model: nn.Module, graph: onnx.GraphProto, content: dict[str, Any], evaluation: dict[str, Any]
) -> dict[str, str]:
    optional = {"pen": PEN_CREDIT, "letters": LETTER_CREDIT}
    used = [credit for part, credit in optional.items() if part in content["sizes"]]
    credits = [MNIST_CREDIT, *used, OWN_CREDIT]
    entries = {
        "digitd.labels": ",".join(str(i) for i in range(CLASSES)),
        "digitd.input_scale": repr(1 / 255),
        "digitd.temperature": f"{content['temperature']:g}",
        "digitd.training_data": "; ".join(credits),
        "digitd.weights_sha256": weights_sha256(graph),
    }
    for name, key in (("mnist", "digitd.accuracy"), ("pen", "digitd.accuracy_pen")):
        if name in evaluation:
            entries[key] = f"{evaluation[name]['accuracy']:.4f}"
    return entries | golden_metadata(model)


def export(checkpoint: Path, evaluation: Path | None, out: Path) -> None:
    """Write the model file. Without an evaluation it claims no accuracy."""
    torch.set_num_threads(1)
    model, content = load_checkpoint(checkpoint)
    figures = json.loads(evaluation.read_text()) if evaluation else {}
    file = to_onnx(model)
    file.doc_string = "Handwritten digits: [N,1,28,28] with ink = 1 on 0 in, ten logits out."
    entries = metadata(model, file.graph, content, figures)
    helper.set_model_props(file, entries)
    checker.check_model(file, full_check=True)
    raw = file.SerializeToString()
    if len(raw) > LARGEST:
        raise ValueError(f"the model file would have {len(raw)} bytes; {LARGEST} is the limit")
    write_atomically(out, raw)
    print_metrics(
        model=str(out),
        bytes=len(raw),
        sha256=hashlib.sha256(raw).hexdigest(),
        weights_sha256=entries["digitd.weights_sha256"],
        nodes=",".join(n.op_type for n in file.graph.node),
    )
