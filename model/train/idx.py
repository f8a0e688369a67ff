"""IDX, the file format of MNIST: a big-endian header (magic, sizes), then raw bytes."""

from __future__ import annotations

import gzip
import math
import struct
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from .console import write_atomically

UNSIGNED_BYTE = 0x08


def read_idx(path: Path) -> NDArray[np.uint8]:
    """Read an IDX file of unsigned bytes, gzipped or not."""
    raw = path.read_bytes()
    if raw[:2] == b"\x1f\x8b":
        raw = gzip.decompress(raw)
    if len(raw) < 4 or raw[:2] != b"\0\0" or raw[2] != UNSIGNED_BYTE or raw[3] == 0:
        raise ValueError(f"{path} is not an IDX file of unsigned bytes")
    rank = raw[3]
    if len(raw) < 4 + 4 * rank:
        raise ValueError(f"{path} ends inside its header")
    shape = struct.unpack(f">{rank}I", raw[4 : 4 + 4 * rank])
    body = raw[4 + 4 * rank :]
    if len(body) != math.prod(shape):
        raise ValueError(
            f"{path} holds {len(body)} bytes; its header {shape} says {math.prod(shape)}"
        )
    return np.frombuffer(bytearray(body), np.uint8).reshape(shape)  # writable, as torch wants it


def write_idx(path: Path, array: NDArray[np.uint8]) -> None:
    """Write unsigned bytes as an IDX file (not gzipped)."""
    if array.dtype != np.uint8:
        raise TypeError(f"IDX holds unsigned bytes here, not {array.dtype}")
    header = struct.pack(f">BBBB{array.ndim}I", 0, 0, UNSIGNED_BYTE, array.ndim, *array.shape)
    write_atomically(path, header + array.tobytes())
