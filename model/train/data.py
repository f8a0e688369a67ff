"""What the network is trained on and validated with, as 28x28 greys and their labels."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from .console import Progress
from .idx import read_idx
from .nondigits import make_nondigits
from .pairs import make_pairs
from .preprocess import SIDE, preprocess
from .strokes import Drawing, bend, draw_tight, read_drawings, read_templates

NO_DIGIT = 10  # the label of pictures whose target is one tenth for every digit
HELD_OUT_BLOCKS = 6
HELD_OUT_SIZE = 500
PEN_VARIANTS = 6  # renderings of each pen digit, a random one of which is seen at a time
MOST_TEMPLATES = 40  # renderings of each; a small training set gets fewer
MOST_NONDIGITS = 4500
MOST_LETTERS = 12000
MOST_PAIRS = 9000
CHECKED = 1000  # letters, and pairs, that training never sees
FONTS_AWAY = 9  # every so manieth package's fonts are those of the letters not seen
CACHE_FORMAT = "4"  # part of the cache's key: raise it whenever rendering changes

Images = NDArray[np.uint8]
Labels = NDArray[np.uint8]


@dataclass(frozen=True)
class Part:
    """One source of training images and how many of them each epoch sees."""

    name: str
    images: Images
    labels: Labels
    per_epoch: int


@dataclass(frozen=True)
class Corpus:
    parts: tuple[Part, ...]
    validation: dict[str, tuple[Images, Labels]]
    nondigits: dict[str, Images]  # of fonts and writers that training never sees


def load_mnist(folder: Path, split: str) -> tuple[Images, Labels]:
    """`split` is train or t10k; the files may be gzipped or not."""

    def read(kind: str) -> NDArray[np.uint8]:
        name = f"{split}-{kind}-ubyte"
        plain = folder / name
        return read_idx(plain if plain.exists() else folder / f"{name}.gz")

    images, labels = read("images-idx3"), read("labels-idx1")
    if images.shape != (len(labels), SIDE, SIDE):
        raise ValueError(f"{folder}: images are {images.shape}, but there are {len(labels)} labels")
    return images, labels


def held_out(count: int) -> NDArray[np.bool_]:
    """Blocks at even distances: MNIST's writers stand together, so no writer is on both sides."""
    mask = np.zeros(count, bool)
    size = min(HELD_OUT_SIZE, count // (2 * HELD_OUT_BLOCKS))
    for block in range(HELD_OUT_BLOCKS):
        start = (2 * block + 1) * count // (2 * HELD_OUT_BLOCKS)
        mask[start : start + size] = True
    return mask


def render(
    drawings: Sequence[Drawing], variants: int, seed: int, unsteady: float, title: str
) -> tuple[Images, Labels]:
    """Draw and preprocess each drawing `variants` times, with brushes of 7 to 22 % of its box."""
    rng = np.random.default_rng(seed)
    images, labels = [], []
    with Progress(title, variants * len(drawings)) as progress:
        for drawing in drawings:
            for _ in range(variants):
                strokes = bend(drawing.strokes, rng, unsteady)
                picture = draw_tight(strokes, rng.uniform(60, 180), rng.uniform(0.07, 0.22))
                seen = preprocess(picture)
                if seen is not None:
                    images.append(seen)
                    labels.append(drawing.label)
                progress.advance()
    return np.stack(images), np.array(labels, np.uint8)


def render_cached(
    path: Path, cache: Path, drawings: Sequence[Drawing], variants: int, seed: int, unsteady: float
) -> tuple[Images, Labels]:
    """As render(), kept in `cache` under a name made of everything that shapes the result."""
    ids = ",".join(str(d.writer) for d in drawings)
    key = f"{CACHE_FORMAT} {ids} {variants} {seed} {unsteady}".encode() + path.read_bytes()
    kept = cache / f"pens-{hashlib.sha256(key).hexdigest()[:16]}.npz"
    if kept.exists():
        with np.load(kept) as arrays:
            return arrays["images"], arrays["labels"]
    images, labels = render(drawings, variants, seed, unsteady, "rendering pen digits")
    cache.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(kept, images=images, labels=labels)
    return images, labels


def _pen_parts(path: Path, cache: Path, seed: int) -> tuple[Part, tuple[Images, Labels]]:
    drawings = read_drawings(path)
    writers = sorted({d.writer for d in drawings})
    away = set(writers[:: max(len(writers) // 2, 1)][:2])
    kept = [d for d in drawings if d.writer not in away]
    other = [d for d in drawings if d.writer in away]
    images, labels = render_cached(path, cache, kept, PEN_VARIANTS, seed, 0.6)
    return (
        Part("pen", images, labels, len(kept) + len(kept) // 4),
        render_cached(path, cache, other, 1, seed + 1, 0.0),
    )


def _no_digit(name: str, images: Images, per_epoch: int) -> Part:
    return Part(name, images, np.full(len(images), NO_DIGIT, np.uint8), per_epoch)


def _letter_parts(count: int, seed: int) -> tuple[Part, Images]:
    from .letters import list_fonts, make_letters  # needs Pillow, as nothing else here does

    shelves = list_fonts()
    away = shelves[::FONTS_AWAY]
    kept = [shelf for shelf in shelves if shelf not in away]
    images = make_letters(min(100 + count // 5, MOST_LETTERS), seed, kept)
    return (
        _no_digit("letters", images, max(count // 16, 1)),
        make_letters(min(count, CHECKED), seed + 1, away),
    )


def load_corpus(mnist: Path, pens: Path | None, letters: bool, cache: Path, seed: int) -> Corpus:
    """Training parts, and validation sets from blocks, writers and fonts never trained on."""
    images, labels = load_mnist(mnist, "train")
    away = held_out(len(images))
    count = int((~away).sum())
    parts = [Part("mnist", images[~away], labels[~away], count)]
    validation = {"mnist": (images[away], labels[away])}
    nondigits = {"pairs": make_pairs(images[away], min(count, CHECKED), seed + 1)}
    if pens is not None:
        part, validation["pen"] = _pen_parts(pens, cache, seed)
        parts.append(part)
    if letters:
        part, nondigits["letters"] = _letter_parts(count, seed)
        parts.append(part)

    variants = min(4 + count // 1500, MOST_TEMPLATES)
    own, own_labels = render(read_templates(), variants, seed, 1.5, "rendering templates")
    parts.append(Part("templates", own, own_labels, max(count // 100, 1)))
    pairs = make_pairs(images[~away], min(90 + count // 6, MOST_PAIRS), seed)
    parts.append(_no_digit("pairs", pairs, max(count // 32, 1)))
    nothing = make_nondigits(min(90 + count // 12, MOST_NONDIGITS), seed)
    parts.append(_no_digit("no digit", nothing, max(count * 3 // 200, 1)))
    return Corpus(tuple(parts), validation, nondigits)
