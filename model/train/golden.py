"""Digits of our own making, and what PyTorch says to them: what the server must repeat."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from .console import print_metrics, write_atomically
from .fit import load_checkpoint
from .idx import write_idx
from .network import CLASSES, predict
from .preprocess import preprocess
from .strokes import Drawing, bend, draw_on_canvas, read_templates

COUNT = 64
SEED = 2026


def template_pictures(count: int, seed: int) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """`count` preprocessed digits 0, 1, .. 9, 0, .. going through every style of each."""
    rng = np.random.default_rng(seed)
    styles: list[list[Drawing]] = [[] for _ in range(CLASSES)]
    for template in read_templates():
        styles[template.label].append(template)
    images, labels = [], []
    for i in range(count):
        same = styles[i % CLASSES]
        drawing = same[(i // CLASSES) % len(same)]
        seen = preprocess(draw_on_canvas(bend(drawing.strokes, rng, 0.5), rng))
        if seen is None:
            raise ValueError(f"a {drawing.label} was drawn that leaves no ink")
        images.append(seen)
        labels.append(drawing.label)
    return np.stack(images), np.array(labels, np.uint8)


def logits_of(model: nn.Module, images: NDArray[np.uint8]) -> NDArray[np.float32]:
    """What the server has to reproduce, as little-endian float32."""
    return predict(model, torch.from_numpy(images)).numpy().astype("<f4")


def write_golden(checkpoint: Path, out: Path) -> None:
    """images.idx, labels.idx and logits.f32 in `out`."""
    torch.set_num_threads(1)
    model, _ = load_checkpoint(checkpoint)
    images, labels = template_pictures(COUNT, SEED)
    logits = logits_of(model, images)
    write_idx(out / "images.idx", images)
    write_idx(out / "labels.idx", labels)
    write_atomically(out / "logits.f32", logits.tobytes())
    print_metrics(images=COUNT, right=int((logits.argmax(axis=1) == labels).sum()), out=str(out))
