"""Digits that touch, or nearly: together they are none, however one of them stands out."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .preprocess import SIDE, preprocess

Grey = NDArray[np.uint8]

FAINTEST = 64  # what counts as ink where digits are put side by side
GAP = (-0.25, 0.15)  # of the narrower one's width
DROP = 3  # pixels, up or down
TRIPLES = 0.15  # of all


def _tight(digit: Grey) -> Grey:
    columns = np.flatnonzero((digit > FAINTEST).any(axis=0))
    return digit[:, columns[0] : columns[-1] + 1]


def join(left: Grey, right: Grey, rng: np.random.Generator) -> Grey:
    """Ink of both on one picture, as high as both, the second a little up or down."""
    gap = round(rng.uniform(*GAP) * min(left.shape[1], right.shape[1]))
    drop = int(rng.integers(-DROP, DROP + 1))
    both = np.zeros((left.shape[0] + 2 * DROP, left.shape[1] + gap + right.shape[1]), np.uint8)
    both[DROP : DROP + left.shape[0], : left.shape[1]] = left
    place = both[DROP + drop : DROP + drop + right.shape[0], left.shape[1] + gap :]
    np.maximum(place, right, out=place)
    return both


def make_pairs(digits: Grey, count: int, seed: int) -> Grey:
    """`count` preprocessed pictures [count][28][28] of two or three of `digits`, [n][28][28]."""
    rng = np.random.default_rng(seed)
    made: list[Grey] = []
    while len(made) < count:
        size = 3 if rng.random() < TRIPLES else 2
        chosen = [_tight(digits[i]) for i in rng.integers(len(digits), size=size)]
        both = chosen[0]
        for other in chosen[1:]:
            high = np.zeros((both.shape[0], other.shape[1]), np.uint8)
            top = (both.shape[0] - SIDE) // 2
            high[top : top + SIDE] = other
            both = join(both, high, rng)
        seen = preprocess(np.pad(both, 2))
        if seen is not None:
            made.append(seen)
    return np.stack(made)
