"""Pen strokes -> canvases as a browser would send them, for the server's own evaluation."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from .console import Progress, print_metrics
from .idx import write_idx
from .strokes import canvases, read_drawings


def render_canvases(strokes: Path, out: Path, limit: int | None, seed: int) -> None:
    """images.idx (ink 0 on paper 255) and labels.idx in `out`."""
    drawings = read_drawings(strokes)[:limit]
    pictures, labels = [], []
    with Progress("rendering", len(drawings)) as progress:
        for picture, label in canvases(drawings, seed):
            pictures.append(picture)
            labels.append(label)
            progress.advance()
    write_idx(out / "images.idx", np.stack(pictures))
    write_idx(out / "labels.idx", np.array(labels, np.uint8))
    print_metrics(images=len(labels), seed=seed, out=str(out))
