"""digitd predict."""

import base64
import json
import os
import pty
import re
import subprocess

import pytest
from commands import BAD_DATA, DIGITD, FAILED, MODEL, WRONG_USAGE, digitd
from pictures import digit, digits, np, png, read_png


@pytest.fixture
def seven(tmp_path):
    path = tmp_path / "seven.png"
    path.write_bytes(png(digit(7)))
    return path


@pytest.fixture
def blank(tmp_path):
    path = tmp_path / "blank.png"
    path.write_bytes(png(np.full((40, 60), 255, np.uint8)))
    return path


def test_one_line_for_a_person(seven):
    out, err = digitd("predict", seven)
    assert re.fullmatch(rf"7 +\d+\.\d %  {re.escape(str(seven))}\n", out)
    assert err == ""


def test_one_json_object_a_line(seven, blank):
    out, _ = digitd("predict", "--json", seven, blank)
    first, second = (json.loads(line) for line in out.splitlines())
    assert list(first) == ["file", "digit", "confidence", "probabilities", "verdict", "box", "seen"]
    assert (first["file"], first["digit"], first["verdict"]) == (str(seven), 7, "digit")
    assert first["confidence"] == max(first["probabilities"]) > 0.8
    assert abs(sum(first["probabilities"]) - 1) < 1e-6
    assert second["verdict"] == "blank"
    assert second["digit"] is second["confidence"] is second["probabilities"] is None


def test_what_it_saw_is_a_picture(seven):
    out, _ = digitd("predict", "--json", seven)
    kind, data = json.loads(out)["seen"].split(",")
    assert kind == "data:image/png;base64"
    assert read_png(base64.b64decode(data, validate=True)).shape == (28, 28)


def test_most_digits_of_our_own_are_read(tmp_path):
    labels, files = [], []
    for i, (label, picture) in enumerate(digits()):
        labels.append(label)
        files.append(tmp_path / f"{i}.png")
        files[-1].write_bytes(png(picture))
    out, _ = digitd("predict", "--json", *files)
    read = [json.loads(line)["digit"] for line in out.splitlines()]
    assert len(read) == len(labels)
    assert sum(a == b for a, b in zip(read, labels, strict=True)) >= 0.9 * len(labels)


def test_colours_and_polarity_do_not_matter(tmp_path):
    ink = digit(4)
    opaque = np.full_like(ink, 255)
    forms = {
        "grey": ink,
        "inverted": 255 - ink,
        "rgb": np.dstack([ink, ink, ink]),
        "rgba": np.dstack([ink, ink, ink, opaque]),
        "black on nothing": np.dstack([0 * ink, 0 * ink, 0 * ink, 255 - ink]),
        "white on nothing": np.dstack([opaque, opaque, opaque, 255 - ink]),
    }
    for name, picture in forms.items():
        (tmp_path / f"{name}.png").write_bytes(png(picture))
    out, _ = digitd("predict", "--json", *(tmp_path / f"{name}.png" for name in forms))
    answers = [json.loads(line) for line in out.splitlines()]
    assert [a["digit"] for a in answers] == [4] * len(forms)
    assert len({a["seen"] for a in answers}) == 1


def test_standard_input(seven):
    out, _ = digitd("predict", "--json", "-", stdin=seven.read_bytes())
    assert json.loads(out)["file"] == "-"
    assert json.loads(out)["digit"] == 7


def test_shapes_that_are_no_digit(tmp_path):
    picture = np.full((100, 100), 255, np.uint8)
    picture[10:90, 10:90] = 0
    (tmp_path / "square.png").write_bytes(png(picture))
    out, _ = digitd("predict", tmp_path / "square.png")
    assert out.startswith("- no digit ")
    out, _ = digitd("predict", "--json", tmp_path / "square.png")
    assert json.loads(out)["verdict"] == "not_a_digit"


def test_bad_files_are_named_and_the_others_read(tmp_path, seven, blank):
    (tmp_path / "photo.jpg").write_bytes(b"\xff\xd8\xff\xe0....JFIF")
    (tmp_path / "half.png").write_bytes(seven.read_bytes()[:200])
    out, err = digitd(
        "predict",
        tmp_path / "photo.jpg",
        seven,
        tmp_path / "half.png",
        tmp_path / "missing.png",
        tmp_path,
        blank,
        code=BAD_DATA,
    )
    assert [line.split()[0] for line in out.splitlines()] == ["7", "-"]
    lines = err.splitlines()
    assert len(lines) == 4
    assert "photo.jpg" in lines[0] and "JPEG" in lines[0] and "PNG" in lines[0]
    assert "half.png" in lines[1] and "damaged" in lines[1]
    assert "missing.png" in lines[2] and "No such file" in lines[2]
    assert str(tmp_path) in lines[3] and "directory" in lines[3]


def test_another_model(tmp_path, seven):
    builtin, _ = digitd("predict", "--json", seven)
    given, _ = digitd("predict", "--json", "--model", MODEL, seven)
    assert given == builtin
    (tmp_path / "broken.onnx").write_bytes(MODEL.read_bytes()[:1000])
    _, err = digitd("predict", "--model", tmp_path / "broken.onnx", seven, code=BAD_DATA)
    assert "broken.onnx" in err
    _, err = digitd("predict", "--model", tmp_path / "none.onnx", seven, code=FAILED)
    assert "none.onnx" in err


def test_no_file_is_wrong_usage():
    _, err = digitd("predict", code=WRONG_USAGE)
    assert "no picture" in err


def test_a_full_disk_is_a_failure(seven):
    with open("/dev/full", "wb") as full:
        done = subprocess.run([DIGITD, "predict", seven], stdout=full, stderr=subprocess.PIPE)
    assert done.returncode == FAILED
    assert b"No space left" in done.stderr


def on_terminal(*arguments, **env):
    """What the program writes to a terminal."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [DIGITD, *map(str, arguments)],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env=os.environ | env,
    )
    os.close(theirs)
    text = b""
    try:
        while piece := os.read(ours, 65536):
            text += piece
    except OSError:  # the other end is closed
        pass
    assert process.wait(60) == 0
    os.close(ours)
    return text.decode()


def test_a_terminal_gets_a_drawing(seven):
    plain = on_terminal("predict", seven, TERM="xterm", NO_COLOR="1")
    assert "\033" not in plain and plain.count("\n") == 15
    assert re.search(r"7 █{5,}", plain)
    drawn = [line[2:30] for line in plain.splitlines()[1:]]
    assert sum(c in "█▀▄" for line in drawn for c in line) > 20
    assert "\033[38;5;" in on_terminal("predict", seven, TERM="xterm", NO_COLOR="")
    assert "\033" not in on_terminal("predict", seven, TERM="dumb", NO_COLOR="")


def test_names_cannot_drive_the_terminal(tmp_path):
    path = tmp_path / "a\033[31mb.png"
    path.write_bytes(png(digit(1)))
    out, _ = digitd("predict", path)
    assert "\033" not in out and "a?[31mb.png" in out
