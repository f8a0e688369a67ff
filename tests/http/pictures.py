"""Pictures of this project's own digits, as the files that digitd reads."""

import gzip
import struct
import sys
import zlib
from pathlib import Path

import pytest

np = pytest.importorskip("numpy")
sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "model"))
from train.strokes import draw, fit, read_templates  # noqa: E402


def _chunk(kind, data):
    body = kind + data
    return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))


def png(picture, level=6):
    """Grey [h][w] or RGB [h][w][3] or RGBA [h][w][4], 8 bit; `level` is zlib's."""
    height, width = picture.shape[:2]
    colour = 0 if picture.ndim == 2 else {3: 2, 4: 6}[picture.shape[2]]
    rows = b"".join(b"\0" + row.tobytes() for row in picture)
    header = struct.pack(">IIBBBBB", width, height, 8, colour, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + _chunk(b"IHDR", header)
        + _chunk(b"IDAT", zlib.compress(rows, level))
        + _chunk(b"IEND", b"")
    )


def read_png(data):
    """What digitd writes: grey or RGB, 8 bit, rows without a filter."""
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    at, packed = 8, b""
    while at < len(data):
        (length,) = struct.unpack_from(">I", data, at)
        kind, body = data[at + 4 : at + 8], data[at + 8 : at + 8 + length]
        assert zlib.crc32(kind + body) == struct.unpack_from(">I", data, at + 8 + length)[0]
        if kind == b"IHDR":
            width, height, depth, colour = struct.unpack_from(">IIBB", body)
            assert depth == 8
        packed += body if kind == b"IDAT" else b""
        at += 12 + length
    channels = {0: 1, 2: 3}[colour]
    rows = np.frombuffer(zlib.decompress(packed), np.uint8).reshape(height, -1)
    assert not rows[:, 0].any()
    return rows[:, 1:].reshape(height, width, channels).squeeze(2 if channels == 1 else ())


def digits(side=200):
    """Every stroke template, drawn black on white: pairs of label and picture."""
    for template in read_templates():
        strokes = tuple(s + 0.2 * side for s in fit(template.strokes, 0.6 * side))
        yield template.label, draw(strokes, (side, side), 0.08 * side)


def digit(label, side=200):
    return next(picture for found, picture in digits(side) if found == label)


def write_idx(folder, pictures, labels, compress=False):
    """The paths of an IDX file of images and one of labels."""
    opener = gzip.open if compress else open
    images_path, labels_path = folder / "images.idx", folder / "labels.idx"
    pictures = np.stack(pictures)
    with opener(images_path, "wb") as f:
        f.write(struct.pack(">IIII", 0x803, *pictures.shape) + pictures.tobytes())
    with opener(labels_path, "wb") as f:
        f.write(struct.pack(">II", 0x801, len(labels)) + bytes(labels))
    return images_path, labels_path
