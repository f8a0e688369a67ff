"""What people say an answer should have been."""

import base64
import json
import signal
import sqlite3
import subprocess
import threading

import pytest
from commands import FAILED, WRONG_USAGE, digitd
from conftest import check_statuses, wait_for
from digitd import Server, check_end
from pictures import digit, np, png
from train.idx import read_idx
from train.preprocess import preprocess
from train.strokes import draw_tight, read_templates

PATH = "/v1/models/mnist/feedback"
JSON = {"Content-Type": "application/json"}
STROKES = [[[30, 10], [70, 10], [45, 90]]]


def send(server, headers=JSON, **body):
    return server.request("POST", PATH, json.dumps(body), headers)


def rows(path):
    with sqlite3.connect(path) as db:
        return db.execute("SELECT * FROM feedback ORDER BY id").fetchall()


@pytest.fixture
def store(tmp_path):
    return tmp_path / "feedback.db"


def test_a_correction_is_stored_summed_up_and_exported(start, store, tmp_path):
    server = start("--feedback-db", str(store))
    answer = send(server, strokes=STROKES, truth=7, prediction=1, model_version="1")
    assert (answer.status, answer.json) == (201, {"id": 1})
    picture = png(digit(3))
    text = base64.b64encode(picture).decode()
    assert send(server, picture=text, truth=3, prediction=3).json == {"id": 2}
    assert send(server, strokes=STROKES, truth="none", prediction=7).status == 201
    assert send(server, strokes=STROKES, truth=7).status == 201

    first, second, third, fourth = rows(store)
    seven = np.array(STROKES[0], float)
    want = preprocess(draw_tight((seven,), 80, 0.115))
    assert first[2:6] == ("mnist", 1, 7, 1)
    assert first[6] == want.tobytes()
    assert (first[7], json.loads(first[8])) == ("strokes", STROKES)
    assert (second[7], second[8]) == ("image/png;base64", text.encode())
    assert (third[4:6], fourth[4:6]) == ((10, 7), (7, 10))

    summary = server.get(PATH).json
    assert (summary["model_name"], summary["total"], summary["right"]) == ("mnist", 4, 1)
    confusion = np.array(summary["confusion"])
    assert confusion.shape == (10, 10)
    assert confusion[7, 1] == confusion[3, 3] == 1
    assert confusion.sum() == 2
    assert summary["others"] == 2
    assert server.metrics()['digitd_feedback_total{truth="7",prediction="1"}'] == 1
    assert server.metrics()['digitd_feedback_total{truth="none",prediction="7"}'] == 1

    out, _ = digitd("feedback", "export", "--feedback-db", store, "--out", tmp_path / "more")
    assert out.startswith("3 digits in ")
    assert read_idx(tmp_path / "more" / "labels.idx").tolist() == [7, 3, 7]
    images = read_idx(tmp_path / "more" / "images.idx")
    assert np.array_equal(images[0], want)
    assert np.array_equal(images[1], preprocess(digit(3)))


def test_metrics_are_sound_and_go_on_after_a_restart(start, store, promtool):
    server = start("--feedback-db", str(store))
    send(server, strokes=STROKES, truth=7, prediction=1)
    check_end(server)
    server = start("--feedback-db", str(store))
    text = server.get("/metrics").text
    assert 'digitd_feedback_total{truth="7",prediction="1"} 1\n' in text
    done = subprocess.run([promtool, "check", "metrics"], input=text, text=True, check=False)
    assert done.returncode == 0


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ({"strokes": STROKES}, "no truth"),
        ({"truth": 3}, "one of strokes and picture"),
        ({"strokes": STROKES, "picture": "", "truth": 3}, "picture is empty"),
        ({"strokes": STROKES, "truth": 10}, "truth should be 0 to 9"),
        ({"strokes": STROKES, "truth": "seven"}, "truth should be 0 to 9"),
        ({"strokes": STROKES, "truth": 1.5}, "should be an integer"),
        ({"strokes": STROKES, "truth": 1, "prediction": -1}, "prediction should be 0 to 9"),
        ({"strokes": STROKES, "truth": 1, "model_version": "x"}, "positive integer"),
        ({"strokes": STROKES, "truth": 1, "model_version": "0"}, "positive integer"),
        ({"strokes": [], "truth": 1}, "strokes is empty"),
        ({"picture": "AAAA", "truth": 1}, "PNG"),
    ],
)
def test_refusals(start, store, body, sentence):
    server = start("--feedback-db", str(store))
    answer = send(server, **body)
    assert answer.status == 400, answer.text
    assert sentence in answer.json["error"]
    assert rows(store) == []


def test_only_json_of_our_own_page(start, store):
    server = start("--feedback-db", str(store))
    for kind in ("text/plain", "application/x-www-form-urlencoded", "application/jsonx"):
        answer = send(server, {"Content-Type": kind}, strokes=STROKES, truth=7)
        assert answer.status == 415
        assert "application/json" in answer.json["error"]
    assert rows(store) == []
    assert server.request("POST", PATH.replace("mnist", "other"), "{}", JSON).status == 404


def test_without_a_store(server):
    for answer in (server.get(PATH), send(server, strokes=STROKES, truth=7)):
        assert answer.status == 404
        assert "--feedback-db" in answer.json["error"]
    assert not any(name.startswith("digitd_feedback") for name in server.metrics())


