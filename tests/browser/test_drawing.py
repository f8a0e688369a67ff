"""What is drawn is read."""

import pytest
from paper import template


def test_a_seven_is_read_as_7(paper):
    paper.draw(template(7, "plain"))
    assert paper.digit() == "7"
    assert "%" in paper.text("detail")
    assert paper.page.locator("#bars .best b").inner_text() == "7"


def test_every_digit_is_read(paper):
    for digit in range(10):
        paper.draw(template(digit))
        assert paper.digit() == str(digit)
        paper.page.keyboard.press("Escape")


@pytest.mark.parametrize("place", [(0.02, 0.02, 0.16), (0.75, 0.7, 0.2), (0.4, 0.05, 0.3)])
def test_a_small_digit_in_a_corner_is_read(paper, place):
    left, top, size = place
    strokes = [[(left + x * size, top + y * size) for x, y in stroke] for stroke in template(5)]
    paper.draw(strokes, margin=0)
    assert paper.digit() == "5"


def test_the_answer_is_there_before_the_pen_is_lifted(paper):
    (first, *rest) = paper.points(template(7, "plain")[0])
    mouse = paper.page.mouse
    mouse.move(*first)
    mouse.down()
    for point in rest:
        mouse.move(*point)
    assert paper.digit() == "7"
    mouse.up()


def test_the_picture_that_the_network_saw_is_shown(paper):
    assert paper.page.locator("#seen img").count() == 0
    paper.draw(template(3))
    paper.settle()
    size = "image => image.decode().then(() => [image.naturalWidth, image.naturalHeight])"
    assert paper.page.locator("#seen img").evaluate(size) == [28, 28]
    assert "ms" in paper.text("took")
    assert "mnist" in paper.text("model")


def test_the_bars_add_up(paper):
    paper.draw(template(4))
    paper.settle()
    shares = paper.page.locator("#bars li").evaluate_all(
        "bars => bars.map((bar) => Number(bar.style.getPropertyValue('--share')))"
    )
    assert len(shares) == 10
    assert sum(shares) == pytest.approx(1, abs=0.01)


def test_a_tap_is_a_dot_and_no_digit(paper):
    (point,) = paper.points([(0.5, 0.5)])
    paper.page.mouse.click(*point)
    assert paper.digit() == ""
    assert "dot" in paper.text("headline")
    middle = "sheet.getContext('2d').getImageData(sheet.width / 2, sheet.height / 2, 1, 1)"
    assert paper.page.locator("#sheet").evaluate(f"sheet => ({middle}).data[3]") == 255


def test_ink_is_sharp_on_a_dense_screen(open_page, server):
    paper = open_page(server.url, viewport={"width": 360, "height": 640}, device_scale_factor=3)
    sheet = "document.getElementById('sheet')"
    paper.until(f"{sheet}.width === 3 * {sheet}.clientWidth")


def test_one_request_at_a_time(paper):
    together = []
    paper.page.on("request", lambda request: together.append(paper.asked))
    for digit in (8, 3, 2):
        paper.draw(template(digit))
    paper.settle()
    assert paper.predictions >= 3
    assert max(together) == 1
