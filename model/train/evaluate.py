"""The final look at data that training never saw: MNIST's test set, and unseen pen writers."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from .console import Progress, print_metrics, write_atomically
from .data import load_mnist
from .fit import load_checkpoint
from .network import CLASSES, predict
from .nondigits import make_nondigits
from .preprocess import SIDE, preprocess
from .strokes import canvases, read_drawings

Figures = dict[str, float]
BINS = 15  # of confidence, for the calibration error


def calibration_error(probabilities: Tensor, labels: Tensor) -> float:
    """Expected calibration error: how far confidence is from accuracy, over equal bins."""
    confidence, digit = probabilities.max(dim=1)
    right = (digit == labels).double()
    place = (confidence * BINS).long().clamp(max=BINS - 1)
    gaps = torch.zeros(BINS, dtype=torch.double)
    gaps.index_add_(0, place, right - confidence.double())
    return float(gaps.abs().sum() / len(labels))


def judge(
    model: nn.Module, temperature: float, images: NDArray[np.uint8], labels: NDArray[np.uint8]
) -> tuple[Figures, list[str]]:
    """Accuracy with its standard error, likelihood, calibration; and the commonest mistakes."""
    logits = predict(model, torch.from_numpy(images))
    expected = torch.from_numpy(labels).long()
    digit = logits.argmax(dim=1)
    accuracy = float((digit == expected).double().mean())
    probabilities = torch.softmax(logits / temperature, dim=1)
    chosen = probabilities[torch.arange(len(expected)), expected]
    confusion = torch.bincount(expected * CLASSES + digit, minlength=CLASSES**2).view(
        CLASSES, CLASSES
    )
    confusion.fill_diagonal_(0)
    worst = confusion.flatten().argsort(descending=True)[:6].tolist()
    mistakes = [
        f"{w // CLASSES} as {w % CLASSES}: {int(confusion.flatten()[w])}"
        for w in worst
        if confusion.flatten()[w] > 0
    ]
    figures = {
        "images": len(labels),
        "accuracy": round(accuracy, 5),
        "standard_error": round(math.sqrt(accuracy * (1 - accuracy) / len(labels)), 5),
        "loss": round(float(-chosen.clamp(min=1e-12).log().mean()), 5),
        "calibration_error": round(calibration_error(probabilities, expected), 5),
    }
    return figures, mistakes


def pen_pictures(path: Path, seed: int) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Each drawing on a canvas of its own, then through the server's preprocessing."""
    drawings = read_drawings(path)
    images = np.zeros((len(drawings), SIDE, SIDE), np.uint8)
    labels = np.array([d.label for d in drawings], np.uint8)
    with Progress("rendering", len(drawings)) as progress:
        for i, (canvas, _) in enumerate(canvases(drawings, seed)):
            seen = preprocess(canvas)
            if seen is not None:
                images[i] = seen
            progress.advance()
    return images, labels


def _unsure(model: nn.Module, temperature: float, seed: int) -> float:
    """Mean confidence on pictures that are no digit, drawn anew."""
    pictures = torch.from_numpy(make_nondigits(900, seed))
    return float(torch.softmax(predict(model, pictures) / temperature, dim=1).max(dim=1)[0].mean())


def evaluate(checkpoint: Path, mnist: Path, pens: Path | None, out: Path, seed: int) -> None:
    """Print the figures and write them to `out`, where export finds them."""
    torch.set_num_threads(1)
    model, content = load_checkpoint(checkpoint)
    temperature = content["temperature"]
    assert isinstance(temperature, float)
    sets = {"mnist": load_mnist(mnist, "t10k")}
    if pens is not None:
        sets["pen"] = pen_pictures(pens, seed)
    result: dict[str, object] = {}
    for name, (images, labels) in sets.items():
        figures, mistakes = judge(model, temperature, images, labels)
        print_metrics(set=name, **figures)
        print_metrics(set=name, mistakes=", ".join(mistakes))
        result[name] = {**figures, "mistakes": mistakes}
    unsure = _unsure(model, temperature, seed + 1000)
    print_metrics(set="no-digit", mean_confidence=round(unsure, 4))
    result["no_digit_confidence"] = round(unsure, 4)
    write_atomically(out, (json.dumps(result, indent=2) + "\n").encode())
