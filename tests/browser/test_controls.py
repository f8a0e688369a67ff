"""Buttons, keys, finger and pen."""

import pytest
from paper import template

PHONE = {
    "viewport": {"width": 360, "height": 640},
    "device_scale_factor": 3,
    "is_mobile": True,
    "has_touch": True,
}


def inked(paper):
    """Pixels of the sheet that are not empty."""
    return paper.page.locator("#sheet").evaluate(
        """async (sheet) => {
          await new Promise(requestAnimationFrame);
          const { data } = sheet.getContext("2d").getImageData(0, 0, sheet.width, sheet.height);
          return data.filter((value, i) => i % 4 === 3 && value > 0).length;
        }"""
    )


def test_undo_redo_and_clear_by_button(paper):
    stem, bar = template(4, "pen lifted")
    paper.draw([stem, bar])
    assert paper.digit() == "4"
    whole = inked(paper)

    paper.page.get_by_role("button", name="Undo").click()
    paper.settle()
    assert 0 < inked(paper) < whole
    paper.page.get_by_role("button", name="Redo").click()
    assert paper.digit() == "4"
    assert inked(paper) == whole

    paper.page.get_by_role("button", name="Clear").click()
    assert paper.digit() == ""
    assert inked(paper) == 0
    assert paper.page.locator("#seen img").count() == 0
    assert paper.text("headline") == "Nothing yet"

    paper.page.get_by_role("button", name="Undo").click()
    assert paper.digit() == "4"


@pytest.mark.parametrize("clear", ["Escape", "Delete"])
def test_undo_redo_and_clear_by_key(paper, clear):
    paper.draw(template(7, "crossed"))
    assert paper.digit() == "7"
    whole = inked(paper)
    keys = paper.page.keyboard
    keys.press("z")
    assert 0 < inked(paper) < whole
    keys.press("z")
    assert inked(paper) == 0
    keys.press("Shift+Z")
    keys.press("Control+y")
    assert inked(paper) == whole
    keys.press("Control+z")
    keys.press("Control+Shift+Z")
    assert inked(paper) == whole
    keys.press(clear)
    assert inked(paper) == 0
    keys.press("Control+z")
    assert paper.digit() == "7"


def test_buttons_say_when_they_can_do_nothing(paper):
    def off(name):
        return paper.page.locator(f"#{name}").get_attribute("aria-disabled") == "true"

    assert off("undo") and off("redo") and off("clear")
    paper.draw(template(1))
    assert not off("undo") and off("redo") and not off("clear")
    paper.page.locator("#undo").click()
    assert off("undo") and not off("redo") and off("clear")


def test_the_keyboard_alone_draws_a_7(paper):
    page = paper.page
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "sheet"
    for key in ["ArrowLeft"] * 6 + ["ArrowUp"] * 8 + [" "] + ["ArrowRight"] * 12:
        page.keyboard.press(key)
    for _ in range(8):
        for key in ("ArrowDown", "ArrowLeft", "ArrowDown"):
            page.keyboard.press(key)
    page.keyboard.press(" ")
    assert paper.digit() == "7"
    for name in ("undo", "redo", "clear"):
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.id") == name
    page.keyboard.press("Enter")
    assert paper.digit() == ""
    assert page.evaluate("document.activeElement.id") == "clear"


def test_a_finger_draws_and_does_not_scroll(open_page, server):
    paper = open_page(server.url, **PHONE)
    touch = paper.page.context.new_cdp_session(paper.page)

    def send(kind, *points):
        touch.send(
            "Input.dispatchTouchEvent",
            {"type": kind, "touchPoints": [{"x": x, "y": y, "id": 1} for x, y in points]},
        )

    for stroke in template(9):
        first, *rest = paper.points(stroke)
        send("touchStart", first)
        for point in rest:
            send("touchMove", point)
        send("touchEnd")
    assert paper.digit() == "9"
    assert paper.page.evaluate("[scrollX, scrollY]") == [0, 0]


