"""Pen strokes of real people, drawn on the page at any place and size, are read; and whichever way
they reach the network, it says the same."""

import http.client
import json
import os
import sys
from pathlib import Path

import pytest

np = pytest.importorskip("numpy")
ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "model"), str(ROOT / "tests" / "http")]

from pictures import png  # noqa: E402
from train.strokes import draw, fit, read_drawings  # noqa: E402

DRAWINGS = int(os.environ.get("DIGITD_REPLAY", "200"))
SIDE = 280
BRUSH = 0.115  # of the ink's long side


def people():
    folder = os.environ.get("DIGITD_PENDIGITS_DIR")
    if not folder:
        pytest.skip("DIGITD_PENDIGITS_DIR is not set")
    (path,) = Path(folder).glob("*tes*")
    drawings = read_drawings(path)
    chosen = np.random.default_rng(8).permutation(len(drawings))[:DRAWINGS]
    return [drawings[i] for i in chosen]


def placed(drawing, rng):
    """The strokes somewhere on a sheet of side 1, all of the pen's width on it."""
    size = rng.uniform(0.25, 0.85)
    strokes = fit(drawing.strokes, size)
    room = 0.9 - np.concatenate(strokes).max(axis=0)
    corner = 0.05 + rng.uniform(0, 1, 2) * room
    return [s + corner for s in strokes]


def picture_of(strokes):
    """As a canvas of a web page would be saved."""
    span = float(np.ptp(np.concatenate(strokes), axis=0).max())
    brush = max(span * BRUSH / (1 - BRUSH), 0.01)
    return png(draw(tuple(s * SIDE for s in strokes), (SIDE, SIDE), brush * SIDE), 1)


@pytest.mark.slow
def test_what_people_write_is_read_however_it_arrives(open_page, server):
    rng = np.random.default_rng(9)
    page = open_page(server.url, viewport={"width": 360, "height": 640}).page
    # a function as the last value would be called
    page.evaluate((ROOT / "tests/browser/replay.js").read_text(encoding="utf-8") + "\nnull")
    connection = http.client.HTTPConnection(server.host, server.port, timeout=60)

    def ask(body, kind):
        connection.request("POST", "/v1/models/mnist:predict", body, {"Content-Type": kind})
        answer = json.loads(connection.getresponse().read())
        digit = answer["predictions"][0]["digit"]
        return "" if digit is None else str(digit)

    drawings = people()
    right, wrong, apart = 0, [], []
    for i, drawing in enumerate(drawings):
        strokes = placed(drawing, rng)
        shown = page.evaluate("strokes => replay(strokes)", [s.tolist() for s in strokes])
        by_strokes = ask(shown["body"], "application/json")
        by_picture = ask(picture_of(strokes), "image/png")
        right += shown["digit"] == str(drawing.label)
        if shown["digit"] != str(drawing.label):
            wrong.append((i, drawing.label, shown["digit"]))
        if not shown["digit"] == by_strokes == by_picture:
            apart.append((i, shown["digit"], by_strokes, by_picture))
    print(f"{len(drawings)} drawings: {right} right, wrong {wrong}; not agreed {apart}")
    assert right >= 0.975 * len(drawings)
    assert len(apart) <= 0.005 * len(drawings)
