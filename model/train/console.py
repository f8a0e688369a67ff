"""What a person or a log sees while a command runs, and files that are never half-written."""

from __future__ import annotations

import os
import sys
import tempfile
import time
from pathlib import Path
from types import TracebackType

BAR_WIDTH = 30


class Progress:
    """A progress bar on standard error; silent where that is not a terminal."""

    def __init__(self, title: str, total: int) -> None:
        self.title, self.total, self.done = title, max(total, 1), 0
        self.shown = sys.stderr.isatty()
        self.started = time.monotonic()
        self.drawn = 0.0

    def __enter__(self) -> Progress:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self.shown:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()

    def advance(self, count: int = 1) -> None:
        self.done += count
        now = time.monotonic()
        if not self.shown or (now - self.drawn < 0.1 and self.done < self.total):
            return
        self.drawn = now
        fraction = min(self.done / self.total, 1.0)
        bar = ("#" * round(BAR_WIDTH * fraction)).ljust(BAR_WIDTH, ".")
        left = (now - self.started) * (1 - fraction) / max(fraction, 1e-9)
        sys.stderr.write(f"\r{self.title} [{bar}] {100 * fraction:3.0f} %, {left:.0f} s left\x1b[K")
        sys.stderr.flush()


def print_metrics(**values: float | int | str) -> None:
    """One line of `name=value` on standard output: what log scrapers and tuners read."""
    print(" ".join(f"{name}={value}" for name, value in values.items()), flush=True)


def write_atomically(path: Path, content: bytes) -> None:
    """Write a file so that a reader sees all of it or none of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        umask = os.umask(0)
        os.umask(umask)
        os.chmod(name, 0o666 & ~umask)
        os.replace(name, path)
    except BaseException:
        os.unlink(name)
        raise
