"""digitd eval."""

import gzip
import json
import os
from pathlib import Path

import pytest
from commands import BAD_DATA, FAILED, MODEL, WRONG_USAGE, digitd
from pictures import digits, np, png, read_png, write_idx
from train.preprocess import preprocess
from train.render import render_canvases

PREDICT = "/v1/models/mnist:predict"


@pytest.fixture(scope="module")
def drawings():
    return list(digits(120))


@pytest.fixture
def canvases(tmp_path, drawings):
    """Raw drawings, 120x120."""
    return write_idx(tmp_path, [p for _, p in drawings], [label for label, _ in drawings])


def evaluate(files, *more, **how):
    images, labels = files
    out, err = digitd("eval", "--images", images, "--labels", labels, *more, **how)
    return out, err


def figures(files, *more):
    return json.loads(evaluate(files, "--json", *more)[0])


def test_figures_agree_with_each_other(canvases, drawings):
    result = figures(canvases)
    confusion = np.array(result["confusion"])
    assert result["images"] == len(drawings) == confusion.sum() + sum(result["rejected"])
    assert result["correct"] == np.trace(confusion)
    assert result["accuracy"] == pytest.approx(result["correct"] / result["images"])
    assert result["accuracy"] > 0.9
    counts = np.bincount([label for label, _ in drawings], minlength=10)
    assert (confusion.sum(axis=1) + result["rejected"] == counts).all()
    for digit in range(10):
        assert result["recall"][digit] == pytest.approx(confusion[digit, digit] / counts[digit])
    assert sum(b["images"] for b in result["calibration"]) == confusion.sum()
    assert result["preprocessed"] is True
    assert result["images_per_second"] > 0


def test_finished_images_are_taken_as_they_are(tmp_path, canvases, drawings):
    ready = [preprocess(picture) for _, picture in drawings]
    folder = tmp_path / "ready"
    folder.mkdir()
    files = write_idx(folder, ready, [label for label, _ in drawings], compress=True)
    result, raw = figures(files), figures(canvases)
    assert result["preprocessed"] is False
    assert result["confusion"] == raw["confusion"]
    assert figures(files, "--preprocess")["preprocessed"] is True

    # Turned over, they are nothing that it knows; --preprocess turns them back.
    files = write_idx(folder, [255 - p for p in ready], [label for label, _ in drawings])
    assert figures(files)["accuracy"] < 0.5
    assert figures(files, "--preprocess")["accuracy"] > 0.9


def test_blank_pictures_are_wrong(tmp_path):
    files = write_idx(tmp_path, [np.zeros((30, 40), np.uint8)] * 3, [1, 1, 5])
    result = figures(files)
    assert (result["images"], result["correct"]) == (3, 0)
    assert result["rejected"] == [0, 2, 0, 0, 0, 1, 0, 0, 0, 0]
    assert result["log_loss"] is result["answered_accuracy"] is None
    assert "as no digit\n" in evaluate(files)[0]


def test_a_server_refuses_the_same(tmp_path, server):
    """Digits, what is half one and half another, and nothing at all."""
    some = [picture for _, picture in digits(30)]
    mixed = [
        np.maximum(a, np.roll(b, shift, 1))
        for shift, (a, b) in enumerate(zip(some, some[7:], strict=False))
    ]
    everything = [*some, *mixed, np.zeros_like(some[0])]
    labels = [i % 10 for i in range(len(everything))]
    answers = []
    for picture in everything:
        answer = server.request("POST", PREDICT, png(picture, 1), {"Content-Type": "image/png"})
        answers.append(answer.json["predictions"][0]["digit"])
    given = [
        (label, answer) for label, answer in zip(labels, answers, strict=True) if answer is not None
    ]
    result = figures(write_idx(tmp_path, everything, labels))
    assert result["refused"] == len(everything) - len(given)
    assert sum(result["rejected"]) < result["refused"] < len(everything)
    right = sum(label == answer for label, answer in given)
    assert result["answered_accuracy"] == pytest.approx(right / len(given))


