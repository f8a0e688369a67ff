"""Numbers, why, pictures, comparing, correcting, and the look at the service."""

import base64
import re
import shutil
from pathlib import Path

import pytest
from digitd import Server, check_end
from paper import template

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
expect = sync_api.expect

ROOT = Path(__file__).resolve().parents[2]


PASTE = """([name, type, base64]) => {
  const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
  const clipboardData = new DataTransfer();
  clipboardData.items.add(new File([bytes], name, { type }));
  document.dispatchEvent(new ClipboardEvent("paste", { clipboardData, bubbles: true }));
}"""

DROP = """([name, type, base64]) => {
  const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
  const dataTransfer = new DataTransfer();
  dataTransfer.items.add(new File([bytes], name, { type }));
  for (const kind of ["dragenter", "dragover", "drop"])
    document.dispatchEvent(new DragEvent(kind, { dataTransfer, bubbles: true, cancelable: true }));
}"""


@pytest.fixture(scope="module")
def pictures():
    pytest.importorskip("numpy")
    import photos
    import pictures

    return photos, pictures


def give(paper, script, png, name="digit.png", kind="image/png"):
    paper.page.evaluate(script, [name, kind, base64.b64encode(png).decode()])


def number_of(paper):
    paper.settle()
    return paper.page.locator("body").get_attribute("data-number")


def test_a_number_is_read_digit_by_digit(paper):
    paper.page.locator("#number").click()
    assert paper.page.locator("#number").get_attribute("aria-pressed") == "true"
    paper.write("2026")
    assert number_of(paper) == "2026"
    assert paper.page.locator("#number-digits li").count() == 4
    assert all(
        re.fullmatch(r">?\d+", text)
        for text in paper.page.locator("#number-digits span").all_inner_texts()
    )
    assert paper.page.locator("#seen img").count() == 4
    paper.page.locator("#number").click()
    assert paper.digit() == ""
    assert paper.page.locator("#number-digits li").count() == 0


@pytest.mark.parametrize("width, height", [(320, 568), (640, 360), (1280, 800)])
def test_a_long_number_fits(open_page, server, width, height):
    paper = open_page(server.url, viewport={"width": width, "height": height})
    paper.page.locator("#number").click()
    place = paper.page.locator("#sheet").bounding_box()
    paper.write("141714171417")
    paper.settle()
    digits = paper.page.locator("#number-digits button")
    assert digits.count() > 8
    edge = paper.page.locator(".said").bounding_box()
    for one in (digits.first, digits.last):
        box = one.bounding_box()
        assert box["x"] >= edge["x"] and box["width"] >= 19
        assert box["x"] + box["width"] <= edge["x"] + edge["width"] + 0.5
    assert paper.page.evaluate("document.scrollingElement.scrollWidth") <= width
    assert paper.page.locator("#sheet").bounding_box() == place, "the sheet moved under the pen"
    frame = paper.page.locator("#seen").bounding_box()
    last = paper.page.locator("#seen img").last.bounding_box()
    assert last["y"] + last["height"] <= frame["y"] + frame["height"] + 0.5


def test_several_digits_are_said_to_be_so(paper):
    for left, digit in ((0.02, 1), (0.62, 1)):
        strokes = [[(left + 0.3 * x, 0.2 + 0.6 * y) for x, y in s] for s in template(digit)]
        paper.draw(strokes, margin=0.02)
    assert paper.digit() == ""
    assert paper.text("headline") == "Several digits"
    assert "umber mode" in paper.text("detail")


def test_a_scribble_is_no_digit(paper):
    zigzag = [(0.1 + 0.8 * (i % 2), 0.1 + 0.08 * i) for i in range(11)]
    paper.draw([zigzag, [(y, x) for x, y in zigzag]])
    assert paper.digit() == ""
    assert paper.text("headline") == "Not a digit"


