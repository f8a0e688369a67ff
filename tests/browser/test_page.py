"""The page's files, its layout, and what it says without JavaScript."""

import gzip
import re
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from digitd import Server, check_end
from paper import template

WEB = Path(__file__).parents[2] / "web"
ASSETS = [
    "index.html",
    "icon.svg",
    *sorted(path.name for kind in ("*.css", "*.js") for path in WEB.glob(kind)),
]
TYPES = {
    ".html": "text/html",
    ".css": "text/css",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
}
SIZE_MAX = 60_000  # bytes, compressed


def get(server, name, headers=None):
    path = "" if name == "index.html" else name
    return urlopen(Request(server.url + path, headers={"Accept": "text/html", **(headers or {})}))


@pytest.mark.parametrize("name", ASSETS)
def test_a_file_is_served_as_it_is(server, name):
    answer = get(server, name)
    assert answer.read() == (WEB / name).read_bytes()
    assert answer.headers["Content-Type"].split(";")[0] == TYPES[Path(name).suffix]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert "camera=(self)" in answer.headers["Permissions-Policy"]
    assert answer.headers["Cache-Control"] == "no-cache"
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy


def test_a_known_file_is_not_sent_again(server):
    etag = get(server, "app.js").headers["ETag"]
    assert get(server, "style.css").headers["ETag"] != etag
    for known in (etag, f'"other", W/{etag}', "*"):
        with pytest.raises(HTTPError) as refusal:
            get(server, "app.js", {"If-None-Match": known})
        assert refusal.value.code == 304
        assert refusal.value.headers["ETag"] == etag
        assert refusal.value.read() == b""
    assert get(server, "app.js", {"If-None-Match": '"other"'}).status == 200


def test_an_unknown_file_is_not_found(server):
    for name in ("package.json", "none.js", "embed.py"):
        with pytest.raises(HTTPError) as refusal:
            get(server, name)
        assert refusal.value.code == 404


def test_the_page_is_small():
    packed = {name: len(gzip.compress((WEB / name).read_bytes())) for name in ASSETS}
    assert sum(packed.values()) <= SIZE_MAX, packed


def test_all_modules_are_loaded_ahead():
    page = (WEB / "index.html").read_text(encoding="utf-8")
    ahead = set(re.findall(r'modulepreload" href="([\w.]+)"', page)) | {"app.js"}
    assert ahead == {name for name in ASSETS if name.endswith(".js")}


@pytest.mark.parametrize(
    "width, height", [(320, 568), (360, 640), (640, 360), (768, 1024), (1440, 900)]
)
def test_the_layout_fits(open_page, server, width, height):
    paper = open_page(server.url, viewport={"width": width, "height": height})
    page = paper.page
    place = "element => JSON.stringify(element.getBoundingClientRect())"
    before = page.locator("#sheet").evaluate(place)
    paper.draw(template(8))
    assert paper.digit() == "8"
    assert page.locator("#sheet").evaluate(place) == before, "the sheet moved under the pen"
    assert page.evaluate("document.scrollingElement.scrollWidth") <= width
    box = page.locator("#sheet").bounding_box()
    assert box["width"] == pytest.approx(box["height"], abs=0.5)
    assert box["width"] >= 256
    tops = page.locator(".modes button").evaluate_all("all => all.map((one) => one.offsetTop)")
    assert len(set(tops)) == 1
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        paper.keep(f"drawn-{width}-{scheme}")
    if height > width:
        assert page.locator("#clear").bounding_box()["y"] < height - 44


def test_a_long_name_moves_nothing(open_page):
    long = Server("--model-name", "a-name-that-somebody-chose-for-the-experiment-of-november")
    page = open_page(long.url, viewport={"width": 320, "height": 568})
    place = "element => JSON.stringify(element.getBoundingClientRect())"
    before = page.page.locator("#sheet").evaluate(place)
    page.draw(template(4))
    assert page.digit() == "4"
    assert page.page.locator("#sheet").evaluate(place) == before, "the sheet moved under the pen"
    assert page.page.locator("#model-version").inner_text().strip() == "version 1"
    assert page.page.evaluate("document.scrollingElement.scrollWidth") <= 320
    check_end(long)


