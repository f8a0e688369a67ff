"""Pictures that are no digit, so that the network learns to be unsure about them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from .preprocess import SIDE, preprocess
from .strokes import Points, bend, draw_tight

Grey = NDArray[np.uint8]

# Letters and signs that cannot be taken for a digit, in a 0..4 box, y down.
SIGNS: tuple[tuple[tuple[tuple[float, float], ...], ...], ...] = (
    (((0, 4), (2, 0), (4, 4)), ((1, 2.5), (3, 2.5))),  # A
    (((3, 0), (0, 0), (0, 4), (3, 4)), ((0, 2), (2.5, 2))),  # E
    (((0, 0), (0, 4)), ((4, 0), (4, 4)), ((0, 2), (4, 2))),  # H
    (((0, 0), (0, 4)), ((3, 0), (0, 2.2), (3, 4))),  # K
    (((0, 4), (0, 0), (2, 2.5), (4, 0), (4, 4)),),  # M
    (((0, 4), (0, 0), (4, 4), (4, 0)),),  # N
    (((0, 4), (0, 0), (2.5, 0), (3, 1), (2.5, 2), (0, 2)), ((1, 2), (3, 4))),  # R
    (((0, 0), (1, 4), (2, 1), (3, 4), (4, 0)),),  # W
    (((0, 0), (4, 4)), ((4, 0), (0, 4))),  # X
    (((1, 0), (1, 4)), ((3, 0), (3, 4)), ((0, 1), (4, 1)), ((0, 3), (4, 3))),  # #
    (((0, 2), (4, 2)), ((1, 0.5), (3, 3.5)), ((3, 0.5), (1, 3.5))),  # *
    (((0, 1), (4, 1)), ((0, 3), (4, 3))),  # =
    (((0, 2), (4, 2)), ((2, 0), (2, 4))),  # +
    (((0, 2), (1.5, 4), (4, 0)),),  # a tick
    (((0, 0), (4, 0), (4, 4), (0, 4), (0, 0)), ((0, 0), (4, 4))),  # a crossed box
    (((0, 2), (4, 2)),),  # a dash
)


def _pen(strokes: list[Points], rng: np.random.Generator) -> Grey | None:
    return preprocess(draw_tight(tuple(strokes), rng.uniform(60, 180), rng.uniform(0.07, 0.2)))


def _sign(rng: np.random.Generator) -> Grey | None:
    sign = SIGNS[rng.integers(len(SIGNS))]
    return _pen(list(bend(tuple(np.array(s, np.float64) for s in sign), rng, 1.0)), rng)


def _scribble(rng: np.random.Generator) -> Grey | None:
    steps = rng.normal(0, 1, (int(rng.integers(15, 50)), 2))
    walk = 0.6 * np.cumsum(steps, axis=0) + rng.uniform(-3, 3, steps.shape)
    return _pen([walk], rng)


def _lines(rng: np.random.Generator) -> Grey | None:
    return _pen([rng.uniform(0, 1, (2, 2)) for _ in range(rng.integers(5, 10))], rng)


def _blob(rng: np.random.Generator) -> Grey | None:
    spots = [rng.uniform(0, 1, (2, 2)) for _ in range(rng.integers(1, 4))]
    return preprocess(draw_tight(tuple(spots), rng.uniform(60, 180), rng.uniform(0.45, 0.8)))


def _noise(rng: np.random.Generator) -> Grey | None:
    size = int(rng.choice([2, 4, 7, 14, 28]))
    grain = (rng.uniform(0, 1, (size, size)) < rng.uniform(0.1, 0.9)) * rng.uniform(0.4, 1)
    noise = np.kron(grain, np.ones((SIDE // size, SIDE // size)))
    return np.clip(255 * noise + rng.normal(0, 20, noise.shape), 0, 255).astype(np.uint8)


def _faint(rng: np.random.Generator) -> Grey | None:
    level = rng.choice([0.0, 0.0, 0.1, 1.0])
    return np.full((SIDE, SIDE), round(255 * level * rng.uniform(0, 1)), np.uint8)


KINDS: tuple[Callable[[np.random.Generator], Grey | None], ...] = (
    _sign,
    _sign,
    _sign,
    _scribble,
    _scribble,
    _lines,
    _blob,
    _noise,
    _faint,
)


def make_nondigits(count: int, seed: int) -> Grey:
    """`count` preprocessed pictures [count][28][28] of every kind in turn."""
    rng = np.random.default_rng(seed)
    made: list[Grey] = []
    for i in range(count):
        picture = KINDS[i % len(KINDS)](rng)
        made.append(np.zeros((SIDE, SIDE), np.uint8) if picture is None else picture)
    return np.stack(made)
