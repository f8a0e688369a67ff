"""IDX files come back as they were written; broken ones are refused."""

import gzip
from pathlib import Path

import pytest

np = pytest.importorskip("numpy")
from train.idx import read_idx, write_idx  # noqa: E402


@pytest.mark.parametrize("shape", [(7,), (2, 28, 28), (0,)])
def test_round_trip(tmp_path: Path, shape: tuple[int, ...]) -> None:
    array = np.random.default_rng(1).integers(0, 256, shape, dtype=np.uint8)
    write_idx(tmp_path / "a.idx", array)
    assert np.array_equal(read_idx(tmp_path / "a.idx"), array)
    (tmp_path / "a.idx.gz").write_bytes(gzip.compress((tmp_path / "a.idx").read_bytes()))
    assert np.array_equal(read_idx(tmp_path / "a.idx.gz"), array)


def test_header_is_mnists(tmp_path: Path) -> None:
    write_idx(tmp_path / "a.idx", np.zeros((2, 28, 28), np.uint8))
    head = (tmp_path / "a.idx").read_bytes()[:16]
    assert head.hex() == "00000803000000020000001c0000001c"


@pytest.mark.parametrize("cut", [0, 3, 9, 40])
def test_cut_file_is_refused(tmp_path: Path, cut: int) -> None:
    write_idx(tmp_path / "a.idx", np.zeros((2, 28, 28), np.uint8))
    (tmp_path / "b.idx").write_bytes((tmp_path / "a.idx").read_bytes()[:cut])
    with pytest.raises(ValueError, match=r"b\.idx"):
        read_idx(tmp_path / "b.idx")


def test_other_types_are_refused(tmp_path: Path) -> None:
    with pytest.raises(TypeError):
        write_idx(tmp_path / "a.idx", np.zeros(3, np.float32))
