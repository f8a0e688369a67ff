"""digitd batch."""

import json
import os
import signal
import subprocess
import time

import pytest
from commands import BAD_DATA, DIGITD, FAILED, WRONG_USAGE, digitd
from pictures import digits, np, png, write_idx
from train.preprocess import preprocess

COUNT = 300  # more than are predicted at a time


@pytest.fixture(scope="module")
def drawings():
    return [picture for _, picture in digits(60)]


@pytest.fixture
def idx(tmp_path, drawings):
    pictures = [drawings[i % len(drawings)] for i in range(COUNT)]
    return write_idx(tmp_path, pictures, [0] * COUNT, compress=True)[0]


def batch(images, out, *more, **how):
    text, err = digitd("batch", "--images", images, "--out", out, *more, **how)
    assert text == ""
    return err


def read(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_idx(tmp_path, idx, drawings):
    out = tmp_path / "out.jsonl"
    assert batch(idx, out) == ""
    lines = read(out)
    assert [line["index"] for line in lines] == list(range(COUNT))
    assert list(lines[0]) == ["index", "digit", "confidence", "probabilities", "verdict"]
    labels = [label for label, _ in digits(60)]
    right = sum(line["digit"] == labels[i % len(labels)] for i, line in enumerate(lines))
    assert right > 0.8 * COUNT
    assert sorted(p.name for p in tmp_path.iterdir()) == ["images.idx", "labels.idx", "out.jsonl"]


def test_finished_images_are_taken_as_they_are(tmp_path, idx, drawings):
    folder = tmp_path / "ready"
    folder.mkdir()
    ready = [preprocess(picture) for picture in drawings]
    files = write_idx(folder, ready, [0] * len(ready))
    batch(files[0], tmp_path / "ready.jsonl")
    batch(idx, tmp_path / "raw.jsonl")
    assert read(tmp_path / "ready.jsonl") == read(tmp_path / "raw.jsonl")[: len(ready)]


def test_folder(tmp_path, drawings):
    folder = tmp_path / "pictures"
    folder.mkdir()
    for i, picture in enumerate(drawings[:12]):
        (folder / f"{i:02}.PNG").write_bytes(png(picture))
    (folder / "blank.png").write_bytes(png(np.full((40, 60), 255, np.uint8)))
    (folder / "notes.txt").write_text("not a picture")
    (folder / ".hidden.png").write_text("not a picture")
    batch(folder, tmp_path / "out.jsonl")
    lines = read(tmp_path / "out.jsonl")
    assert [line["file"] for line in lines] == [*(f"{i:02}.PNG" for i in range(12)), "blank.png"]
    assert lines[-1]["verdict"] == "blank"
    assert lines[-1]["digit"] is None
    out, _ = digitd("predict", "--json", *sorted(folder.glob("*.PNG")))
    alone = [json.loads(line)["probabilities"] for line in out.splitlines()]
    assert [line["probabilities"] for line in lines[:-1]] == alone


def test_shards_make_up_the_whole(tmp_path, idx):
    whole, parts = tmp_path / "whole.jsonl", tmp_path / "part.jsonl"
    batch(idx, whole)
    for i in range(4):
        batch(idx, parts, "--shard", f"{i}/4")
    found = sorted(tmp_path.glob("part*"))
    assert [p.name for p in found] == [f"part-{i:05}-of-00004.jsonl" for i in range(4)]
    lines = sorted((line for p in found for line in read(p)), key=lambda line: line["index"])
    assert lines == read(whole)
    # Doing one again changes nothing.
    before = found[2].read_bytes()
    batch(idx, parts, "--shard", "2/4")
    assert found[2].read_bytes() == before


def test_indexed_job(tmp_path, idx):
    out = tmp_path / "out"
    job = {"JOB_COMPLETION_INDEX": "7", "JOB_COMPLETIONS": "1000"}
    batch(idx, out, env=job)
    assert [line["index"] for line in read(tmp_path / "out-00007-of-01000")] == [7]
    batch(idx, out, env=job | {"JOB_COMPLETION_INDEX": "999"})
    assert (tmp_path / "out-00999-of-01000").read_bytes() == b""
    batch(idx, out, "--shard", "0/2", env=job)
    assert len(read(tmp_path / "out-00000-of-00002")) == COUNT // 2
    err = batch(idx, out, env={"JOB_COMPLETION_INDEX": "7"}, code=WRONG_USAGE)
    assert "JOB_COMPLETIONS is not set" in err


@pytest.mark.parametrize("shard", ["", "1", "2/2", "-1/2", "1/0", "a/b", "1/2/3", "0/100001"])
def test_wrong_shard(tmp_path, idx, shard):
    if shard:
        assert "0/4" in batch(idx, tmp_path / "x", "--shard", shard, code=WRONG_USAGE)
    assert "0/4" in batch(
        *(idx, tmp_path / "x"),
        env={"JOB_COMPLETION_INDEX": shard, "JOB_COMPLETIONS": "4x"},
        code=WRONG_USAGE,
    )


def test_wrong_usage(tmp_path, idx):
    assert "--out" in digitd("batch", "--images", idx, code=WRONG_USAGE)[1]
    assert "--images" in digitd("batch", "--out", idx, code=WRONG_USAGE)[1]


def test_bad_data(tmp_path, idx):
    """Exit code 65, by which a Job knows that another try is of no use; and no part is left."""
    out = tmp_path / "out.jsonl"

    def refused(images, part, code=BAD_DATA):
        assert part in batch(images, out, code=code)
        assert not list(tmp_path.glob("out*"))

    whole = idx.read_bytes()
    idx.write_bytes(whole[: len(whole) // 2])
    refused(idx, "ends too early")
    idx.write_bytes(b"PNG")
    refused(idx, "too short")
    folder = tmp_path / "pictures"
    folder.mkdir()
    refused(folder, "no PNG files")
    (folder / "a.png").write_bytes(png(np.zeros((20, 20), np.uint8)))
    (folder / "b.png").write_bytes(b"GIF89a")
    refused(folder, "b.png: ")
    (folder / "b.png").write_bytes(png(np.zeros((1, 5000), np.uint8)))
    refused(folder, "b.png: ")
    # What may be there the next time.
    refused(tmp_path / "none", "No such file", FAILED)


def test_output_that_cannot_be_written(tmp_path, idx):
    assert "none/out" in batch(idx, tmp_path / "none" / "out", code=FAILED)


def test_what_is_read_is_not_written_over(tmp_path, idx):
    before = idx.read_bytes()
    (tmp_path / "link").symlink_to(idx)
    for out in (idx, tmp_path / "link"):
        assert "which is read; it should be another file" in batch(idx, out, code=WRONG_USAGE)
    assert idx.read_bytes() == before


def test_pipes_stay_pipes(idx):
    text, err = digitd("batch", "--images", idx, "--out", "/dev/stdout")
    assert err == ""
    assert len(text.splitlines()) == COUNT


def test_terminated(tmp_path, drawings):
    """It ends soon and leaves no half-written file."""
    big = np.tile(drawings[0], (16, 16))
    idx = write_idx(tmp_path, [big] * 300, [0] * 300)[0]
    out = tmp_path / "out.jsonl"
    process = subprocess.Popen(
        [DIGITD, "batch", "--images", idx, "--out", out], stderr=subprocess.PIPE
    )
    end = time.monotonic() + 20
    while not list(tmp_path.glob("out.jsonl.*")) and time.monotonic() < end:
        time.sleep(0.001)
    process.send_signal(signal.SIGTERM)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 128 + signal.SIGTERM, err
    assert b"stopped by a signal" in err
    assert not list(tmp_path.glob("out*"))


def test_not_superuser_umask(tmp_path, idx):
    """Others may read it, as with any file."""
    old = os.umask(0o022)
    try:
        batch(idx, tmp_path / "out.jsonl")
    finally:
        os.umask(old)
    assert (tmp_path / "out.jsonl").stat().st_mode & 0o777 == 0o644
