"""digitd quantize."""

import gzip
import json
import os
import struct
from pathlib import Path

import onnx
import onnxruntime
import pytest
from commands import BAD_DATA, FAILED, MODEL, WRONG_USAGE, digitd
from pictures import digits, np, write_idx
from train.preprocess import preprocess

LABELS = [label for label, _ in digits(120)]
READY = [preprocess(picture) for _, picture in digits(120)]


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    """Drawings as the network was trained on: images and labels."""
    return write_idx(tmp_path_factory.mktemp("idx"), READY, LABELS)


@pytest.fixture(scope="module")
def model(pictures, tmp_path_factory):
    """The model that ships, in bytes, and what was said of it."""
    path = tmp_path_factory.mktemp("model") / "bytes.onnx"
    images, labels = pictures
    out, err = digitd(
        *("quantize", "--calibrate", images, "--out", path, "--json"),
        *("--images", images, "--labels", labels),
    )
    assert err == ""
    return path, json.loads(out)


def test_report_says_what_was_lost(model, pictures):
    path, report = model
    images, labels = pictures
    assert report["images"] == len(READY)
    for name, file in (("before", MODEL), ("after", path)):
        args = "eval", "--json", "--model", file, "--images", images, "--labels", labels
        accuracy = json.loads(digitd(*args)[0])["accuracy"]
        assert report[f"accuracy_{name}"] == pytest.approx(accuracy, abs=1e-6)
    assert abs(report["accuracy_after"] - report["accuracy_before"]) <= 1.5 / len(READY)
    assert path.stat().st_size < MODEL.stat().st_size / 3
    assert report["weights_after"] < report["weights_before"] / 2  # Winograd's are larger


def test_metadata_is_kept_or_true_again(model):
    path, report = model
    before = {p.key: p.value for p in onnx.load(MODEL).metadata_props}
    after = {p.key: p.value for p in onnx.load(path).metadata_props}
    for key in ("digitd.labels", "digitd.temperature", "digitd.training_data"):
        assert after.get(key) == before.get(key)
    assert after["digitd.golden_inputs"] == before["digitd.golden_inputs"]
    assert after["digitd.golden_logits"] != before["digitd.golden_logits"]
    assert float(after["digitd.accuracy"]) == pytest.approx(report["accuracy_after"], abs=1e-4)
    assert "digitd.accuracy_pen" not in after  # was not measured
    shown = json.loads(digitd("inspect", "--json", path)[0])
    assert shown["golden"] >= 10


def test_every_layer_is_of_bytes(model):
    steps = json.loads(digitd("inspect", "--json", model[0])[0])["steps"]
    kernels = [step["kernel"].rsplit(" ", 1)[0] for step in steps]
    assert kernels[0] == "quantize"
    assert {"int8 conv", "int8 dense"} == set(kernels[1:]) - {"int8 winograd"}
    out, _ = digitd("inspect", model[0])
    assert "int8 conv" in out


def test_onnx_runtime_gives_the_same(model, tmp_path):
    path, _ = model
    parsed = onnx.load(path)
    onnx.checker.check_model(parsed, full_check=True)
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    x = np.stack(READY).reshape(-1, 1, 28, 28).astype(np.float32) / np.float32(255)
    logits = session.run(None, {session.get_inputs()[0].name: x})[0]
    wrong = [i for i, label in enumerate(LABELS) if logits[i].argmax() != label]
    images, labels = write_idx(tmp_path, READY, LABELS)
    ours = json.loads(
        digitd("eval", "--json", "--model", path, "--images", images, "--labels", labels)[0]
    )
    assert ours["images"] - ours["correct"] == len(wrong)


def test_text_for_people(pictures, tmp_path):
    images, labels = pictures
    args = "quantize", MODEL, "--calibrate", images, "--out", tmp_path / "m.onnx"
    out, _ = digitd(*args, "--images", images, "--labels", labels)
    assert " points on " in out and " %, before " in out
    out, _ = digitd(*args)
    assert "accuracy" not in out and "bytes, before" in out


@pytest.mark.slow
@pytest.mark.skipif("DIGITD_MNIST_DIR" not in os.environ, reason="needs MNIST")
def test_loss_on_mnist(tmp_path):
    folder = Path(os.environ["DIGITD_MNIST_DIR"])
    calibration = tmp_path / "calibration.idx"
    with gzip.open(folder / "train-images-idx3-ubyte.gz") as f:
        head = struct.unpack(">IIII", f.read(16))
        calibration.write_bytes(struct.pack(">IIII", head[0], 300, 28, 28) + f.read(300 * 784))
    out, _ = digitd(
        *("quantize", "--calibrate", calibration, "--out", tmp_path / "m.onnx", "--json"),
        *("--images", folder / "t10k-images-idx3-ubyte.gz"),
        *("--labels", folder / "t10k-labels-idx1-ubyte.gz"),
    )
    report = json.loads(out)
    assert report["accuracy_after"] >= report["accuracy_before"] - 0.0005


def test_wrong_usage(pictures, tmp_path):
    images, labels = pictures
    out = tmp_path / "m.onnx"
    for args, why in (
        ((), "--calibrate and --out are both needed"),
        (("--calibrate", images), "--calibrate and --out are both needed"),
        (
            ("--calibrate", images, "--out", out, "--images", images),
            "--images and --labels belong together",
        ),
        (("--calibrate", images, "--out", out, MODEL, MODEL), "one model at a time"),
        (("--calibrate", images, "--out", images), "images.idx', which is read"),
        (("--calibrate", images, "--out", MODEL, "--model", MODEL), "model.onnx', which is read"),
    ):
        assert why in digitd("quantize", *args, code=WRONG_USAGE)[1]
    assert not out.exists()


def test_bad_data(model, pictures, tmp_path):
    images, labels = pictures
    out = tmp_path / "m.onnx"
    large = write_idx(tmp_path, [np.zeros((30, 40), np.uint8)], [1])[0]
    for args, why in (
        (("--calibrate", large), "--calibrate holds pictures of 40x30; it should be 28x28"),
        (("--calibrate", labels), "labels.idx"),
        (("--calibrate", images, "--model", model[0]), "the model is quantised already"),
    ):
        assert why in digitd("quantize", *args, "--out", out, code=BAD_DATA)[1]
    _, err = digitd("quantize", "--calibrate", tmp_path / "none", "--out", out, code=FAILED)
    assert "none" in err
    assert not out.exists()


def test_nothing_is_left_where_it_cannot_be_written(pictures, tmp_path):
    target = tmp_path / "none" / "m.onnx"
    _, err = digitd("quantize", "--calibrate", pictures[0], "--out", target, code=FAILED)
    assert "m.onnx" in err
    assert list(tmp_path.iterdir()) == []


def test_help():
    out, _ = digitd("quantize", "--help")
    for flag in ("--calibrate", "--out", "--images", "--labels", "--json"):
        assert flag in out
