"""Pen strokes: read them, bend them, and draw them with a round brush."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

CANVAS = 280
PEN_SHARE = 0.09  # the brush that suits a canvas: 9 % of its side
PAPER = 255

Points = NDArray[np.float64]  # [n][2]: x, y with y down


@dataclass(frozen=True)
class Drawing:
    """One digit as somebody's pen drew it."""

    label: int
    writer: int
    strokes: tuple[Points, ...]


def read_drawings(path: Path) -> list[Drawing]:
    """Read JSON lines of {label, writer, strokes}, gzipped or not."""
    raw = path.read_bytes()
    if raw[:2] == b"\x1f\x8b":
        raw = gzip.decompress(raw)
    drawings = []
    for line in raw.splitlines():
        entry = json.loads(line)
        strokes = tuple(np.asarray(s, np.float64).reshape(-1, 2) for s in entry["strokes"] if s)
        drawings.append(Drawing(entry["label"], entry.get("writer", 0), strokes))
    return drawings


def read_templates() -> list[Drawing]:
    """The project's own digits: ten classes in several styles."""
    entries = json.loads((Path(__file__).parent / "templates.json").read_text())
    return [
        Drawing(e["label"], 0, tuple(np.asarray(s, np.float64) for s in e["strokes"]))
        for e in entries
    ]


def fit(strokes: tuple[Points, ...], side: float) -> tuple[Points, ...]:
    """Scale the strokes so that the long side of their box is `side`, its corner at 0, 0."""
    points = np.concatenate(strokes)
    low, high = points.min(axis=0), points.max(axis=0)
    scale = side / max(float((high - low).max()), 1e-6)
    return tuple((s - low) * scale for s in strokes)


def bend(
    strokes: tuple[Points, ...], rng: np.random.Generator, amount: float
) -> tuple[Points, ...]:
    """Another hand's version: stretched, slanted and turned a little, its points unsteady."""
    turn = rng.normal(0, 0.12) * amount
    slant = rng.normal(0, 0.12) * amount
    stretch = np.exp(rng.normal(0, 0.12) * amount)
    matrix = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    matrix = matrix @ np.array([[stretch, slant], [0.0, 1 / stretch]])
    size = float(np.ptp(np.concatenate(strokes), axis=0).max())
    wave = rng.normal(0, 0.012 * amount * size, (2, 2))
    phase = rng.uniform(0, 2 * np.pi, 2)
    bent = []
    for s in strokes:
        sway = np.sin(s / max(size, 1e-6) * 2 * np.pi + phase)[:, ::-1]
        shift = rng.normal(0, 0.012 * amount * size, 2)
        bent.append((s + sway @ wave + shift) @ matrix.T)
    return tuple(bent)


def draw(strokes: tuple[Points, ...], shape: tuple[int, int], brush: float) -> NDArray[np.uint8]:
    """Ink 0 on paper 255: segments with round ends, edges one pixel soft; a lone point is a dot.

    In double precision, and with operations that are rounded exactly: model/strokes.c draws the
    same for the server, to the last bit.
    """
    height, width = shape
    radius = brush / 2
    cover = np.zeros(shape)
    for stroke in strokes:
        ends = stroke[1:] if len(stroke) > 1 else stroke
        for a, b in zip(stroke, ends, strict=False):  # a pair fewer than points
            x0 = max(int(min(a[0], b[0]) - radius - 1), 0)
            x1 = min(int(max(a[0], b[0]) + radius + 2), width)
            y0 = max(int(min(a[1], b[1]) - radius - 1), 0)
            y1 = min(int(max(a[1], b[1]) + radius + 2), height)
            if x0 >= x1 or y0 >= y1:
                continue
            x = (np.arange(x0, x1) + 0.5 - a[0])[None, :]
            y = (np.arange(y0, y1) + 0.5 - a[1])[:, None]
            dx, dy = b[0] - a[0], b[1] - a[1]
            along = np.clip((x * dx + y * dy) / max(dx * dx + dy * dy, 1e-9), 0, 1)
            distance = np.sqrt((x - along * dx) ** 2 + (y - along * dy) ** 2)
            patch = cover[y0:y1, x0:x1]
            np.maximum(patch, np.clip(radius + 0.5 - distance, 0, 1), out=patch)
    grey: NDArray[np.uint8] = np.floor(PAPER * (1 - cover) + 0.5).astype(np.uint8)
    return grey


def draw_tight(strokes: tuple[Points, ...], side: float, share: float) -> NDArray[np.uint8]:
    """Draw with the long side of the inked box `side` pixels, and a brush of that share of it."""
    brush = side * share
    placed = fit(strokes, side - brush)
    extent = np.concatenate(placed).max(axis=0)
    margin = brush / 2 + 2
    shape = (int(np.ceil(extent[1] + 2 * margin)), int(np.ceil(extent[0] + 2 * margin)))
    return draw(tuple(s + margin for s in placed), shape, brush)


def draw_on_canvas(strokes: tuple[Points, ...], rng: np.random.Generator) -> NDArray[np.uint8]:
    """As on the web page: a fixed brush, the digit at a random place, 45 to 80 % of the canvas."""
    brush = PEN_SHARE * CANVAS
    placed = fit(strokes, rng.uniform(0.45, 0.80) * CANVAS)
    room = CANVAS - brush - np.concatenate(placed).max(axis=0)
    corner = brush / 2 + rng.uniform(0, 1, 2) * room
    return draw(tuple(s + corner for s in placed), (CANVAS, CANVAS), brush)


def canvases(drawings: list[Drawing], seed: int) -> Iterator[tuple[NDArray[np.uint8], int]]:
    """Canvas and label of each drawing; the same seed always gives the same pictures."""
    rng = np.random.default_rng(seed)
    for drawing in drawings:
        yield draw_on_canvas(drawing.strokes, rng), drawing.label
