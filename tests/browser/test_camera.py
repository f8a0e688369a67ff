"""The camera: a digit on paper before it, and everything that may keep a camera from a page."""

import pytest
from digitd import Server, check_end

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
expect = sync_api.expect
photos = pytest.importorskip("photos", reason="numpy is not installed")
pictures = pytest.importorskip("pictures", reason="numpy is not installed")
np = photos.np

pytestmark = pytest.mark.slow

DIGIT = 3
START_MS = 30_000  # a camera takes its time on a busy machine

# Keeps the streams that the page was lent.
WATCH = """
window.streams = [];
const lend = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
navigator.mediaDevices.getUserMedia = async (wanted) => {
  const stream = await lend(wanted);
  window.streams.push(stream);
  return stream;
};
null // a function as the last value would be called
"""
STATES = "streams.flatMap((stream) => stream.getTracks()).map(({ readyState }) => readyState)"


def film(path):
    """A photograph-like picture of a digit, as the uncompressed video that Chromium's false camera
    shows over and over."""
    frame = 255 - pictures.digit(DIGIT, 112).reshape(28, 4, 28, 4).mean(axis=(1, 3))
    grey = photos.photo(frame, np.random.default_rng(4), inverted=False)
    height, width = grey.shape
    colour = bytes([128]) * (width * height // 2)
    path.write_bytes(
        f"YUV4MPEG2 W{width} H{height} F10:1 Ip A1:1 C420\n".encode()
        + 2 * (b"FRAME\n" + grey.tobytes() + colour)
    )
    return path


@pytest.fixture(scope="module")
def browser(launch, tmp_path_factory):
    path = film(tmp_path_factory.mktemp("camera") / "digit.y4m")
    browser = launch(
        "--use-fake-device-for-media-stream", f"--use-file-for-fake-video-capture={path}"
    )
    yield browser
    browser.close()


@pytest.fixture
def paper(open_page, server):
    """The page of somebody who lends it the camera."""
    paper = open_page(server.url, permissions=["camera"])
    paper.page.evaluate(WATCH)
    return paper


def dialog(paper):
    return paper.page.get_by_role("dialog", name="A digit on paper")


def wait_for_camera(paper):
    expect(dialog(paper)).to_have_attribute("data-state", "live", timeout=START_MS)


def look(paper):
    paper.page.keyboard.press("c")
    wait_for_camera(paper)


def test_a_digit_before_the_camera_is_read(paper):
    assert paper.page.evaluate("streams.length") == 0, "nobody has asked for the camera"
    paper.page.get_by_role("button", name="Camera").click()
    shutter = paper.page.get_by_role("button", name="Take")
    expect(shutter).to_be_focused()
    wait_for_camera(paper)
    assert shutter.get_attribute("aria-disabled") == "false"
    shutter.click()
    expect(dialog(paper)).to_be_hidden()
    expect(paper.page.locator("body")).to_have_attribute("data-digit", str(DIGIT))
    assert paper.page.evaluate(STATES) == ["ended"]
    expect(paper.page.locator("#camera")).to_be_focused()
    paper.page.keyboard.press("z")
    assert paper.digit() == ""


def test_the_keyboard_alone_takes_a_picture(paper):
    look(paper)
    for _ in range(2):  # the second one is too much
        paper.page.keyboard.press("Enter")
    expect(paper.page.locator("body")).to_have_attribute("data-digit", str(DIGIT))
    paper.page.keyboard.press("z")
    assert paper.digit() == ""


@pytest.mark.parametrize("size", [(320, 256), (360, 640), (640, 360)])
def test_the_shutter_is_in_view(open_page, server, size):
    width, height = size
    paper = open_page(
        server.url, permissions=["camera"], viewport={"width": width, "height": height}
    )
    look(paper)
    paper.keep(f"camera-{width}")
    for name in ("#preview", "#shutter", "#leave"):
        box = paper.page.locator(name).bounding_box()
        assert box["x"] >= 0 and box["x"] + box["width"] <= width, name
        assert box["y"] >= 0 and box["y"] + box["height"] <= height, name
    view = paper.page.locator("#preview").bounding_box()
    assert view["width"] == pytest.approx(view["height"], abs=0.5)


@pytest.mark.parametrize("how", ["escape", "button", "beside", "hidden"])
def test_the_camera_is_given_back(paper, how):
    look(paper)
    assert paper.page.evaluate(STATES) == ["live"]
    if how == "escape":
        paper.page.keyboard.press("Escape")
    elif how == "button":
        paper.page.get_by_role("button", name="Close").click()
    elif how == "beside":
        paper.page.mouse.click(4, 4)
    else:
        paper.page.evaluate(
            """Object.defineProperty(document, "hidden", { value: true });
            document.dispatchEvent(new Event("visibilitychange"));"""
        )
    # a dialog tells that it was closed after it is gone
    expect(paper.page.locator("#viewfinder")).to_have_attribute("data-state", "closed")
    assert dialog(paper).count() == 0
    assert paper.page.evaluate(STATES) == ["ended"]
    assert paper.text("headline") == "Nothing yet"


def test_a_dialog_has_the_keys_to_itself(paper):
    look(paper)
    paper.page.keyboard.press("n")
    assert paper.page.locator("#number").get_attribute("aria-pressed") == "false"
    for _ in range(4):
        paper.page.keyboard.press("Tab")
        inside = "document.getElementById('viewfinder').contains(document.activeElement)"
        body = "document.activeElement === document.body"
        assert paper.page.evaluate(f"{inside} || {body}")
    paper.page.keyboard.press("Escape")
    expect(paper.page.locator("#preview")).to_be_hidden()


def test_one_camera_cannot_be_turned_and_two_can(paper):
    look(paper)
    expect(paper.page.locator("#turn")).to_be_hidden()
    paper.page.keyboard.press("Escape")
    paper.page.evaluate(
        """const list = navigator.mediaDevices.enumerateDevices.bind(navigator.mediaDevices);
        navigator.mediaDevices.enumerateDevices = async () => {
          const devices = await list();
          return [...devices, ...devices];
        };
        null"""
    )
    look(paper)
    paper.page.get_by_role("button", name="Switch").click()
    paper.until("streams.length === 3")
    wait_for_camera(paper)
    assert paper.page.evaluate(STATES) == ["ended", "ended", "live"]


def test_a_camera_that_is_refused_is_replaced_by_a_file(open_page, server, tmp_path):
    paper = open_page(server.url)  # without the permission
    paper.page.keyboard.press("c")
    says = paper.page.locator("#viewfinder-says")
    expect(says).to_have_text("The browser does not let this page use the camera.")
    expect(paper.page.locator("#preview")).to_be_hidden()
    instead = paper.page.get_by_role("button", name="Choose a picture")
    expect(instead).to_be_focused()
    (tmp_path / "digit.png").write_bytes(pictures.png(pictures.digit(5)))
    with paper.page.expect_file_chooser() as chooser:
        instead.press("Enter")
    chooser.value.set_files(tmp_path / "digit.png")
    expect(paper.page.locator("body")).to_have_attribute("data-digit", "5")


def test_a_camera_that_goes_away_is_missed(paper):
    look(paper)
    paper.page.evaluate("streams[0].getTracks()[0].dispatchEvent(new Event('ended'))")
    expect(paper.page.locator("#viewfinder-says")).to_have_text("The camera does not answer.")
    expect(paper.page.get_by_role("button", name="Choose a picture")).to_be_focused()


@pytest.fixture
def elsewhere():
    """A server that browsers do not take for their own machine."""
    one = Server("--host", "0.0.0.0")
    yield one
    check_end(one)


def test_an_insecure_page_has_no_camera_and_says_so(launch, elsewhere):
    browser = launch("--host-resolver-rules=MAP digits.example 127.0.0.1")
    try:
        page = browser.new_page()
        page.goto(f"http://digits.example:{elsewhere.port}/")
        page.keyboard.press("c")
        expect(page.locator("#viewfinder-says")).to_contain_text("that come over https")
        expect(page.get_by_role("button", name="Choose a picture")).to_be_focused()
        page.close()

        phone = browser.new_page(has_touch=True, is_mobile=True)
        phone.goto(f"http://digits.example:{elsewhere.port}/")
        with phone.expect_file_chooser() as chooser:
            phone.locator("#camera").tap()
        assert chooser.value.element.get_attribute("capture") is not None
        assert phone.get_by_role("dialog").count() == 0
    finally:
        browser.close()
