"""Photographs of digits are read; what is no digit is refused.

DIGITD_PHOTOS says how many of MNIST's test digits are photographed; all 10000 take minutes."""

import functools
import gzip
import http.client
import json
import os
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pytest
from photos import np, photo
from pictures import digits, png

PREDICT = "/v1/models/mnist:predict"
PHOTOS = int(os.environ.get("DIGITD_PHOTOS", "200"))
FONTS = ("DejaVuSans", "DejaVuSerif", "DejaVuSansMono", "STIXGeneral", "cmr10", "cmss10")


def reader(server):
    return reader_at(server.host, server.port)


@functools.lru_cache
def reader_at(host, port):
    """Pictures to predictions, on one connection."""
    connection = http.client.HTTPConnection(host, port, timeout=60)

    def read(picture):
        connection.request("POST", PREDICT, png(picture, 1), {"Content-Type": "image/png"})
        response = connection.getresponse()
        body = json.loads(response.read())
        assert response.status == 200, body
        return body["predictions"][0]

    return read


@functools.lru_cache
def mnist():
    folder = os.environ.get("DIGITD_MNIST_DIR")
    if not folder:
        pytest.skip("DIGITD_MNIST_DIR is not set")
    images = gzip.decompress((Path(folder) / "t10k-images-idx3-ubyte.gz").read_bytes())
    labels = gzip.decompress((Path(folder) / "t10k-labels-idx1-ubyte.gz").read_bytes())
    return (
        np.frombuffer(images, np.uint8, offset=16).reshape(-1, 28, 28),
        np.frombuffer(labels, np.uint8, offset=8),
    )


def photographed(address, ruled, i):
    """What becomes of the test digit `i`, in a light and a place of its own."""
    how = {"inverted": False, "ruled": True} if ruled else {"colour": i % 10 == 0}
    return reader_at(*address)(photo(mnist()[0][i], np.random.default_rng((5, i)), **how))


@pytest.mark.slow
@pytest.mark.parametrize("ruled", [False, True], ids=["plain", "ruled"])
def test_photographs_of_mnist_are_read(server, ruled):
    _, labels = mnist()
    chosen = np.random.default_rng(5).permutation(len(labels))[:PHOTOS].tolist()
    look = functools.partial(photographed, (server.host, server.port), ruled)
    with ProcessPoolExecutor() as pool:
        answers = list(pool.map(look, chosen, chunksize=20))
    wrong = [
        (i, int(labels[i]), one["digit"], one["verdict"])
        for i, one in zip(chosen, answers, strict=True)
        if one["digit"] != labels[i]
    ]
    print(f"{len(chosen)} photographs, {len(wrong)} wrong: {wrong[:30]}")
    assert len(wrong) <= 0.03 * len(chosen)


