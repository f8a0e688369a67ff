"""What people say an answer should have been, from the page to the files to train on."""

import base64
import re

import pytest
from commands import digitd
from digitd import Server, check_end
from paper import template

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
expect = sync_api.expect
photos = pytest.importorskip("photos", reason="numpy is not installed")
pictures = pytest.importorskip("pictures", reason="numpy is not installed")
np = photos.np


@pytest.fixture
def store(tmp_path):
    return tmp_path / "feedback.db"


@pytest.fixture
def collecting(store):
    one = Server("--feedback-db", str(store))
    yield one
    check_end(one)


@pytest.fixture
def paper(open_page, collecting):
    paper = open_page(collecting.url)
    expect(paper.page.locator("body")).to_have_class(re.compile("corrects"))
    return paper


def correct(paper, name, said):
    paper.page.get_by_role("button", name=name, exact=True).click()
    expect(paper.page.locator("#noted")).to_have_text(f"Noted as {said}. Thank you.")


def seen(paper):
    """The pictures that the network saw, as the page shows them."""
    urls = paper.page.locator("#seen img").evaluate_all("all => all.map(({ src }) => src)")
    return [pictures.read_png(base64.b64decode(url.split(",")[1])) for url in urls]


def export(store, folder):
    digitd("feedback", "export", "--feedback-db", store, "--out", folder)
    images = np.frombuffer((folder / "images.idx").read_bytes(), np.uint8, offset=16)
    labels = np.frombuffer((folder / "labels.idx").read_bytes(), np.uint8, offset=8)
    return images.reshape(-1, 28, 28), labels.tolist()


def test_a_correction_is_kept(paper, collecting, store, tmp_path):
    paper.draw(template(7, "plain"))
    assert paper.digit() == "7"
    shown = seen(paper)
    correct(paper, "It is 1", "1")
    paper.page.keyboard.press("Escape")
    paper.draw(template(3))
    assert paper.digit() == "3"
    correct(paper, "no digit", "no digit")
    summary = collecting.get("/v1/models/mnist/feedback").json
    assert summary["total"] == 2
    assert summary["confusion"][1][7] == 1
    paper.page.locator("#service summary").click()
    expect(paper.page.locator("#corrected")).to_have_text(
        "mnist: 2 noted, of which 0 confirm the answer."
    )
    assert paper.page.locator("#confusion tr").nth(1).locator("td").nth(7).inner_text() == "1"
    images, labels = export(store, tmp_path / "out")
    assert labels == [1]
    assert (images[0] == shown[0].reshape(28, 28)).all()


def test_each_digit_of_a_number_is_corrected(paper, collecting, store, tmp_path):
    paper.page.keyboard.press("n")
    paper.write("407")
    paper.settle()
    assert paper.page.locator("body").get_attribute("data-number") == "407"
    shown = seen(paper)
    places = paper.page.get_by_role("list", name="Its digits").get_by_role("button")
    assert places.count() == 3
    assert re.fullmatch(r"The third: 7, .*%", places.nth(2).get_attribute("aria-label"))

    places.nth(2).click()
    assert places.nth(2).get_attribute("aria-pressed") == "true"
    assert paper.page.locator("#bars .best").get_attribute("class") == "best"
    assert paper.page.locator("#bars li").nth(7).get_attribute("class") == "best"
    expect(paper.page.locator("#correction")).to_contain_text("Pick what the third is")
    correct(paper, "It is 1", "1")

    places.nth(0).press("Enter")
    expect(paper.page.locator("#correction")).to_contain_text("Pick what the first is")
    correct(paper, "It is 9", "9")
    places.nth(2).click()
    expect(paper.page.locator("#noted")).to_have_text("Noted as 1. Thank you.")
    assert paper.page.locator("#no-digit").is_hidden(), "once is enough"

    confusion = collecting.get("/v1/models/mnist/feedback").json["confusion"]
    assert confusion[1][7] == confusion[9][4] == 1
    images, labels = export(store, tmp_path / "out")
    assert labels == [1, 9]
    for image, at in zip(images, (2, 0), strict=True):
        assert (image == shown[at].reshape(28, 28)).all(), "not what the network saw"


def test_a_photograph_is_corrected(paper, store, tmp_path):
    frame = 255 - pictures.digit(3, 112).reshape(28, 4, 28, 4).mean(axis=(1, 3))
    taken = photos.photo(frame, np.random.default_rng(4), inverted=False)
    (tmp_path / "photo.png").write_bytes(pictures.png(taken, 1))
    paper.page.locator("#file").set_input_files(tmp_path / "photo.png")
    expect(paper.page.locator("body")).to_have_attribute("data-digit", "3")
    shown = seen(paper)
    correct(paper, "It is 8", "8")
    images, labels = export(store, tmp_path / "out")
    assert labels == [8]
    assert np.abs(images[0].astype(int) - shown[0].reshape(28, 28)).max() <= 1


def test_a_drawing_that_went_on_is_corrected_anew(paper, collecting):
    paper.draw(template(7, "plain"))
    assert paper.digit() == "7"
    correct(paper, "It is 1", "1")
    paper.page.keyboard.press("z")
    assert paper.digit() == ""
    assert paper.page.locator("#no-digit").is_hidden()
    paper.page.keyboard.press("Shift+Z")
    assert paper.digit() == "7"
    expect(paper.page.locator("#correction")).to_contain_text("Wrong?")


def test_a_store_that_refuses_is_said_to(open_page, tmp_path):
    broken = Server("--feedback-db", str(tmp_path / "nowhere" / "feedback.db"))
    paper = open_page(broken.url, trouble=True)
    expect(paper.page.locator("body")).to_have_class(re.compile("corrects"))
    paper.draw(template(7, "plain"))
    assert paper.digit() == "7"
    paper.page.get_by_role("button", name="It is 1").click()
    expect(paper.page.locator("#noted")).to_contain_text("Not noted: ")
    expect(paper.page.locator("#noted")).to_contain_text("unable to open")
    broken.stop()
    paper.page.get_by_role("button", name="It is 1").click()
    expect(paper.page.locator("#noted")).to_have_text("Not noted: The server cannot be reached.")
    mended = Server("--feedback-db", str(tmp_path / "feedback.db"), "--port", str(broken.port))
    correct(paper, "It is 1", "1")
    check_end(mended)


def test_without_a_database_there_is_nothing_to_correct(open_page, server):
    paper = open_page(server.url)
    paper.draw(template(7, "plain"))
    paper.settle()
    assert paper.page.locator("#no-digit").is_hidden()
    assert paper.page.locator(".pick").first.is_hidden()
