"""The server's preprocessing and the training's are the same to the last bit, for all that is no
photograph: test_photos.py has those."""

import base64
import json

from commands import digitd
from pictures import np, png, read_png
from train.preprocess import preprocess

PICTURES = 300


def strokes(rng, height, width):
    """Thick soft lines on plain paper, of either polarity."""
    y, x = np.mgrid[0:height, 0:width]
    ink = np.zeros((height, width))
    for _ in range(rng.integers(1, 5)):
        ends = rng.uniform(0, 1, (2, 2)) * [width, height]
        along = ends[1] - ends[0]
        t = ((x - ends[0, 0]) * along[0] + (y - ends[0, 1]) * along[1]) / max(along @ along, 1)
        t = np.clip(t, 0, 1)
        distance = np.hypot(x - ends[0, 0] - t * along[0], y - ends[0, 1] - t * along[1])
        ink = np.maximum(ink, np.clip(rng.uniform(1, 6) - distance, 0, 1))
    paper, mark = rng.uniform(0, 255, 2)
    return (paper + (mark - paper) * ink).astype(np.uint8)


def noise(rng, height, width):
    height, width = min(height, 63), min(width, 63)  # larger, it would be a photograph
    return rng.integers(0, 256, (height, width)).astype(np.uint8)


def speckles(rng, height, width):
    return np.where(rng.uniform(0, 1, (height, width)) < 0.02, 255, 7).astype(np.uint8)


def flat(rng, height, width):
    return np.full((height, width), rng.integers(0, 256), np.uint8) + rng.integers(0, 30, 1)[0] * (
        np.arange(width) % 7 == 3
    ).astype(np.uint8)


def test_both_see_the_same(tmp_path):
    rng = np.random.default_rng(20)
    kinds = [strokes, strokes, strokes, noise, speckles, flat]
    pictures, files = [], []
    for i in range(PICTURES):
        height, width = rng.integers(1, 90, 2) if i % 3 else rng.integers(1, 400, 2)
        pictures.append(kinds[i % len(kinds)](rng, height, width))
        files.append(tmp_path / f"{i}.png")
        files[-1].write_bytes(png(pictures[-1]))
    out, _ = digitd("predict", "--json", *files)
    answers = [json.loads(line) for line in out.splitlines()]
    assert len(answers) == PICTURES
    verdicts = set()
    for picture, answer in zip(pictures, answers, strict=True):
        seen = read_png(base64.b64decode(answer["seen"].split(",")[1]))
        want = preprocess(picture)
        verdicts.add(answer["verdict"])
        assert (answer["verdict"] == "blank") == (want is None)
        assert np.array_equal(seen, np.zeros((28, 28)) if want is None else want), picture.shape
    assert verdicts == {"digit", "blank", "not_a_digit", "several_digits"}
