"""A picture of any size -> the 28x28 grey that the network was trained on.

This is the transform that made MNIST, with a few rules in front of it for pictures that were
not cut out by hand. model/preprocess.c does the same for the server; the two must agree.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

FAINTEST_INK = 26  # a picture whose strongest mark is below 10 % holds no ink
BOX_THRESHOLD = 13  # 5 %: what counts as ink when the box is drawn
SMALLEST_BOX = 3  # a box smaller than this in both directions is a speck
BOX = 20
SIDE = 28

Grey = NDArray[np.uint8]


def background(picture: Grey) -> int:
    """The paper: the (lower) median of the outermost ring of pixels."""
    ring = np.concatenate([picture[0], picture[-1], picture[1:-1, 0], picture[1:-1, -1]])
    return int(np.sort(ring)[(ring.size - 1) // 2])


def area_weights(count: int, origin: int, window: int) -> NDArray[np.float64]:
    """Row i: how much of each of `count` source pixels lies in target pixel i of the window."""
    step = window / BOX
    left = origin + step * np.arange(BOX)[:, None]
    pixel = np.arange(count)[None, :]
    overlap = np.minimum(left + step, pixel + 1) - np.maximum(left, pixel)
    weights: NDArray[np.float64] = np.maximum(overlap, 0.0)
    return weights


def ink_box(ink: NDArray[np.int16]) -> tuple[int, int, int, int] | None:
    """top, bottom, left, right (ends excluded) of the ink; None where there is none."""
    marked = ink >= BOX_THRESHOLD
    rows, columns = np.flatnonzero(marked.any(axis=1)), np.flatnonzero(marked.any(axis=0))
    if ink.max() < FAINTEST_INK:
        return None
    top, bottom, left, right = rows[0], rows[-1] + 1, columns[0], columns[-1] + 1
    if bottom - top < SMALLEST_BOX and right - left < SMALLEST_BOX:
        return None
    return int(top), int(bottom), int(left), int(right)


def normalise_size(ink: NDArray[np.int16]) -> Grey:
    """Fit the box's long side to 20 pixels by area averaging, and its peak to 255.

    The narrow side is padded by whole pixels (left and top get the smaller half), so that a
    picture that already has this form, such as one of MNIST's, comes back unblurred.
    """
    height, width = ink.shape
    window = max(height, width)
    down = area_weights(height, -((window - height) // 2), window)
    across = area_weights(width, -((window - width) // 2), window)
    mean = down @ ink.astype(np.float64) @ across.T
    digit: Grey = np.floor(255 * mean / mean.max() + 0.5).astype(np.uint8)
    return digit


def centre_by_mass(digit: Grey) -> Grey:
    """Paste the 20x20 digit into 28x28 so that its centre of mass is in the middle."""
    mass = digit.astype(np.float64)
    middles = np.arange(BOX) + 0.5
    y = (mass.sum(axis=1) @ middles) / mass.sum()
    x = (mass.sum(axis=0) @ middles) / mass.sum()
    top = int(np.clip(np.floor(15 - y), 0, SIDE - BOX))
    left = int(np.clip(np.floor(15 - x), 0, SIDE - BOX))
    canvas = np.zeros((SIDE, SIDE), np.uint8)
    canvas[top : top + BOX, left : left + BOX] = digit
    return canvas


def preprocess(picture: Grey) -> Grey | None:
    """8-bit grey of either polarity -> 28x28 with ink = 255 on 0; None where it is blank."""
    ink = np.abs(picture.astype(np.int16) - background(picture))
    box = ink_box(ink)
    if box is None:
        return None
    top, bottom, left, right = box
    return centre_by_mass(normalise_size(ink[top:bottom, left:right]))
