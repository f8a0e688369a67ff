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
MIDDLE = 15  # where the centre of mass goes, less the rounding

Grey = NDArray[np.uint8]


def background(picture: Grey) -> int:
    """The paper: the (lower) median of the outermost ring of pixels."""
    ring = np.concatenate([picture[0], picture[-1], picture[1:-1, 0], picture[1:-1, -1]])
    return int(np.sort(ring)[(ring.size - 1) // 2])


def area_weights(count: int, window: int) -> NDArray[np.int64]:
    """Row i: how much of each of `count` pixels lies in target pixel i, in 1/BOX of a pixel.

    The pixels lie in the middle of the window. They are padded by whole pixels, the smaller half
    in front, so that a picture that has this form already, such as MNIST's, comes back unblurred.
    """
    left = window * np.arange(BOX)[:, None]
    pixel = BOX * ((window - count) // 2 + np.arange(count)[None, :])
    overlap = np.minimum(left + window, pixel + BOX) - np.maximum(left, pixel)
    weights: NDArray[np.int64] = np.maximum(overlap, 0)
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

    In whole numbers, so that every machine and language gets the same picture.
    """
    height, width = ink.shape
    window = max(height, width)
    area = area_weights(height, window) @ ink.astype(np.int64) @ area_weights(width, window).T
    peak = area.max()
    digit: Grey = ((2 * 255 * area + peak) // (2 * peak)).astype(np.uint8)
    return digit


def _offset(mass: NDArray[np.int64]) -> int:
    """floor(15 - c), c being the centre of mass, kept where the paste stays inside."""
    total = int(mass.sum())
    twice = int(mass @ (2 * np.arange(BOX) + 1))
    return min(max((2 * MIDDLE * total - twice) // (2 * total), 0), SIDE - BOX)


def centre_by_mass(digit: Grey) -> Grey:
    """Paste the 20x20 digit into 28x28 so that its centre of mass is in the middle."""
    mass = digit.astype(np.int64)
    top, left = _offset(mass.sum(axis=1)), _offset(mass.sum(axis=0))
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
