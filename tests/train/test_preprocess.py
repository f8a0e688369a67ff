"""The transform that training and serving share."""

import os
from pathlib import Path

import pytest

np = pytest.importorskip("numpy")
from train.preprocess import BOX, SIDE, area_weights, preprocess  # noqa: E402


def bar(height: int, width: int, top: int, left: int, ink: int = 0, paper: int = 255):
    picture = np.full((100, 120), paper, np.uint8)
    picture[top : top + height, left : left + width] = ink
    return picture


@pytest.mark.parametrize("level", [0, 255, 128])
def test_empty_is_blank(level: int) -> None:
    assert preprocess(np.full((28, 28), level, np.uint8)) is None


def test_faint_and_tiny_are_blank() -> None:
    assert preprocess(bar(40, 10, 20, 20, ink=230)) is None
    assert preprocess(bar(40, 10, 20, 20, ink=229)) is not None
    assert preprocess(bar(2, 2, 20, 20)) is None
    assert preprocess(bar(3, 2, 20, 20)) is not None


@pytest.mark.parametrize("size", [(1, 1), (1, 9), (9, 1), (2, 2)])
def test_smallest_pictures(size: tuple[int, int]) -> None:
    assert preprocess(np.zeros(size, np.uint8)) is None


def test_polarity_place_and_contrast_do_not_matter() -> None:
    seen = preprocess(bar(60, 20, 5, 7))
    assert np.array_equal(seen, preprocess(255 - bar(60, 20, 5, 7)))
    assert np.array_equal(seen, preprocess(bar(60, 20, 30, 71)))
    assert np.array_equal(seen, preprocess(bar(60, 20, 5, 7, ink=100, paper=220)))


def test_a_bar_fills_twenty_pixels_in_the_middle() -> None:
    seen = preprocess(bar(60, 30, 11, 13))
    rows, columns = np.flatnonzero(seen.any(axis=1)), np.flatnonzero(seen.any(axis=0))
    assert (rows[0], rows[-1]) == (5, 24)
    assert (columns[0], columns[-1]) == (10, 19)
    assert set(np.unique(seen)) == {0, 255}


def test_small_boxes_are_enlarged_by_area_too() -> None:
    seen = preprocess(bar(4, 1, 50, 50))
    assert (seen == 255).sum() == 20 * 5


@pytest.mark.parametrize(("count", "window"), [(20, 20), (7, 7), (93, 93), (30, 61)])
def test_area_weights_keep_all_ink(count: int, window: int) -> None:
    assert (area_weights(count, window).sum(axis=0) == BOX).all()


def test_mnist_comes_back() -> None:
    folder = os.environ.get("DIGITD_MNIST_DIR")
    if not folder:
        pytest.skip("DIGITD_MNIST_DIR is not set")
    from train.data import load_mnist

    images, _ = load_mnist(Path(folder), "t10k")
    close = 0
    for image in images[:2000]:
        seen = preprocess(image)
        assert seen is not None and seen.shape == (SIDE, SIDE)
        close += int(np.abs(seen.astype(int) - image).max()) <= 16
    assert close >= 1990
