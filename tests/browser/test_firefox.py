"""The same page in Debian's Firefox."""

import base64
import shutil
import time
from pathlib import Path

import pytest
from digitd import Server, check_end
from marionette import Firefox
from paper import template
from relay import relay

pytestmark = pytest.mark.slow

ESCAPE, SPACE, TAB, ENTER = "\ue00c", " ", "\ue004", "\ue007"
LEFT, UP, RIGHT, DOWN = "\ue012", "\ue013", "\ue014", "\ue015"
PATIENCE_S = 30

WATCH = """
window.troubles = [];
addEventListener("error", (event) => window.troubles.push(event.message));
addEventListener("unhandledrejection", (event) => window.troubles.push(String(event.reason)));
addEventListener("securitypolicyviolation", (event) =>
  window.troubles.push(`${event.violatedDirective}: ${event.blockedURI}`));
"""

PLACE = "return JSON.stringify(document.getElementById('sheet').getBoundingClientRect())"


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


HANDS = {
    "chosen": """const input = document.getElementById("file");
        input.files = data.files;
        input.dispatchEvent(new Event("change"));""",
    "pasted": """const event = new ClipboardEvent("paste", { bubbles: true });
        event.clipboardData.items.add(data.files[0]);
        document.dispatchEvent(event);""",
    "dropped": """for (const kind of ["dragenter", "dragover", "drop"])
          document.dispatchEvent(new DragEvent(kind, { dataTransfer: data, bubbles: true }));""",
}


def give(browser, png, hand):
    browser.run(
        """const bytes = Uint8Array.from(atob(arguments[0]), (letter) => letter.charCodeAt(0));
        const data = new DataTransfer();
        data.items.add(new File([bytes], "digit.png", { type: "image/png" }));"""
        + HANDS[hand],
        base64.b64encode(png).decode(),
    )


@pytest.mark.parametrize("hand", HANDS)
def test_a_picture_is_read(page, hand):
    pictures = pytest.importorskip("pictures", reason="numpy is not installed")
    give(page, pictures.png(pictures.digit(5)), hand)
    assert shows(page, "digit", "5")


def test_a_photograph_is_read(page):
    photos = pytest.importorskip("photos", reason="numpy is not installed")
    pictures = pytest.importorskip("pictures", reason="numpy is not installed")
    frame = 255 - pictures.digit(3, 112).reshape(28, 4, 28, 4).mean(axis=(1, 3))
    taken = photos.photo(frame, photos.np.random.default_rng(4), False, True)
    give(page, pictures.png(taken, 1), "pasted")
    assert shows(page, "digit", "3")


def test_on_a_slow_network_the_last_drawing_is_answered(firefox, server):
    with relay(server, delay=0.3) as url:
        firefox.open(url)
        for digit in (8, 3):
            firefox.draw(on_sheet(template(digit)))
            firefox.press(ESCAPE)
        firefox.draw(on_sheet(template(5)))
        assert shows(firefox, "digit", "5")
        assert (
            firefox.wait(
                """await new Promise((done) => setTimeout(done, 700));
            return document.body.dataset.digit;"""
            )
            == "5"
        ), "an answer to what is no longer drawn came late"


@pytest.fixture
def phone(page):
    with page.phone(360, 640, 3):
        yield page


def test_on_a_phone_a_finger_draws(phone):
    page = phone
    page.run(
        "for (const kind of ['pointerdown', 'touchmove']) addEventListener(kind, (event) =>"
        " (window.heard ??= new Set()).add(event.pointerType ?? event.type))"
    )
    before = page.run(PLACE)
    page.draw(on_sheet(template(9)), "touch")
    assert shows(page, "digit", "9")
    assert page.run("return [...window.heard].sort()") == ["touch", "touchmove"]
    assert page.run(PLACE) == before, "the sheet moved under the finger"
    assert page.run("return document.scrollingElement.scrollWidth") <= 360
    sides = page.run(
        "const { width, clientWidth } = document.getElementById('sheet');"
        "return [width, clientWidth]"
    )
    assert sides[0] == 3 * sides[1]


@pytest.mark.parametrize("width", [360, 1200])
def test_axe_finds_nothing(firefox, page, width):
    package = pytest.importorskip("axe_playwright_python", reason="axe is not installed")
    with firefox.phone(width, 640, 1):
        click(page, "why")
        page.draw(on_sheet(template(7, "plain")))
        assert shows(page, "digit", "7")
        page.run("document.getElementById('service').open = true")
        (source,) = Path(package.__file__).parent.rglob("axe.min.js")
        page.run(source.read_text(encoding="utf-8"))
        found = page.wait(
            """await Promise.all(document.getAnimations().map(({ finished }) => finished));
            const { violations } = await window.axe.run(document);
            return violations.map(({ id, nodes }) => [id, nodes.map(({ target }) => target)]);"""
        )
        assert found == []


def camera_is(browser, state):
    end = time.monotonic() + PATIENCE_S
    while browser.run("return document.getElementById('viewfinder').dataset.state") != state:
        assert time.monotonic() < end
        time.sleep(0.05)


def test_the_camera_takes_a_picture_and_is_given_back(page):
    click(page, "camera")
    camera_is(page, "live")
    page.run("window.track = document.getElementById('preview').srcObject.getTracks()[0]")
    page.press(ENTER)
    camera_is(page, "closed")
    end = time.monotonic() + PATIENCE_S
    while page.run("return document.getElementById('clear').ariaDisabled") != "false":
        assert time.monotonic() < end, "no picture is on the sheet"
        time.sleep(0.05)
    assert page.run("return window.track.readyState") == "ended"


def test_a_camera_that_is_refused_is_said_to_be(firefox, page):
    firefox.set("media.navigator.permission.disabled", False)
    firefox.set("permissions.default.camera", 2)
    try:
        click(page, "camera")
        camera_is(page, "refused")
        assert "does not let this page use the camera" in text(page, "viewfinder-says")
        assert page.run("return document.activeElement.id") == "instead"
    finally:
        firefox.set("permissions.default.camera", None)
        firefox.set("media.navigator.permission.disabled", True)


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
