"""Get the four MNIST files from a public mirror, and prove that they are the right ones."""

from __future__ import annotations

import hashlib
import os
import urllib.error
import urllib.request
from pathlib import Path

from .console import Progress, print_metrics

MIRRORS = (
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
)
# name: bytes, sha256
FILES = {
    "train-images-idx3-ubyte.gz": (
        9912422,
        "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
    ),
    "train-labels-idx1-ubyte.gz": (
        28881,
        "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
    ),
    "t10k-images-idx3-ubyte.gz": (
        1648877,
        "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
    ),
    "t10k-labels-idx1-ubyte.gz": (
        4542,
        "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
    ),
}
CHUNK = 1 << 16
TIMEOUT = 30  # seconds without a byte


class FetchError(OSError):
    """No mirror gave the right file."""


def is_right(path: Path, size: int, sha256: str) -> bool:
    """Whether the file is there and has this size and sum."""
    if not path.is_file() or path.stat().st_size != size:
        return False
    return hashlib.sha256(path.read_bytes()).hexdigest() == sha256


def _download(url: str, part: Path, size: int) -> None:
    """Append to `part` what it still lacks; a mirror that cannot resume starts it anew."""
    have = part.stat().st_size if part.exists() else 0
    if have >= size:
        part.unlink()
        have = 0
    request = urllib.request.Request(url, headers={"Range": f"bytes={have}-"} if have else {})
    with urllib.request.urlopen(request, timeout=TIMEOUT) as answer:
        resumed = have > 0 and answer.status == 206
        with part.open("ab" if resumed else "wb") as file, Progress(part.stem, size) as progress:
            progress.advance(have if resumed else 0)
            while chunk := answer.read(CHUNK):
                file.write(chunk)
                progress.advance(len(chunk))
                if file.tell() > size:
                    raise FetchError(f"{url} is longer than {size} bytes")


def fetch_file(name: str, out: Path, mirrors: tuple[str, ...] = MIRRORS) -> str:
    """Have the file in `out`; says where it came from. A half-loaded one is resumed."""
    size, sha256 = FILES[name]
    path, part = out / name, out / f"{name}.part"
    if is_right(path, size, sha256):
        return "present"
    failures = []
    for mirror in mirrors:
        try:
            _download(mirror + name, part, size)
        except (OSError, urllib.error.URLError, FetchError) as error:
            failures.append(f"{mirror}: {error}")
            continue
        if is_right(part, size, sha256):
            os.replace(part, path)
            return mirror
        failures.append(f"{mirror}: the sha256 of {name} is not {sha256}")
        part.unlink()
    raise FetchError(f"{name} could not be fetched; " + "; ".join(failures))


def fetch(out: Path) -> None:
    """Fetch all four files."""
    out.mkdir(parents=True, exist_ok=True)
    for name in FILES:
        print_metrics(file=name, source=fetch_file(name, out), sha256=FILES[name][1])
