"""Several digits in one picture or drawing: ?number=true."""

import json

import pytest
from photos import photo
from pictures import digits, np, png
from train.strokes import fit, read_templates

NUMBER = "/v1/models/mnist:predict?number=true"


def templates():
    """One way to write each digit, its height 100."""
    found = {}
    for template in read_templates():
        strokes = fit(template.strokes, 100)
        high = np.concatenate(strokes)[:, 1].max()
        found.setdefault(template.label, tuple(s * (100 / high) for s in strokes))
    return found


def write(number, gap=30):
    """The strokes of a number, side by side."""
    x, line, shapes = 0, [], templates()
    for digit in number:
        strokes = shapes[int(digit)]
        line += [s + [x, 0] for s in strokes]
        x += np.concatenate(strokes)[:, 0].max() + gap
    return line


def ask(server, line):
    body = json.dumps({"strokes": [stroke.tolist() for stroke in line]})
    answer = server.request("POST", NUMBER, body, {"Content-Type": "application/json"})
    assert answer.status == 200, answer.text
    return answer.json["predictions"]


def said(predictions):
    return "".join("?" if one["digit"] is None else str(one["digit"]) for one in predictions)


@pytest.mark.parametrize("number", ["7", "42", "2026", "13579", "08642", "1000000007"])
def test_numbers_are_read_from_strokes(server, number):
    assert said(ask(server, write(number))) == number


@pytest.mark.parametrize("polarity", ["ink on paper", "chalk on a board"])
def test_numbers_are_read_from_pictures(server, polarity):
    pictures = dict(digits(120))
    sheet = np.hstack([pictures[digit] for digit in (2, 0, 2, 6)])
    if polarity == "chalk on a board":
        sheet = 255 - sheet
    answer = server.request("POST", NUMBER, png(sheet), {"Content-Type": "image/png"})
    predictions = answer.json["predictions"]
    assert said(predictions) == "2026"
    boxes = [one["box"] for one in predictions]
    for i, (left, top, right, bottom) in enumerate(boxes):
        assert 120 * i < left < right < 120 * (i + 1)
        assert 0 < top < bottom < 120
    assert all(0.6 < one["confidence"] <= 1 for one in predictions)


def test_a_number_is_read_from_a_photograph(server):
    rng = np.random.default_rng(3)
    paper = photo(None, rng, inverted=False).astype(np.float64)
    pictures = dict(digits(120))
    sheet = np.hstack([pictures[digit] for digit in (4, 1, 7)]) / 255.0
    paper[150:270, 100:460] *= 0.35 + 0.65 * sheet
    answer = server.request(
        "POST", NUMBER, png(paper.astype(np.uint8)), {"Content-Type": "image/png"}
    )
    assert said(answer.json["predictions"]) == "417"
    assert answer.json["predictions"][0]["box"][0] == pytest.approx(120, abs=15)


def test_no_digit_of_a_widely_spaced_number_is_lost_in_a_photograph(server):
    pictures = dict(digits(80))
    paper = photo(None, np.random.default_rng(3), inverted=False).astype(np.float64)
    for left, digit in ((90, 4), (220, 7), (350, 1), (480, 1)):
        paper[200:280, left : left + 80] *= 0.35 + 0.65 * pictures[digit] / 255.0
    answer = server.request(
        "POST", NUMBER, png(paper.astype(np.uint8)), {"Content-Type": "image/png"}
    )
    assert said(answer.json["predictions"]) == "4711"


@pytest.mark.parametrize("number", ["23", "52", "70", "84", "60"])
def test_digits_that_touch_are_cut(server, number):
    assert said(ask(server, write(number, gap=5))) == number


def test_digits_that_cannot_be_told_apart_are_admitted(server):
    (one,) = ask(server, write("19", gap=-2))
    assert (one["digit"], one["verdict"]) == (None, "not_a_digit")


@pytest.mark.parametrize(("number", "gap", "seen"), [("08", 0, "?3"), ("09", -5, "0?")])
def test_digits_that_other_cuts_would_make_others_are_admitted(server, number, gap, seen):
    """The surest cuts read 03 and 07."""
    predictions = ask(server, write(number, gap))
    assert said(predictions) == seen
    assert sorted(one["verdict"] for one in predictions) == ["digit", "several_digits"]


def test_nothing_is_blank(server):
    blank = png(np.full((50, 90), 255, np.uint8))
    answer = server.request("POST", NUMBER, blank, {"Content-Type": "image/png"})
    (one,) = answer.json["predictions"]
    assert (one["verdict"], one["box"]) == ("blank", None)


def test_number_is_true_or_false(server):
    picture = png(next(picture for _, picture in digits(60)))
    for value, status in (("false", 200), ("true", 200), ("yes", 400), ("", 400)):
        path = f"/v1/models/mnist:predict?number={value}"
        answer = server.request("POST", path, picture, {"Content-Type": "image/png"})
        assert answer.status == status
    assert "number is ''; expected true or false" in answer.json["error"]