@pytest.mark.parametrize("width, height", [(360, 640), (640, 360)])
def test_fingers_find_everything(open_page, width, height, tmp_path):
    """What can be touched is at least 44 pixels high, and buttons for one digit 24 wide. On a phone
    on its side all that a hand needs is in view."""
    collecting = Server("--feedback-db", str(tmp_path / "feedback.db"))
    size = {"width": width, "height": height}
    paper = open_page(collecting.url, viewport=size, has_touch=True, is_mobile=True)
    paper.until("document.body.classList.contains('corrects')")
    paper.draw(template(4))
    assert paper.digit() == "4"
    touched = "button, summary, label, a"
    for one in paper.page.locator(touched).all():
        if one.is_visible():
            box = one.bounding_box()
            assert box["height"] >= 43.5 and box["width"] >= 24, one.inner_text()
    if width > height:
        for name in ("clear", "number", "choose"):
            box = paper.page.locator(f"#{name}").bounding_box()
            assert box["y"] + box["height"] <= height, name
    check_end(collecting)


def test_forced_colours_show_what_is_switched_on(open_page, server):
    page = open_page(server.url, forced_colors="active").page
    page.locator("#why").click()
    ground = "element => getComputedStyle(element).backgroundColor"
    assert page.locator("#why").evaluate(ground) != page.locator("#number").evaluate(ground)


@pytest.mark.parametrize("width", [320, 1280])
def test_the_description_of_the_interface_fits(open_page, server, width):
    """All of it, without scrolling sideways."""
    page = open_page(server.url + "docs", viewport={"width": width, "height": 640}).page
    assert page.evaluate("document.scrollingElement.scrollWidth") <= width
    inside = "all => all.every((one) => one.getBoundingClientRect().right <= innerWidth)"
    assert page.locator("td, pre").evaluate_all(inside)
    page.get_by_role("link", name="Draw a digit").click()
    page.get_by_role("link", name="All that this server answers").click()
    assert page.url == server.url + "docs"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_has_contrast(open_page, server, scheme):
    page = open_page(server.url, color_scheme=scheme).page
    colours = page.evaluate(
        """() => {
          const paint = document.createElement("canvas").getContext("2d");
          const style = getComputedStyle(document.documentElement);
          const rgb = (name) => {
            paint.fillStyle = style.getPropertyValue(name);
            paint.fillRect(0, 0, 1, 1);
            return [...paint.getImageData(0, 0, 1, 1).data.slice(0, 3)];
          };
          return Object.fromEntries(
            ["--paper", "--sheet", "--text", "--quiet", "--ink", "--for",
             "--against"].map((name) => [name, rgb(name)]));
        }"""
    )

    def luminance(rgb):
        linear = [
            c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4
            for c in (v / 255 for v in rgb)
        ]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    for ground in ("--paper", "--sheet"):
        for text in ("--text", "--quiet", "--ink", "--for", "--against"):
            bright, dim = sorted(
                (luminance(colours[ground]), luminance(colours[text])), reverse=True
            )
            assert (bright + 0.05) / (dim + 0.05) >= 4.5, f"{text} on {ground}"


def test_the_focus_is_seen(paper):
    for name in ("sheet", "undo", "redo", "clear"):
        paper.page.keyboard.press("Tab")
        outline = paper.page.locator(f"#{name}").evaluate(
            "element => getComputedStyle(element).outlineWidth"
        )
        assert outline == "3px"


def test_motion_is_reduced_on_request(open_page, server):
    page = open_page(server.url, reduced_motion="reduce").page
    wait = "bar => getComputedStyle(bar).transitionDuration"
    assert page.locator("#bars .value").first.evaluate(wait) == "0s"


def test_without_javascript_the_page_explains_itself(open_page, server):
    page = open_page(server.url, java_script_enabled=False).page
    assert "curl" in page.locator("body noscript").inner_text()
    for name in ("main", "#service", "footer"):
        assert page.locator(name).is_hidden()
