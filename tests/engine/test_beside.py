"""What a file, or the lines beside it, say of its input; weights that lie beside it."""

import os

import numpy as np
import onnx
import pytest
from check import softmax
from conftest import Refused, predict
from networks import Network, reference, save


def network():
    network = Network()
    network.conv(1, 6, 5, strides=[2, 2], pads=[2, 2, 2, 2])
    network.add("Relu")
    return network.classify().model()


INPUTS = {
    "normalised": (
        {"input_mean": "0.1307", "input_std": "0.3081"},
        lambda x: (x - 0.1307) / 0.3081,
    ),
    "paper high": ({"input_polarity": "paper"}, lambda x: 1 - x),
    "both": (
        {"input_polarity": "paper", "input_mean": "0.5", "input_std": "0.5"},
        lambda x: (1 - x - 0.5) / 0.5,
    ),
    "grey": (
        {"input_scale": "1", "input_mean": "127.5", "input_polarity": "paper"},
        lambda x: 255 - x - 127.5,
    ),
    "as it is": ({"input_polarity": "ink"}, lambda x: x),
}


@pytest.mark.parametrize("beside", [False, True])
@pytest.mark.parametrize("name", INPUTS)
def test_input(name, beside, images, tmp_path):
    properties, change = INPUTS[name]
    if name == "grey":
        images = images * np.float32(255)
    model = network()
    want = reference(model, np.float32(change(images)).reshape(-1, 1, 28, 28))
    if not beside:
        onnx.helper.set_model_props(model, {f"digitd.{k}": v for k, v in properties.items()})
    path = save(model, tmp_path)
    if beside:
        lines = [
            "# how the pictures were prepared",
            "",
            *(f"{k}={v}" for k, v in properties.items()),
        ]
        path.with_name("model.onnx.properties").write_text("\n".join(lines))
    logits, probabilities = predict(path, images)
    assert np.abs(logits - want).max() <= 1e-4 * max(1, np.abs(want).max())
    assert np.abs(probabilities - softmax(want)).max() <= 1e-4


def test_lines_beside_the_file_win(images, tmp_path):
    model = network()
    onnx.helper.set_model_props(model, {"digitd.temperature": "2"})
    path = save(model, tmp_path)
    path.with_name("model.onnx.properties").write_text("digitd.temperature=4\n")
    logits, probabilities = predict(path, images)
    assert np.abs(softmax(logits / 4) - probabilities).max() <= 1e-6


def test_lines_of_any_editor(images, tmp_path):
    path = save(network(), tmp_path)
    text = "\ufeff# from elsewhere\r\n\r\n temperature = 4 \r\n"
    path.with_name("model.onnx.properties").write_text(text, newline="")
    logits, probabilities = predict(path, images)
    assert np.abs(softmax(logits / 4) - probabilities).max() <= 1e-6


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("input_std=0", "'digitd.input_std' is '0'; it should be a number"),
        ("input_mean=x", "'digitd.input_mean' is 'x'; it should be a number"),
        ("input_polarity=up", "'digitd.input_polarity' is 'up'; it should be ink or paper"),
        ("input_mean", "'input_mean' should be KEY=VALUE"),
        ("=1", "'=1' should be KEY=VALUE"),
    ],
)
def test_lines_that_are_wrong(line, why, images, tmp_path):
    path = save(network(), tmp_path)
    path.with_name("model.onnx.properties").write_text(line)
    with pytest.raises(Refused) as refusal:
        predict(path, images)
    assert why in str(refusal.value)


def save_apart(model, folder, **options):
    path = folder / "model.onnx"
    onnx.save_model(model, path, save_as_external_data=True, size_threshold=0, **options)
    return path


@pytest.mark.parametrize("one", [False, True])
def test_weights_beside_the_file(one, images, tmp_path):
    model = network()
    want = predict(save(model, tmp_path), images)
    options = {"location": "model.onnx.data"} if one else {}
    path = save_apart(model, tmp_path, all_tensors_to_one_file=one, **options)
    assert path.stat().st_size < 2000
    assert (predict(path, images) == want).all()


def change(key, value):
    def apply(path):
        model = onnx.load(path, load_external_data=False)
        for entry in model.graph.initializer[0].external_data:
            if entry.key == key:
                entry.value = value
        path.write_bytes(model.SerializeToString())

    return apply


def make_pipe(path):
    """Which nobody writes to."""
    path.with_name("weights").unlink()
    os.mkfifo(path.with_name("weights"))


def make_folder(path):
    path.with_name("weights").unlink()
    path.with_name("weights").mkdir()


def share_a_large_file(path):
    """No tensor is too large on its own, and the file takes no room on the disk."""
    model = onnx.load(path, load_external_data=False)
    with path.with_name("weights").open("ab") as file:
        file.truncate(300 << 20)
    tensor = model.graph.initializer[1]
    tensor.dims[:] = [256 << 18]
    del tensor.external_data[1:]
    path.write_bytes(model.SerializeToString())


APART = [
    (lambda path: path.with_name("weights").unlink(), "'weights' cannot be opened: No such file"),
    (lambda path: path.with_name("weights").write_bytes(b"short"), "has no 600 bytes at"),
    (change("location", "../weights"), "should be a file beside the model"),
    (change("location", "/etc/passwd"), "should be a file beside the model"),
    (change("location", ".hidden"), "should be a file beside the model"),
    (change("location", ""), "should be a file beside the model"),
    (change("length", "596"), "has 596 bytes in another file, not the 600"),
    (change("offset", "-8"), "has offset '-8'"),
    (change("offset", "99999999999"), "has no 600 bytes at 99999999999"),
    (make_pipe, "'weights' is no regular file"),
    (make_folder, "'weights' is no regular file"),
    (share_a_large_file, "the weights in other files have over 268435456 bytes"),
]


@pytest.mark.parametrize(("harm", "why"), APART, ids=[case[1] for case in APART])
def test_weights_that_are_not_there(harm, why, images, tmp_path):
    path = save_apart(network(), tmp_path, location="weights")
    harm(path)
    with pytest.raises(Refused) as refusal:
        predict(path, images)
    assert why in str(refusal.value)
