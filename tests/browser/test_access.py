"""For everybody: no violation that axe finds, at any width, in any state; and very large text."""

import pytest
from digitd import Server, check_end
from paper import template

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is not installed")

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def collecting(tmp_path_factory):
    one = Server("--feedback-db", str(tmp_path_factory.mktemp("axe") / "feedback.db"))
    yield one
    check_end(one)


def violations(page):
    found = axe.Axe().run(page).response["violations"]
    return [(one["id"], [node["target"] for node in one["nodes"]]) for one in found]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
def test_axe_finds_nothing(open_page, collecting, scheme, width):
    size = {"width": width, "height": 800}
    paper = open_page(collecting.url, viewport=size, color_scheme=scheme)
    assert violations(paper.page) == []
    paper.draw(template(7, "plain"))
    assert paper.digit() == "7"
    for mode in ("why", "number"):
        paper.page.locator(f"#{mode}").click()
        paper.settle()
    paper.page.keyboard.press("Escape")
    paper.write("47")
    paper.settle()
    assert paper.page.locator("#number-digits button").count() == 2
    paper.page.locator("#service summary").click()
    sync_api.expect(paper.page.locator("#models")).not_to_be_empty()
    paper.rest()
    paper.keep(f"everything-{width}-{scheme}")
    assert violations(paper.page) == []


def test_axe_finds_nothing_in_a_dialog(open_page, server):
    paper = open_page(server.url, viewport={"width": 360, "height": 640})
    paper.page.keyboard.press("c")
    dialog = paper.page.get_by_role("dialog", name="A digit on paper")
    sync_api.expect(dialog).to_have_attribute("data-state", "refused")
    assert violations(paper.page) == []


def test_text_four_times_as_large_needs_no_scrolling_sideways(open_page, server):
    """A window of 1280 pixels at 400 % is one of 320."""
    paper = open_page(server.url, viewport={"width": 320, "height": 256}, device_scale_factor=4)
    paper.draw(template(7, "plain"))
    assert paper.digit() == "7"
    paper.page.locator("#service summary").click()
    assert paper.page.evaluate("document.scrollingElement.scrollWidth") <= 320


def test_the_focus_goes_through_everything_in_order(open_page, collecting):
    paper = open_page(collecting.url, viewport={"width": 1280, "height": 800})
    paper.until("document.body.classList.contains('corrects')")
    paper.draw(template(7, "plain"))
    assert paper.digit() == "7"
    order = []
    for _ in range(18):
        paper.page.keyboard.press("Tab")
        order.append(
            paper.page.evaluate("document.activeElement.id || document.activeElement.className")
        )
    assert order[:7] == ["undo", "redo", "clear", "number", "why", "camera", "choose"]
    assert order[7:] == ["pick"] * 10 + ["no-digit"]
