"""PyTorch's exporter that traces, at many operator sets, with a free and with a fixed batch."""

import warnings

import pytest
from compare import TOLERANCE, compare

torch = pytest.importorskip("torch")
from torch_networks import NETWORKS, SHAPES, make, spread  # noqa: E402 - only if there is torch

# Each network at two operator sets; GroupNorm and the like want new ones, single one picture.
CASES = [
    (name, opset, dynamic) for name in NETWORKS for opset, dynamic in [(11, False), (16, True)]
]
CASES += [("mlp", 9, True), ("lenet", 9, False), ("lenet", 10, True), ("resnet", 13, True)]
CASES += [("viewed", 9, True), ("viewed", 17, True), ("inception", 12, True), ("padded", 12, True)]
CASES += [("normed", 17, True), ("transformer", 17, True), ("activations", 14, True)]
CASES = [case for case in CASES if case[0] != "single" or not case[2]]
CASES = [case for case in CASES if case[:2] != ("activations", 11)]


@pytest.mark.parametrize(("name", "opset", "dynamic"), CASES)
def test_torch(name, opset, dynamic, images, table, tmp_path):
    shape = SHAPES.get(name, (1, 28, 28))
    model = spread(make(name), torch.from_numpy(images[:50]).reshape(-1, *shape))
    path = tmp_path / "model.onnx"
    batch = 3 if dynamic else 1
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that tracing may not generalise: here it does
        torch.onnx.export(
            model,
            torch.from_numpy(images[:batch]).reshape(batch, *shape),
            str(path),
            opset_version=opset,
            input_names=["image"],
            dynamic_axes={"image": {0: "n"}} if dynamic else None,
        )
    difference, same = compare(path, images)
    exporter = f"torch {torch.__version__.split('+')[0]}, opset {opset}"
    batch = "any batch" if dynamic else "one picture"
    table((exporter, f"{name}, {batch}", f"{difference:.1e}", f"{same} of {len(images)}"))
    assert difference <= TOLERANCE
    assert same == len(images)