def test_nothing_is_lost_when_the_process_is_killed(store):
    server = Server("--feedback-db", str(store))
    acknowledged = []

    def correct():
        try:
            while True:
                answer = send(server, strokes=STROKES, truth=7)
                assert answer.status in (201, 503)
                if answer.status == 201:
                    acknowledged.append(answer.json["id"])
        except OSError:
            pass

    threads = [threading.Thread(target=correct) for _ in range(4)]
    for thread in threads:
        thread.start()
    assert wait_for(lambda: len(acknowledged) >= 30)
    server.kill(signal.SIGKILL)
    server.wait()
    for thread in threads:
        thread.join()
    server.process.stdout.close()
    server.log.close()
    assert set(acknowledged) <= {row[0] for row in rows(store)}
    assert len(set(acknowledged)) == len(acknowledged)


def test_a_slow_disk_holds_up_nobody_else(start, store):
    """With one event loop, while somebody else has the file locked."""
    server = start("--feedback-db", str(store), "--threads", "1")
    assert send(server, strokes=STROKES, truth=7).status == 201
    other = sqlite3.connect(store, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    answers = []
    waiting = threading.Thread(
        target=lambda: answers.append(send(server, strokes=STROKES, truth=7))
    )
    waiting.start()
    body = json.dumps({"strokes": STROKES})
    for _ in range(20):
        assert server.request("POST", "/v1/models/mnist:predict", body).status == 200
    assert not answers
    other.execute("COMMIT")
    other.close()
    waiting.join()
    assert answers[0].status == 201
    assert len(rows(store)) == 2


def test_a_client_that_leaves_while_it_waits(start, store):
    server = start("--feedback-db", str(store), "--threads", "1")
    assert send(server, strokes=STROKES, truth=7).status == 201
    other = sqlite3.connect(store, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    body = json.dumps({"strokes": STROKES, "truth": 7}).encode()
    for _ in range(5):
        with server.connect() as s:
            s.sendall(
                b"POST %s HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
                b"Content-Length: %d\r\n\r\n%s" % (PATH.encode(), len(body), body)
            )
    assert server.get("/v2/health/ready").status == 200
    other.execute("COMMIT")
    other.close()
    assert wait_for(lambda: len(rows(store)) == 6)
    assert server.get(PATH).json["total"] == 6


def test_a_full_store_disturbs_nothing_else(start, store):
    server = start("--feedback-db", str(store), "--feedback-max", "1MiB")
    noise = np.random.default_rng(1).integers(0, 256, (400, 400)).astype(np.uint8)
    text = base64.b64encode(png(noise)).decode()
    stored = 0
    while (answer := send(server, picture=text, truth=1)).status == 201:
        stored += 1
    assert answer.status == 507
    assert "feedback.db" in answer.json["error"]
    assert "full" in answer.json["error"]
    assert 0 < stored < 10
    check_statuses(server)
    assert "event=feedback error=" in server.logged()
    body = json.dumps({"strokes": STROKES})
    assert server.request("POST", "/v1/models/mnist:predict", body).status == 200
    assert server.get(PATH).json["total"] == stored == len(rows(store))
    assert server.get("/v2/health/ready").status == 200


def test_a_store_that_cannot_be_opened_yet(start, tmp_path):
    folder = tmp_path / "later"
    server = start("--feedback-db", str(folder / "feedback.db"))
    assert "event=feedback" in server.logged()
    assert server.get("/v2/health/ready").status == 200
    answer = send(server, strokes=STROKES, truth=7)
    assert answer.status == 503
    assert "unable to open" in answer.json["error"]
    folder.mkdir()
    assert send(server, strokes=STROKES, truth=7).status == 201


def test_a_file_of_somebody_else(start, tmp_path):
    other = tmp_path / "other.db"
    with sqlite3.connect(other) as db:
        db.execute("CREATE TABLE x(y)")
    text = tmp_path / "text.db"
    text.write_text("this is no database, whatever its name may say\n" * 50)
    before = other.read_bytes(), text.read_bytes()
    for path in (other, text):
        server = start("--feedback-db", str(path))
        assert send(server, strokes=STROKES, truth=7).status == 503
    assert before == (other.read_bytes(), text.read_bytes())


def test_templates_can_all_be_corrected(start, store):
    server = start("--feedback-db", str(store))
    for drawing in read_templates():
        strokes = [s.tolist() for s in drawing.strokes]
        assert send(server, strokes=strokes, truth=drawing.label).status == 201
    assert len(rows(store)) == len(read_templates())


def test_looking_into_a_store_does_not_write(start, store, tmp_path):
    """Else what it holds could not be saved from a disk that is full."""
    server = start("--feedback-db", str(store))
    assert send(server, strokes=STROKES, truth=7).status == 201
    server.stop()
    before = store.read_bytes()
    digitd("feedback", "export", "--feedback-db", store, "--out", tmp_path / "out")
    assert store.read_bytes() == before


def test_export_refusals(tmp_path, store):
    flags = ("--feedback-db", store, "--out", tmp_path / "out")
    _, err = digitd("feedback", "export", *flags, code=FAILED)
    assert "feedback.db: No such file" in err
    assert not store.exists()
    for words in (("feedback", *flags), ("feedback", "import", *flags), ("feedback", "export")):
        _, err = digitd(*words, code=WRONG_USAGE)
        assert "feedback export" in err or "--feedback-db" in err
