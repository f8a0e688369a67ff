"""What real exporters write, and ONNX's own tests, through the engine alone."""

import re
import sys
from pathlib import Path

import numpy as np
import pytest

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(HERE.parent))

from engine.conftest import PROGRAM  # noqa: E402

IMAGES = 1000
TABLE = HERE / "README.md"
ROWS = pytest.StashKey[list]()


def pytest_addoption(parser):
    parser.addoption("--heavy", action="store_true", help="also exporters that take long to get")
    parser.addoption("--readme", action="store_true", help="put the table into README.md")


def pytest_configure(config):
    if not PROGRAM.exists():
        raise pytest.UsageError(f"{PROGRAM} is not built")
    config.stash[ROWS] = []


@pytest.fixture(scope="session")
def images():
    """Strokes of any width and direction, ink 1 on 0, always the same ones."""
    random = np.random.default_rng(28)
    y, x = np.mgrid[:28, :28]
    pictures = np.zeros((IMAGES, 28, 28), np.float32)
    for picture in pictures:
        for _ in range(random.integers(1, 5)):
            ends = random.uniform(5, 23, (2, 2))
            for t in np.linspace(0, 1, 12):
                at = ends[0] + t * (ends[1] - ends[0])
                spot = 1.6 - np.hypot(y - at[0], x - at[1]) / random.uniform(0.9, 1.3)
                np.maximum(picture, np.clip(spot, 0, 1), out=picture)
    return pictures.reshape(IMAGES, 784)


@pytest.fixture
def table(request):
    """Adds a row: exporter, network, settings, verdict."""
    return request.config.stash[ROWS].append


def lines(rows):
    yield "| exporter | network | max \\|difference\\| of probabilities | same digit |"
    yield "|---|---|---|---|"
    for row in sorted(rows):
        yield "| " + " | ".join(row) + " |"


def pytest_terminal_summary(terminalreporter, config):
    rows = config.stash[ROWS]
    if not rows:
        return
    terminalreporter.section("exporter x network x verdict")
    for line in lines(rows):
        terminalreporter.line(line)
    if config.getoption("--readme"):
        text = TABLE.read_text()
        begin, end = "<!-- table -->\n", "<!-- end -->"
        new = begin + "\n" + "\n".join(lines(rows)) + "\n\n" + end
        TABLE.write_text(re.sub(f"{begin}.*{end}", lambda _: new, text, flags=re.DOTALL))
