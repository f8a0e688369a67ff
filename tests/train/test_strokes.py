"""Drawing with a round brush, and the project's own templates."""

import json
from pathlib import Path

import pytest

np = pytest.importorskip("numpy")
from train.nondigits import make_nondigits  # noqa: E402
from train.preprocess import preprocess  # noqa: E402
from train.render import render_canvases  # noqa: E402
from train.strokes import (  # noqa: E402
    bend,
    canvases,
    draw,
    draw_tight,
    fit,
    read_drawings,
    read_templates,
)


def test_templates_hold_every_digit_inside_their_box() -> None:
    templates = read_templates()
    assert {t.label for t in templates} == set(range(10))
    points = np.concatenate([s for t in templates for s in t.strokes])
    assert points.min() >= 0 and points.max() <= 100


def test_a_point_is_a_dot_and_a_line_has_round_ends() -> None:
    dot = draw((np.array([[10.0, 10.0]]),), (20, 20), 6)
    area = (255 - dot.astype(float)).sum() / 255
    assert area == pytest.approx(np.pi * 9, rel=0.03)
    line = draw((np.array([[10.0, 10.0], [30.0, 10.0]]),), (20, 40), 6)
    assert (255 - line.astype(float)).sum() / 255 == pytest.approx(np.pi * 9 + 120, rel=0.03)


def test_draw_tight_has_the_size_it_promises() -> None:
    picture = draw_tight((np.array([[0.0, 0.0], [3.0, 9.0]]),), 90, 0.1)
    rows = np.flatnonzero((picture < 128).any(axis=1))
    assert rows[-1] - rows[0] + 1 == pytest.approx(90, abs=1)


def test_fit_keeps_a_dot_finite() -> None:
    (stroke,) = fit((np.array([[5.0, 5.0]]),), 50)
    assert np.array_equal(stroke, [[0, 0]])
    assert np.isfinite(bend((stroke,), np.random.default_rng(1), 1.0)[0]).all()


def test_same_seed_same_canvas() -> None:
    some = read_templates()[:3]
    first = [picture for picture, _ in canvases(some, 5)]
    again = [picture for picture, _ in canvases(some, 5)]
    other = [picture for picture, _ in canvases(some, 6)]
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
    assert not all(np.array_equal(a, b) for a, b in zip(first, other, strict=True))
    for picture in first:
        assert picture.shape == (280, 280)
        assert preprocess(picture) is not None


def test_render_writes_canvases(tmp_path: Path) -> None:
    from train.idx import read_idx

    lines = [
        {"label": 4, "strokes": [[[0, 0], [5, 9]], [[3, 3]]]},
        {"label": 1, "strokes": [[[2, 2]]]},
    ]
    (tmp_path / "s.jsonl").write_text("".join(json.dumps(x) + "\n" for x in lines))
    assert [d.label for d in read_drawings(tmp_path / "s.jsonl")] == [4, 1]
    render_canvases(tmp_path / "s.jsonl", tmp_path, None, 1)
    assert read_idx(tmp_path / "images.idx").shape == (2, 280, 280)
    assert read_idx(tmp_path / "labels.idx").tolist() == [4, 1]


def test_nondigits_are_seeded() -> None:
    assert np.array_equal(make_nondigits(18, 3), make_nondigits(18, 3))
