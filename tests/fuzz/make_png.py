"""Writes corpus/png and corpus/idx: small files of every form. python3 make_png.py"""

import gzip
import struct
import zlib
from pathlib import Path

WIDTH, HEIGHT = 13, 11
GREY, RGB, PALETTE, GREY_ALPHA, RGBA = 0, 2, 3, 4, 6
CHANNELS = {GREY: 1, RGB: 3, PALETTE: 1, GREY_ALPHA: 2, RGBA: 4}
PASSES = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2))
PASSES += ((0, 1, 1, 2),)
CORPUS = Path(__file__).parent / "corpus"


def chunk(kind, data):
    body = kind + data
    return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))


def row(y, columns, colour, depth):
    bits = ""
    for x in columns:
        for channel in range(CHANNELS[colour]):
            on_ring = 9 < (x - 6) ** 2 + (y - 5) ** 2 < 26
            value = (1 << depth) - 1 if on_ring else (x * 3 + y + channel) % (1 << depth) // 4
            bits += f"{value:0{depth}b}"
    bits += "0" * (-len(bits) % 8)
    return b"\0" + int(bits, 2).to_bytes(len(bits) // 8, "big")


def png(colour, depth, interlaced=False, extra=()):
    passes = PASSES if interlaced else ((0, 0, 1, 1),)
    rows = b"".join(
        row(y, range(x0, WIDTH, dx), colour, depth)
        for x0, y0, dx, dy in passes
        for y in range(y0, HEIGHT, dy)
        if x0 < WIDTH
    )
    parts = [
        chunk(b"IHDR", struct.pack(">IIBBBBB", WIDTH, HEIGHT, depth, colour, 0, 0, interlaced)),
        *(chunk(kind, data) for kind, data in extra),
        chunk(b"IDAT", zlib.compress(rows)),
        chunk(b"IEND", b""),
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


PALETTE_CHUNK = (b"PLTE", bytes(range(0, 240, 5)))
PNGS = {
    "grey1": png(GREY, 1),
    "grey4_key": png(GREY, 4, extra=[(b"tRNS", b"\0\x03")]),
    "grey8": png(GREY, 8),
    "grey16_woven": png(GREY, 16, True),
    "grey_alpha8": png(GREY_ALPHA, 8),
    "palette4_woven": png(PALETTE, 4, True, [PALETTE_CHUNK, (b"tRNS", bytes(range(0, 250, 20)))]),
    "rgb16": png(RGB, 16),
    "rgb8_text": png(RGB, 8, extra=[(b"gAMA", b"\0\0\xb1\x8f"), (b"tEXt", b"a\0b")]),
    "rgba8": png(RGBA, 8),
    "rgba16_woven": png(RGBA, 16, True),
    "jpeg": b"\xff\xd8\xff\xe0\0\x10JFIF\0",
}

IMAGES = struct.pack(">IIII", 0x803, 3, 2, 5) + bytes(range(30))
LABELS = struct.pack(">II", 0x801, 4) + bytes([7, 2, 1, 0])
IDXS = {
    "images": IMAGES,
    "images.gz": gzip.compress(IMAGES, mtime=0),
    "labels": LABELS,
    "labels.gz": gzip.compress(LABELS, mtime=0),
    "text": b"label\n1\n",
}

for folder, files in (("png", PNGS), ("idx", IDXS)):
    (CORPUS / folder).mkdir(parents=True, exist_ok=True)
    for name, data in files.items():
        (CORPUS / folder / name).write_bytes(data)
