"""Writes torch_networks.py by PyTorch's newest exporter: FOLDER/EXPORTER,NETWORK.onnx.

Runs on its own, where a newer PyTorch is.

usage: export_dynamo.py FOLDER IMAGES
"""

import sys
import warnings
from pathlib import Path

import numpy as np
import torch
from torch_networks import NETWORKS, SHAPES, make, spread


def main():
    folder = Path(sys.argv[1])
    images = torch.from_numpy(np.load(sys.argv[2]))
    warnings.simplefilter("ignore")
    for name in NETWORKS:
        shape = SHAPES.get(name, (1, 28, 28))
        model = spread(make(name), images.reshape(-1, *shape))
        dynamic = name != "single"
        exporter = f"torch {torch.__version__.split('+')[0]} dynamo"
        try:
            torch.onnx.export(
                model,
                (images[: 3 if dynamic else 1].reshape(-1, *shape),),
                str(folder / f"{exporter},{name}.onnx"),
                dynamo=True,
                external_data=name == "mlp",
                verbose=False,
                dynamic_shapes=({0: torch.export.Dim("n")},) if dynamic else None,
            )
        except torch.onnx.errors.OnnxExporterError as error:
            print(f"{name}: the exporter cannot: {str(error).splitlines()[0]}")


main()