def test_why_is_painted_over_the_drawing(paper):
    colours = """(() => {
      const sheet = document.getElementById("sheet");
      const { data } = sheet.getContext("2d").getImageData(0, 0, sheet.width, sheet.height);
      const seen = new Set();
      for (let i = 0; i < data.length; i += 4)
        if (data[i + 3]) seen.add(data.slice(i, i + 4).join());
      return seen.size;
    })()"""
    paper.draw(template(7, "plain"))
    assert paper.digit() == "7"
    with paper.page.expect_response(re.compile(":explain$")):
        paper.page.keyboard.press("w")
    paper.settle()
    assert paper.page.locator(".because").is_visible()
    paper.until(f"{colours} > 12")
    assert paper.digit() == "7"
    paper.page.keyboard.press("w")
    assert paper.digit() == "7"
    assert paper.page.locator(".because").is_hidden()


@pytest.mark.parametrize("script", [PASTE, DROP], ids=["pasted", "dropped"])
def test_a_picture_is_read(paper, pictures, script):
    _, own = pictures
    give(paper, script, own.png(own.digit(4)))
    expect(paper.page.locator("body")).to_have_attribute("data-digit", "4")
    paper.page.locator("#clear").click()
    assert paper.digit() == ""
    paper.page.locator("#undo").click()
    assert paper.digit() == "4"
    paper.draw(template(2))
    assert paper.digit() == "2"


def test_a_chosen_file_is_read_again_after_a_change(paper, pictures, tmp_path):
    _, own = pictures
    for digit in (3, 3, 5):
        (tmp_path / "digit.png").write_bytes(own.png(own.digit(digit)))
        with paper.page.expect_file_chooser() as chooser:
            paper.page.locator("#choose").click()
        chooser.value.set_files(tmp_path / "digit.png")
        expect(paper.page.locator("body")).to_have_attribute("data-digit", str(digit))
        paper.page.locator("#clear").click()
        expect(paper.page.locator("body")).to_have_attribute("data-digit", "")


@pytest.mark.parametrize("kind", ["pencil", "chalk", "blue ink"])
def test_a_photograph_is_read(paper, pictures, kind):
    """Uneven light, a shadow, grain, turned a little."""
    photos, own = pictures
    rng = photos.np.random.default_rng(4)
    frame = 255 - own.digit(3, 112).reshape(28, 4, 28, 4).mean(axis=(1, 3))
    taken = photos.photo(frame, rng, kind == "chalk", kind == "blue ink")
    give(paper, PASTE, own.png(taken, 1))
    expect(paper.page.locator("body")).to_have_attribute("data-digit", "3")


def test_an_empty_photograph_is_blank(paper, pictures):
    photos, own = pictures
    give(paper, PASTE, own.png(photos.photo(None, photos.np.random.default_rng(4), False), 1))
    expect(paper.page.locator("#headline")).to_have_text("Blank")


def test_a_file_that_is_no_picture_is_said_to_be_none(paper):
    give(paper, PASTE, b"no picture", "notes.png")
    expect(paper.page.locator("#headline")).to_have_text("No picture")
    expect(paper.page.locator("#detail")).to_contain_text("cannot read this as a picture")


def test_a_white_drawing_on_nothing_is_read(paper):
    """As drawing programs save it."""
    paper.page.evaluate(
        """async (strokes) => {
          const canvas = document.createElement("canvas");
          canvas.width = canvas.height = 200;
          const context = canvas.getContext("2d");
          context.strokeStyle = "#fff";
          context.lineWidth = 14;
          for (const stroke of strokes) {
            context.beginPath();
            for (const [x, y] of stroke) context.lineTo(40 + 120 * x, 40 + 120 * y);
            context.stroke();
          }
          const clipboardData = new DataTransfer();
          const blob = await new Promise((done) => canvas.toBlob(done));
          clipboardData.items.add(new File([blob], "white.png", { type: "image/png" }));
          document.dispatchEvent(new ClipboardEvent("paste", { clipboardData, bubbles: true }));
        }""",
        template(5),
    )
    expect(paper.page.locator("body")).to_have_attribute("data-digit", "5")


def test_text_on_the_clipboard_is_no_picture(paper):
    paper.page.evaluate(
        """() => {
          const clipboardData = new DataTransfer();
          clipboardData.setData("text/plain", "7");
          document.dispatchEvent(new ClipboardEvent("paste", { clipboardData, bubbles: true }));
        }"""
    )
    expect(paper.page.locator("#detail")).to_have_text("There is no picture on the clipboard.")