def test_a_stroke_that_the_system_takes_away_is_forgotten(open_page, server):
    paper = open_page(server.url, **PHONE)
    touch = paper.page.context.new_cdp_session(paper.page)
    start, end = paper.points([(0.5, 0.1), (0.5, 0.9)])

    def send(kind, *points):
        touch.send(
            "Input.dispatchTouchEvent",
            {"type": kind, "touchPoints": [{"x": x, "y": y} for x, y in points]},
        )

    send("touchStart", start)
    send("touchMove", end)
    assert paper.digit() == "1"
    send("touchCancel")
    assert paper.digit() == ""
    assert inked(paper) == 0
    send("touchStart", start)
    send("touchMove", end)
    send("touchEnd")
    assert paper.digit() == "1"


def test_a_second_finger_does_not_disturb(open_page, server):
    paper = open_page(server.url, **PHONE)
    touch = paper.page.context.new_cdp_session(paper.page)
    ((corner,), stroke) = (paper.points([(0, 1)]), paper.points(template(7, "plain")[0]))

    def send(kind, *points):
        touch.send(
            "Input.dispatchTouchEvent",
            {
                "type": kind,
                "touchPoints": [{"x": x, "y": y, "id": i} for i, (x, y) in enumerate(points)],
            },
        )

    send("touchStart", stroke[0])
    send("touchStart", stroke[0], corner)
    for point in stroke:
        send("touchMove", point, corner)
    send("touchEnd", stroke[-1])
    send("touchEnd")
    assert paper.digit() == "7"


def test_a_pen_draws(paper):
    pen = paper.page.context.new_cdp_session(paper.page)

    def send(kind, point, buttons):
        x, y = point
        pen.send(
            "Input.dispatchMouseEvent",
            {
                "type": kind,
                "x": x,
                "y": y,
                "button": "left",
                "buttons": buttons,
                "pointerType": "pen",
                "clickCount": 1,
            },
        )

    for stroke in template(2):
        points = paper.points(stroke)
        send("mousePressed", points[0], 1)
        for point in points[1:]:
            send("mouseMoved", point, 1)
        send("mouseReleased", points[-1], 0)
    assert paper.digit() == "2"


def test_no_point_between_two_frames_is_lost(paper):
    """Browsers tell all the places since the last frame in one event."""
    paper.page.evaluate(
        """([first, ...rest]) => {
          const sheet = document.getElementById("sheet");
          sheet.setPointerCapture = () => {}; // there is no such pointer
          const make = (type, [clientX, clientY], more) =>
            new PointerEvent(type, {
              pointerId: 7, button: 0, buttons: 1, clientX, clientY, ...more });
          const coalescedEvents = rest.map((point) => make("pointermove", point));
          sheet.dispatchEvent(make("pointerdown", first));
          sheet.dispatchEvent(make("pointermove", rest.at(-1), { coalescedEvents }));
          sheet.dispatchEvent(make("lostpointercapture", first));
        }""",
        paper.points(template(3)[0]),
    )
    assert paper.digit() == "3"


def test_a_stroke_that_leaves_the_sheet_stays_on_it(paper):
    box = paper.page.locator("#sheet").bounding_box()
    mouse = paper.page.mouse
    mouse.move(box["x"] + box["width"] / 2, box["y"] + 60)
    mouse.down()
    mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] + 200, steps=12)
    mouse.up()
    assert paper.digit() == "1"


def test_a_window_that_is_resized_under_the_pen_keeps_the_stroke(paper):
    stroke = template(7, "plain")[0]
    half = len(stroke) // 2
    mouse = paper.page.mouse
    first, *rest = paper.points(stroke)[:half]
    mouse.move(*first)
    mouse.down()
    for point in rest:
        mouse.move(*point)
    paper.page.set_viewport_size({"width": 768, "height": 1024})
    paper.until("innerWidth === 768")
    for point in paper.points(stroke)[half:]:
        mouse.move(*point)
    mouse.up()
    assert paper.digit() == "7"


