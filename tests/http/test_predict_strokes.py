"""Drawings sent as points: drawn by the server as training draws them."""

import base64
import http.client
import json
import os
import random
from pathlib import Path

import pytest
from digitd import ask
from pictures import np, read_png
from train.preprocess import preprocess
from train.strokes import draw_tight, read_drawings, read_templates

SIDE, SHARE = 80, 0.115  # as server/strokes_json.c
PENS = os.environ.get("DIGITD_PENDIGITS_DIR")
PREDICT = "/v1/models/mnist:predict"
JSON = {"Content-Type": "application/json"}


def body(drawing):
    return json.dumps({"strokes": [stroke.tolist() for stroke in drawing.strokes]})


def send(connection, text):
    answer = ask(connection, "POST", PREDICT, text, JSON)
    return answer.status, answer.json


@pytest.fixture(scope="module")
def connection(server):
    one = http.client.HTTPConnection(server.host, server.port, timeout=20)
    yield one
    one.close()


def test_every_template_is_drawn_as_in_training(connection):
    for drawing in read_templates():
        status, answer = send(connection, body(drawing))
        assert status == 200, answer
        (prediction,) = answer["predictions"]
        want = preprocess(draw_tight(drawing.strokes, SIDE, SHARE))
        seen = read_png(base64.b64decode(prediction["seen"].split(",")[1]))
        assert np.array_equal(seen, want)
        assert prediction["digit"] == drawing.label
        assert prediction["verdict"] == "digit"
        assert list(answer) == ["model_name", "model_version", "predictions"]


def test_unit_place_and_pressure_do_not_matter(connection):
    drawing = read_templates()[3]
    plain = send(connection, body(drawing))[1]["predictions"][0]
    moved = [[[64 * x - 4096, 64 * y + 1024, 0.5] for x, y in s] for s in drawing.strokes]
    other = send(connection, json.dumps({"strokes": [[], *moved]}))[1]["predictions"][0]
    assert other == plain


def test_a_tap_is_drawn(connection):
    status, answer = send(connection, '{"strokes":[[[5,5]]]}')
    assert status == 200
    assert answer["predictions"][0]["verdict"] in ("digit", "not_a_digit")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ('{"strokes":[]}', "strokes is empty; expected [[[x,y], ..], ..]"),
        ('{"strokes":[[]]}', "strokes is empty; expected [[[x,y], ..], ..]"),
        ('{"strokes":7}', "a list of strokes"),
        (
            '{"strokes":[[1,2]]}',
            "strokes[0] has the shape [2]; expected points [[x,y], ..]",
        ),
        ('{"strokes":[[[1,2]],[[1]]]}', "strokes[1] has the shape [1,1]"),
        ('{"strokes":[[[1,2,3,4]]]}', "strokes[0] has the shape [1,4]"),
        ('{"strokes":[[[1,2],[3]]]}', "nested lists should all"),
        ('{"strokes":[[[1,null]]]}', "expected a number"),
        ('{"strokes":[[[1,2e60]]]}', "'2e60' at byte 16"),
        ('{"strokes":[[[1,2]]],"instances":[]}', "expected one"),
        ('{"strokes":[[[1,2]]', "byte 19"),
    ],
)
def test_refusals(connection, text, sentence):
    status, answer = send(connection, text)
    assert status == 400
    assert sentence in answer["error"], answer


def test_too_many_points(connection):
    for strokes in ([[[0, i] for i in range(8193)]], [[[0, i]] for i in range(8193)]):
        status, answer = send(connection, json.dumps({"strokes": strokes}))
        assert status == 413
        assert "8192 points" in answer["error"]
    status, answer = send(connection, json.dumps({"strokes": [[[0, i] for i in range(8192)]]}))
    assert status == 200, answer


@pytest.mark.skipif(not PENS, reason="DIGITD_PENDIGITS_DIR is not set")
def test_unseen_writers(connection):
    drawings = read_drawings(Path(PENS) / "pendigits-tes.jsonl.gz")
    some = random.Random(11).sample(drawings, 700)
    right = sum(send(connection, body(d))[1]["predictions"][0]["digit"] == d.label for d in some)
    assert right / len(some) >= 0.975
