"""What is trained on as no digit: letters of fonts, and digits that touch."""

from pathlib import Path

import pytest

np = pytest.importorskip("numpy")
matplotlib = pytest.importorskip("matplotlib")
ImageFont = pytest.importorskip("PIL.ImageFont")
from train.letters import (  # noqa: E402
    LETTERS,
    LIKE_DIGITS,
    PACKAGES,
    has,
    list_fonts,
    make_letters,
)
from train.pairs import make_pairs  # noqa: E402
from train.preprocess import BOX, SIDE  # noqa: E402


@pytest.fixture(scope="module")
def shelf() -> list[Path]:
    folder = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
    return [folder / "DejaVuSans.ttf", folder / "cmr10.ttf"]


def test_letters_are_seeded_and_differ(shelf: list[Path]) -> None:
    first = make_letters(60, 1, [shelf])
    assert first.shape == (60, SIDE, SIDE)
    assert np.array_equal(first, make_letters(60, 1, [shelf]))
    assert not np.array_equal(first, make_letters(60, 2, [shelf]))
    assert len({one.tobytes() for one in first}) > 50
    assert first.reshape(60, -1).max(axis=1).min() == 255


def test_what_is_missing_from_a_font_is_known(shelf: list[Path]) -> None:
    font = ImageFont.truetype(str(shelf[0]), 40)
    assert all(has(font, letter) for letter in LETTERS)
    assert not has(font, "\u4e00")


def test_letters_that_are_digits_too_are_left_alone() -> None:
    assert sorted(LETTERS + LIKE_DIGITS) == sorted({*LETTERS, *LIKE_DIGITS})
    assert len(LETTERS) == 40


def test_fonts_of_the_tests_are_not_trained_on() -> None:
    named = PACKAGES.read_text()
    for family in ("dejavu", "stix", "lmodern", "cmu", "hack"):
        assert f"fonts-{family}" not in named


def test_a_missing_package_is_named(tmp_path: Path) -> None:
    (tmp_path / "fonts.txt").write_text("# none\nfonts-that-nobody-made\n")
    with pytest.raises(ValueError, match="fonts-that-nobody-made"):
        list_fonts(tmp_path / "fonts.txt")


def test_pairs_are_seeded_and_wide() -> None:
    bars = np.zeros((2, SIDE, SIDE), np.uint8)
    bars[0, 4:24, 12:16] = bars[1, 4:24, 4:8] = 255
    first = make_pairs(bars, 30, 1)
    assert np.array_equal(first, make_pairs(bars, 30, 1))
    for one in first:
        columns = np.flatnonzero((one > 64).any(axis=0))
        assert columns[-1] - columns[0] + 1 > 4
        assert 0 < np.flatnonzero((one > 64).any(axis=1))[-1] <= SIDE - (SIDE - BOX) // 2 + 3