# Pointers of several kinds at once: send(id, kind, type, [x, y], button, buttons) for points from
# 0 to 1; returns whether the page lets the browser go on.
POINTERS = """
const sheet = document.getElementById("sheet");
sheet.setPointerCapture = () => {}; // there is no such pointer
window.send = (pointerId, pointerType, type, [x, y], buttons = 1) => {
  const { left, top, width, height } = sheet.getBoundingClientRect();
  return sheet.dispatchEvent(new PointerEvent(type, {
    pointerId, pointerType, buttons, button: 0, bubbles: true, cancelable: true,
    clientX: left + x * width, clientY: top + y * height }));
};
null // a function as the last value would be called
"""


def test_a_hand_on_the_sheet_gives_way_to_its_pen(paper):
    paper.page.evaluate(POINTERS)
    paper.page.evaluate(
        """([first, ...rest]) => {
          send(1, "touch", "pointerdown", [0.9, 0.9]);
          send(1, "touch", "pointermove", [0.95, 0.9]);
          send(2, "pen", "pointerdown", first);
          for (const point of rest) {
            send(2, "pen", "pointermove", point);
            send(1, "touch", "pointermove", [0.9, 0.95]);
          }
          send(1, "touch", "lostpointercapture", [0.9, 0.95]);
          send(2, "pen", "lostpointercapture", first);
        }""",
        [[0.2 + 0.5 * x, 0.1 + 0.5 * y] for x, y in template(7, "plain")[0]],
    )
    assert paper.digit() == "7"
    paper.page.keyboard.press("z")
    assert inked(paper) == 0


def test_a_button_that_was_let_go_elsewhere_does_not_draw_on(paper):
    paper.page.evaluate(POINTERS)
    paper.page.evaluate(
        """send(1, "mouse", "pointerdown", [0.5, 0.2]);
        send(1, "mouse", "pointermove", [0.5, 0.8]);
        send(1, "mouse", "pointermove", [0.9, 0.2], 0);"""
    )
    assert paper.digit() == "1"
    whole = inked(paper)
    paper.page.evaluate("""send(1, "mouse", "pointerdown", [0.2, 0.2])""")
    assert inked(paper) > whole, "the next stroke is drawn"


def test_a_finger_that_rests_opens_no_menu(paper):
    paper.page.evaluate(POINTERS)
    menu = """send(1, "touch", "contextmenu", [0.5, 0.5])"""
    assert paper.page.evaluate(menu), "pictures can be saved"
    paper.page.evaluate("""send(1, "touch", "pointerdown", [0.5, 0.5])""")
    assert not paper.page.evaluate(menu)


def test_a_page_that_was_made_larger_can_be_made_small_again(open_page, server):
    paper = open_page(server.url, **PHONE)
    action = "getComputedStyle(document.getElementById('sheet')).touchAction"
    assert paper.page.evaluate(action) == "none"
    zoom = paper.page.context.new_cdp_session(paper.page)
    for factor, wanted in ((2, "pinch-zoom"), (1, "none")):
        zoom.send("Emulation.setPageScaleFactor", {"pageScaleFactor": factor})
        paper.until(f"{action} === '{wanted}'")


def test_letters_can_be_switched_off_for_good(paper):
    page = paper.page
    assert page.locator("#number").get_attribute("aria-keyshortcuts") == "n"
    page.get_by_label("Single letters").uncheck()
    for _ in range(2):
        page.keyboard.press("n")
        assert page.locator("#number").get_attribute("aria-pressed") == "false"
        assert page.locator("#number").get_attribute("aria-keyshortcuts") is None
        assert page.locator("#number kbd").is_hidden()
        page.reload()
    page.get_by_label("Single letters").check()
    page.keyboard.press("n")
    assert page.locator("#number").get_attribute("aria-pressed") == "true"


def test_another_button_of_the_mouse_does_not_draw(paper):
    (point,) = paper.points([(0.5, 0.5)])
    paper.page.mouse.click(*point, button="middle")
    assert inked(paper) == 0