def test_of_two_pictures_the_later_stays(paper, pictures):
    """The earlier one takes longer to read."""
    _, own = pictures
    paper.page.evaluate(
        """const read = createImageBitmap;
        let wait = 400;
        window.createImageBitmap = async (file) => {
          const pause = wait;
          wait = 0;
          await new Promise((done) => setTimeout(done, pause));
          return read(file);
        };
        null"""
    )
    give(paper, PASTE, own.png(own.digit(4)))
    give(paper, PASTE, own.png(own.digit(7)))
    expect(paper.page.locator("body")).to_have_attribute("data-digit", "7")
    paper.page.wait_for_timeout(600)
    assert paper.digit() == "7"


def test_a_pen_that_is_pressed_harder_is_wider(paper):
    widths = []
    for pressure in (0.1, 0.9):
        paper.page.evaluate(
            """(pressure) => {
              const sheet = document.getElementById("sheet");
              sheet.setPointerCapture = () => {};
              const { left, top, width } = sheet.getBoundingClientRect();
              const send = (type, y) => sheet.dispatchEvent(new PointerEvent(type, {
                pointerId: 9, pointerType: "pen", pressure, button: 0, buttons: 1,
                clientX: left + width / 2, clientY: top + y * width, bubbles: true }));
              document.getElementById("clear").click();
              send("pointerdown", 0.2);
              send("pointermove", 0.8);
              send("lostpointercapture", 0.8);
            }""",
            pressure,
        )
        assert paper.digit() == "1"
        widths.append(
            paper.page.locator("#sheet").evaluate(
                """sheet => sheet.getContext("2d")
                  .getImageData(0, sheet.height / 2, sheet.width, 1)
                  .data.filter((value, i) => i % 4 === 3 && value > 127).length"""
            )
        )
    assert widths[1] > 1.5 * widths[0]


def test_on_a_slow_network_the_last_drawing_is_answered(open_page, server):
    paper = open_page(server.url, viewport={"width": 1280, "height": 800})
    slow = paper.page.context.new_cdp_session(paper.page)
    slow.send(
        "Network.emulateNetworkConditions",
        {"offline": False, "latency": 400, "downloadThroughput": 20000, "uploadThroughput": 20000},
    )
    for digit in (8, 3):
        paper.draw(template(digit))
        paper.page.keyboard.press("Escape")
    paper.draw(template(5))
    expect(paper.page.locator("body")).to_have_attribute("data-digit", "5")


def test_models_are_compared(open_page, tmp_path):
    for version in "12":
        (tmp_path / "digits" / version).mkdir(parents=True)
        shutil.copy(ROOT / "model/zoo/mnist/1/model.onnx", tmp_path / "digits" / version)
    two = Server("--model-repository", str(tmp_path))
    paper = open_page(two.url)
    paper.draw(template(9))
    rows = paper.page.locator("#compared li")
    expect(rows).to_have_count(2)
    for row, version in zip(rows.all(), "12", strict=True):
        expect(row.locator(".name")).to_have_text(f"digits, version {version}")
        expect(row.locator(".reads")).to_have_text("9")
        expect(row.locator(".time")).to_contain_text("ms")
    paper.page.keyboard.press("Escape")
    expect(rows.first.locator(".reads")).to_have_text("–")
    check_end(two)


def test_one_model_is_not_compared(paper):
    paper.draw(template(9))
    paper.settle()
    assert paper.page.locator("#compare").is_hidden()


def test_the_service_is_looked_at(open_page):
    own = Server()
    paper = open_page(own.url)
    paper.draw(template(6))
    assert paper.digit() == "6"
    paper.page.locator("#service summary").click()
    expect(paper.page.locator("#models")).to_have_text("mnist, version 1: ready")
    expect(paper.page.locator("#total")).to_have_text(re.compile(r"^[1-9]\d* since its start, 0 "))
    expect(paper.page.locator("#p50")).to_have_text(re.compile(r"^[\d.]+ (µs|ms)$"))
    assert paper.page.locator("#digits .value").nth(6).inner_text() != ""
    expect(paper.page.locator("#rate")).to_have_text(re.compile(r"^\d+\.\d$"))
    check_end(own)