@pytest.mark.slow
def test_digits_of_mnist_are_not_refused(server):
    images, _ = mnist()
    read = reader(server)
    every = max(len(images) // max(25 * PHOTOS, 1), 1)
    verdicts = [read(image)["verdict"] for image in images[::every]]
    refused = sum(verdict != "digit" for verdict in verdicts)
    print(f"{refused} of {len(verdicts)} refused")
    assert refused <= 0.005 * len(verdicts)


def letters():
    """Each that is no digit too, in fonts that the network never saw, in two sizes."""
    fonts = pytest.importorskip("PIL.ImageFont", reason="Pillow is not installed")
    matplotlib = pytest.importorskip("matplotlib", reason="matplotlib is not installed")
    from PIL import Image, ImageDraw
    from train.letters import LETTERS

    folder = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
    for name in FONTS:
        for size in (60, 120):
            font = fonts.truetype(str(folder / f"{name}.ttf"), size)
            for letter in LETTERS:
                sheet = Image.new("L", (240, 240), 255)
                ImageDraw.Draw(sheet).text((60, 40), letter, fill=0, font=font)
                yield np.array(sheet)


def noises(rng):
    for _ in range(20):
        side = int(rng.choice([28, 64, 200]))
        yield rng.integers(0, 256, (side, side)).astype(np.uint8)
        yield np.where(rng.uniform(0, 1, (side, side)) < 0.05, 0, 255).astype(np.uint8)


def test_what_is_no_digit_is_refused(server):
    rng = np.random.default_rng(6)
    kinds = {
        "blank": [np.full((90, 120), level, np.uint8) for level in (0, 40, 128, 200, 255)],
        "noise": list(noises(rng)),
        "empty photographs": [photo(None, rng) for _ in range(25)],
        "empty ruled paper": [photo(None, rng, False, ruled=True) for _ in range(25)],
        "letters": list(letters()),
    }
    read = reader(server)
    taken = {
        kind: [one["digit"] for one in map(read, pictures) if one["verdict"] == "digit"]
        for kind, pictures in kinds.items()
    }
    print({kind: f"{len(taken[kind])} of {len(kinds[kind])} taken" for kind in kinds})
    for kind, pictures in kinds.items():
        assert len(taken[kind]) <= 0.05 * len(pictures), (kind, taken[kind])


@pytest.mark.parametrize("inverted", [False, True])
def test_our_own_digits_are_read_from_photographs(server, inverted):
    """Also where there is no MNIST."""
    rng = np.random.default_rng(7)
    read = reader(server)
    wrong = []
    for label, drawn in digits(112):
        frame = 255 - drawn.reshape(28, 4, 28, 4).mean(axis=(1, 3))
        if read(photo(frame, rng, inverted))["digit"] != label:
            wrong.append(label)
    assert len(wrong) <= 2, wrong


@pytest.mark.slow
def test_a_digit_on_evenly_lit_ruled_paper_is_read(server):
    """As a scanner sees it: of one grey but for the lines, or with next to no grain."""
    read = reader(server)
    for label, drawn in digits(240):
        paper = np.full((480, 640), 240.0)
        paper[20::40] = paper[21::40] = 170
        paper[120:360, 200:440] = np.minimum(paper[120:360, 200:440], drawn)
        for spread in (0, 2):
            grain = np.random.default_rng(label).normal(0, spread, paper.shape)
            seen = read(np.clip(paper + grain, 0, 255).astype(np.uint8))
            assert seen["digit"] == label, spread


@pytest.mark.slow
@pytest.mark.parametrize(
    "sheet, around", [(235, 60), (235, 110), (50, 200)], ids=["table", "wood", "board"]
)
@pytest.mark.parametrize("sides", [1, 4])
def test_a_sheet_on_something_else_is_read(server, sheet, around, sides):
    """Its edges are in view: one of them, or all."""
    read = reader(server)
    rng = np.random.default_rng(9)
    for label, drawn in [*digits(180), (None, np.full((180, 180), 255))]:
        paper = np.full((480, 640), float(around))
        slope = np.arange(480)[:, None] / 12 + rng.uniform(60, 90)  # it lies askew
        inside = np.arange(640)[None, :] > slope
        if sides == 4:
            inside &= np.arange(640)[None, :] < slope + 470
            inside[:50] = inside[430:] = False
        paper[inside] = sheet
        ink = 255 - drawn.astype(float)
        paper[150:330, 240:420] += ((50 if sheet > 127 else 220) - sheet) * ink / 255
        lit = np.linspace(1, 0.75, 640) * paper + rng.normal(0, 3, paper.shape)
        assert read(np.clip(lit, 0, 255).astype(np.uint8))["digit"] == label


def test_two_digits_are_not_taken_for_one(server):
    pictures = dict(digits(120))
    both = np.hstack([pictures[2], pictures[6]])
    one = reader(server)(both)
    assert one["verdict"] == "several_digits"
    assert one["digit"] is None


def test_a_photographs_box_is_in_its_own_pixels(server):
    rng = np.random.default_rng(1)
    frame = np.zeros((28, 28), np.uint8)
    frame[4:24, 12:16] = 255
    left, top, right, bottom = reader(server)(photo(frame, rng, False))["box"]
    assert 0 < left < right < 640
    assert 0 < top < bottom < 480
    assert bottom - top > 2 * (right - left)
