"""Letters and signs as fonts draw them, which are no digits however much they look like some."""

from __future__ import annotations

import string
import subprocess
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from .console import Progress
from .preprocess import preprocess

Grey = NDArray[np.uint8]
Font = ImageFont.FreeTypeFont

PACKAGES = Path(__file__).parent / "fonts.txt"
# Whoever writes one of these has written a digit too: 0, 1, 2, 5, 6, 9, 8.
LIKE_DIGITS = "OoIlZzSsbgqB"
LETTERS = "".join(c for c in string.ascii_letters if c not in LIKE_DIGITS)
SIGNS = "&@#%$+=<>*{}?~"
SIGN_SHARE = 0.1
MISSING = "\U0010ffff"  # in no font
SIZES = (40, 130)  # pixels of an em


def list_fonts(packages: Path = PACKAGES) -> list[list[Path]]:
    """The outline fonts of each installed package that `packages` names."""
    names = [w for w in packages.read_text().splitlines() if w and not w.startswith("#")]
    shelves = []
    for name in names:
        known = subprocess.run(["dpkg-query", "-L", name], capture_output=True, text=True)
        if known.returncode != 0:
            raise ValueError(f"the package {name} of {packages} is not installed")
        files = [Path(line) for line in known.stdout.splitlines()]
        shelves.append(sorted(f for f in files if f.suffix in (".ttf", ".otf") and f.is_file()))
    return [shelf for shelf in shelves if shelf]


def draw_sign(font: Font, sign: str) -> Grey:
    """Black on white, with paper around."""
    left, top, right, bottom = font.getbbox(sign)
    sheet = Image.new("L", (right - left + 8, bottom - top + 8), 255)
    ImageDraw.Draw(sheet).text((4 - left, 4 - top), sign, fill=0, font=font)
    return np.asarray(sheet)


def has(font: Font, sign: str) -> bool:
    """Not where it is drawn as the box that stands for a missing one."""
    return not np.array_equal(draw_sign(font, sign), draw_sign(font, MISSING))


def make_letters(count: int, seed: int, shelves: list[list[Path]] | None = None) -> Grey:
    """`count` preprocessed pictures [count][28][28]; each package is as likely as any other."""
    rng = np.random.default_rng(seed)
    shelves = list_fonts() if shelves is None else shelves
    made: list[Grey] = []
    with Progress("drawing letters", count) as progress:
        while len(made) < count:
            shelf = shelves[rng.integers(len(shelves))]
            path = shelf[rng.integers(len(shelf))]
            font = ImageFont.truetype(str(path), int(rng.integers(*SIZES)))
            signs = SIGNS if rng.random() < SIGN_SHARE else LETTERS
            sign = signs[rng.integers(len(signs))]
            seen = preprocess(draw_sign(font, sign))
            if seen is not None and has(font, sign):
                made.append(seen)
                progress.advance()
    return np.stack(made)
