"""The same page in Debian's Firefox."""

import base64
import shutil
import time

import pytest
from digitd import Server, check_end
from marionette import Firefox
from paper import template

pytestmark = pytest.mark.slow

ESCAPE, SPACE, TAB, ENTER = "\ue00c", " ", "\ue004", "\ue007"
LEFT, UP, RIGHT, DOWN = "\ue012", "\ue013", "\ue014", "\ue015"
PATIENCE_S = 15

WATCH = """
window.troubles = [];
addEventListener("error", (event) => window.troubles.push(event.message));
addEventListener("unhandledrejection", (event) => window.troubles.push(String(event.reason)));
addEventListener("securitypolicyviolation", (event) =>
  window.troubles.push(`${event.violatedDirective}: ${event.blockedURI}`));
"""


@pytest.fixture(scope="module")
def firefox():
    path = shutil.which("firefox-esr") or shutil.which("firefox")
    if not path:
        pytest.skip("Firefox is not installed")
    browser = Firefox(path)
    yield browser
    browser.close()


@pytest.fixture
def page(firefox, server):
    firefox.open(server.url)
    firefox.run(WATCH)
    yield firefox
    assert firefox.run("return window.troubles") == []
    hosts = "return performance.getEntriesByType('resource').map(({ name }) => new URL(name).host)"
    assert set(firefox.run(hosts)) <= {f"{server.host}:{server.port}", ""}


def on_sheet(strokes, left=0.18, top=0.18, width=0.64, height=0.64):
    return [[(left + width * x, top + height * y) for x, y in stroke] for stroke in strokes]


def shows(browser, name, wanted):
    """Waits until the page shows `wanted`; returns whether it does."""
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        if browser.run(f"return document.body.dataset.{name}") == wanted:
            return True
        time.sleep(0.05)
    return False


def text(browser, name):
    return browser.run("return document.getElementById(arguments[0]).textContent", name)


def click(browser, name):
    browser.run("document.getElementById(arguments[0]).click()", name)


def test_every_digit_is_read(page):
    for digit in range(10):
        page.draw(on_sheet(template(digit)))
        assert shows(page, "digit", str(digit)), digit
        page.press(ESCAPE)
        assert shows(page, "digit", "")


def test_a_finger_draws_and_does_not_scroll(page):
    page.draw(on_sheet(template(9)), "touch")
    assert shows(page, "digit", "9")
    assert page.run("return [scrollX, scrollY]") == [0, 0]


def test_undo_and_redo(page):
    page.draw(on_sheet(template(7, "plain")))
    assert shows(page, "digit", "7")
    page.press("z")
    assert shows(page, "digit", "")
    click(page, "redo")
    assert shows(page, "digit", "7")


def test_the_keyboard_alone_draws_a_7(page):
    page.run("document.getElementById('sheet').focus()")
    page.press(*[LEFT] * 6, *[UP] * 8, SPACE, *[RIGHT] * 12, *[DOWN, LEFT, DOWN] * 8, SPACE)
    assert shows(page, "digit", "7")
    page.press(TAB, TAB, TAB, ENTER)
    assert shows(page, "digit", "")


def test_a_number_is_read(page):
    click(page, "number")
    for i, digit in enumerate((4, 0, 7)):
        page.draw(on_sheet(template(digit), 0.06 + 0.31 * i, 0.32, 0.24, 0.36))
    assert shows(page, "number", "407")


def test_why_is_explained(page):
    click(page, "why")
    page.draw(on_sheet(template(3)))
    assert shows(page, "digit", "3")
    assert "What the network saw" in text(page, "seen-title")
    shown = "return getComputedStyle(document.querySelector('.because')).display"
    assert page.run(shown) == "block"


def test_a_picture_is_chosen(page):
    pictures = pytest.importorskip("pictures", reason="numpy is not installed")
    png = base64.b64encode(pictures.png(pictures.digit(5))).decode()
    page.run(
        """const bytes = Uint8Array.from(atob(arguments[0]), (letter) => letter.charCodeAt(0));
        const chosen = new DataTransfer();
        chosen.items.add(new File([bytes], "digit.png", { type: "image/png" }));
        const input = document.getElementById("file");
        input.files = chosen.files;
        input.dispatchEvent(new Event("change"));""",
        png,
    )
    assert shows(page, "digit", "5")


def test_a_scribble_is_no_digit(page):
    zigzag = [(0.1 + 0.8 * (i % 2), 0.1 + 0.08 * i) for i in range(11)]
    page.draw([zigzag, [(y, x) for x, y in zigzag]])
    end = time.monotonic() + PATIENCE_S
    while text(page, "headline") != "Not a digit":
        assert time.monotonic() < end
        time.sleep(0.05)
    assert page.run("return document.body.dataset.digit") == ""


def test_a_server_that_goes_away_is_found_again(firefox):
    first = Server()
    firefox.open(first.url)
    stem, bar = template(4, "pen lifted")
    firefox.draw(on_sheet([stem]))
    check_end(first)
    firefox.draw(on_sheet([bar]))
    end = time.monotonic() + PATIENCE_S
    while "cannot be reached" not in text(firefox, "detail"):
        assert time.monotonic() < end
        time.sleep(0.05)
    second = Server("--port", str(first.port))
    assert shows(firefox, "digit", "4")
    check_end(second)