def test_text_for_people(canvases, drawings):
    out, err = evaluate(canvases)
    result = figures(canvases)
    assert f"{100 * result['accuracy']:.2f} %" in out
    assert (
        f"{result['refused']} ({100 * result['refused'] / len(drawings):.2f} %) as no digit" in out
    )
    assert f"of the others {100 * result['answered_accuracy']:.2f} % are right" in out
    assert f", {len(drawings)} of 120x120, preprocessed" in out
    assert "\033" not in out
    assert err == ""


def test_minimum(canvases):
    evaluate(canvases, "--min-accuracy", "0.5")
    labels = canvases[1].read_bytes()
    canvases[1].write_bytes(labels[:-1] + bytes([(labels[-1] + 1) % 10]))
    out, err = evaluate(canvases, "--min-accuracy", "1.0", "--json", code=FAILED)
    assert json.loads(out)["accuracy"] < 1
    assert "at least 1.0000" in err


def test_plot(tmp_path, canvases):
    path = tmp_path / "plot.png"
    evaluate(canvases, "--plot", path)
    plot = read_png(path.read_bytes())
    assert plot.shape[2] == 3 and plot.shape[0] > 500
    blue = (plot[..., 2] > 200) & (plot[..., 0] < 100)
    assert 0.02 < blue.mean() < 0.3
    _, err = evaluate(canvases, "--plot", tmp_path / "none/plot.png", code=FAILED)
    assert "none/plot.png" in err
    assert sorted(p.name for p in tmp_path.iterdir()) == ["images.idx", "labels.idx", "plot.png"]


def test_wrong_usage(canvases):
    _, err = digitd("eval", "--images", canvases[0], code=WRONG_USAGE)
    assert "--labels" in err


def test_bad_data(tmp_path, canvases):
    images, labels = canvases
    bytes_ = labels.read_bytes()

    def refused(part, code=BAD_DATA):
        out, err = evaluate(canvases, code=code)
        assert out == "" and part in err

    labels.write_bytes(bytes_[:7] + bytes([bytes_[7] - 1]) + bytes_[8:-1])
    refused(f"{bytes_[7]} images and {bytes_[7] - 1} labels")
    labels.write_bytes(bytes_[:-1] + b"\x0a")
    refused("has the label 10")
    labels.write_bytes(bytes_[:-1])
    refused("ends before")
    labels.write_bytes(bytes_ + b"\0")
    refused("goes on")
    labels.write_bytes(gzip.compress(bytes_)[:-3])
    refused("gzip")
    labels.write_bytes(b"label\n")
    refused("too short")
    labels.write_bytes(images.read_bytes())
    refused("0x00000803")
    labels.unlink()
    refused("No such file", FAILED)


def test_mnist():
    """The accuracy that the model claims of itself, and that the product promises."""
    folder = os.environ.get("DIGITD_MNIST_DIR")
    if not folder:
        pytest.skip("DIGITD_MNIST_DIR is not set")
    claimed = json.loads(digitd("inspect", "--json", MODEL)[0])["accuracy"]
    files = [Path(folder) / f"t10k-{kind}-ubyte.gz" for kind in ("images-idx3", "labels-idx1")]
    result = figures(files)
    assert result["images"] == 10000
    assert result["accuracy"] >= 0.996
    assert result["accuracy"] == pytest.approx(float(claimed), abs=1.01e-4)
    assert figures(files, "--preprocess")["accuracy"] == pytest.approx(float(claimed), abs=5e-4)


def test_unseen_writers(tmp_path):
    """Pen strokes of people whose digits were not trained on, drawn and read as pictures."""
    folder = os.environ.get("DIGITD_PENDIGITS_DIR")
    if not folder:
        pytest.skip("DIGITD_PENDIGITS_DIR is not set")
    render_canvases(Path(folder) / "pendigits-tes.jsonl.gz", tmp_path, limit=None, seed=1)
    result = figures([tmp_path / "images.idx", tmp_path / "labels.idx"])
    assert result["images"] == 3498
    assert result["accuracy"] >= 0.975
