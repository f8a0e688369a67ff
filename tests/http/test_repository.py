"""Models come, change and go while the server answers."""

import http.client
import json
import os
import re
import shutil
import signal
import subprocess
import threading
import time

import pytest
from conftest import v2_body, wait_for
from digitd import PROGRAM, ask
from models import always, put

INFER = "/v2/models/mnist/infer"
QUICK = ["--repository-settle", "100ms", "--repository-poll", "30s"]


def answer(server, path=INFER):
    """(version that answered, the digit it said); or the status."""
    got = server.request("POST", path, v2_body())
    if got.status != 200:
        return got.status
    outputs = {output["name"]: output["data"] for output in got.json["outputs"]}
    row = outputs["probabilities"]
    return got.json["model_version"], row.index(max(row))


def states(server):
    """{version: (state, message)} of mnist"""
    rows = server.get("/v1/models/mnist").json["model_version_status"]
    return {row["version"]: (row["state"], row["status"]["error_message"]) for row in rows}


@pytest.fixture
def repository(tmp_path):
    root = tmp_path / "models"
    put(root, 1, always(1))
    return root


@pytest.fixture
def watched(start, repository):
    return start("--model-repository", str(repository), *QUICK)


class Load:
    """Clients that never pause, and note whatever is not as it should be."""

    def __init__(self, server, check, path=INFER, clients=3):
        self.check, self.path, self.server = check, path, server
        self.wrong, self.seen, self.answered = [], set(), 0
        self.going = True
        self.threads = [threading.Thread(target=self.run) for _ in range(clients)]
        for thread in self.threads:
            thread.start()

    def run(self):
        body = v2_body()
        connection = http.client.HTTPConnection(self.server.host, self.server.port, timeout=20)
        while self.going:
            try:
                got = ask(connection, "POST", self.path, body)
            except (OSError, http.client.HTTPException) as failure:
                self.wrong.append(failure)
                return
            self.answered += 1
            if got.status != 200 or not self.check(got.json):
                self.wrong.append(got.text)
            else:
                self.seen.add(got.json["model_version"])
        connection.close()

    def stop(self):
        self.going = False
        for thread in self.threads:
            thread.join()
        assert not self.wrong, self.wrong[:3]
        assert self.answered > 0


def says_its_version(body):
    outputs = {output["name"]: output["data"] for output in body["outputs"]}
    return outputs["logits"][int(body["model_version"])] == 9


def test_version_comes(watched, repository):
    assert answer(watched) == ("1", 1)
    put(repository, 2, always(2))
    assert wait_for(lambda: answer(watched) == ("2", 2))
    assert answer(watched, "/v2/models/mnist/versions/1/infer") == ("1", 1)
    assert re.search(r"event=model name=mnist version=2 sha256=\w+ .*ms=", watched.logged())


def test_versions_come_and_go_under_load(watched, repository):
    load = Load(watched, says_its_version)
    for version in [2, 3, 4]:
        put(repository, version, always(version))
        assert wait_for(lambda version=version: str(version) in load.seen)
    for version in [4, 3, 2]:
        shutil.rmtree(repository / "mnist" / str(version))
        assert wait_for(lambda version=version: str(version) not in states(watched))
    assert answer(watched) == ("1", 1)
    load.stop()
    assert load.seen == {"1", "2", "3", "4"}
    assert answer(watched, "/v2/models/mnist/versions/4/infer") == 404


def test_file_is_replaced_under_load(watched, repository):
    """The same version with other bytes: an answer is of the one or of the other."""
    load = Load(watched, lambda body: body["model_version"] == "1")
    for digit in [5, 6, 7]:
        put(repository, 1, always(digit))
        assert wait_for(lambda digit=digit: answer(watched) == ("1", digit))
    load.stop()
    assert watched.metrics()['digitd_model_loads_total{version="1",model="mnist"}'] == 4


@pytest.mark.parametrize("content", [b"", b"no model", always(3)[:-40]])
def test_bad_file_replaces_nothing(watched, repository, content):
    path = put(repository, 1, content)
    assert wait_for(lambda: "event=model-refused" in watched.logged())
    assert answer(watched) == ("1", 1)
    state, message = states(watched)["1"]
    assert state == "AVAILABLE"
    assert str(path)[-40:] in message
    line = re.search(r"event=model-refused .*", watched.logged())[0]
    assert "version=1" in line
    assert 'serving="what was there before"' in line
    metrics = watched.metrics()
    assert metrics['digitd_model_load_failed{version="1",model="mnist"}'] == 1
    assert metrics['digitd_model_load_failures_total{version="1",model="mnist"}'] == 1
    put(repository, 1, always(8))
    assert wait_for(lambda: answer(watched) == ("1", 8))
    assert states(watched)["1"] == ("AVAILABLE", "")
    assert watched.metrics()['digitd_model_load_failed{version="1",model="mnist"}'] == 0


def test_bad_new_version(watched, repository):
    put(repository, 2, b"no model")
    assert wait_for(lambda: "event=model-refused" in watched.logged())
    assert answer(watched) == ("1", 1)
    assert states(watched)["2"][0] == "END"
    refusal = watched.request("POST", "/v2/models/mnist/versions/2/infer", v2_body())
    assert refusal.status == 503
    assert "version 2 of model mnist is UNAVAILABLE" in refusal.json["error"]
    metrics = watched.metrics()
    assert metrics['digitd_model_state{version="2",state="unavailable",model="mnist"}'] == 1
    time.sleep(0.3)
    assert watched.logged().count("event=model-refused") == 1  # not with every look


def test_slow_copy(start, repository):
    """Half of a file is neither served nor complained of."""
    server = start("--model-repository", str(repository), "--repository-settle", "1s")
    content = always(2)
    folder = repository / "mnist" / "2"
    folder.mkdir()
    with (folder / "model.onnx").open("wb", buffering=0) as out:
        for i in range(12):
            out.write(content[i * len(content) // 12 : (i + 1) * len(content) // 12])
            os.utime(folder)  # so that it is looked at
            time.sleep(0.04)
            assert answer(server) == ("1", 1)
    assert wait_for(lambda: answer(server) == ("2", 2))
    assert "event=model-refused" not in server.logged()


def test_polling(start, repository):
    flags = ["--repository-watch", "poll", "--repository-poll", "50ms"]
    server = start("--model-repository", str(repository), *QUICK, *flags)
    put(repository, 2, always(2))
    assert wait_for(lambda: answer(server) == ("2", 2))
    shutil.rmtree(repository / "mnist" / "2")
    assert wait_for(lambda: answer(server) == ("1", 1))
    assert "inotify" not in os.popen(f"ls -l /proc/{server.process.pid}/fd").read()


def test_sighup(start, repository):
    server = start("--model-repository", str(repository), *QUICK, "--repository-watch", "off")
    put(repository, 2, always(2))
    time.sleep(0.4)
    assert answer(server) == ("1", 1)
    server.kill(signal.SIGHUP)
    assert wait_for(lambda: answer(server) == ("2", 2))


def test_one_file_is_watched_too(start, tmp_path):
    file = tmp_path / "mine.onnx"
    file.write_bytes(always(4))
    server = start("--model", str(file), *QUICK)
    assert answer(server) == ("1", 4)
    (tmp_path / "new").write_bytes(always(5))
    os.replace(tmp_path / "new", file)
    assert wait_for(lambda: answer(server) == ("1", 5))


def test_kubernetes_volume(start, tmp_path):
    """A ConfigMap's update: everything is a link through ..data, which is swapped."""
    root = tmp_path / "models"
    for name, digit in [("..2026_01", 1), ("..2026_02", 2)]:
        (root / name).mkdir(parents=True)
        (root / name / "model.onnx").write_bytes(always(digit))
    (root / "..data").symlink_to("..2026_01")
    (root / "model.onnx").symlink_to("..data/model.onnx")
    server = start("--model-repository", str(root), *QUICK)
    assert answer(server) == ("1", 1)
    (root / "..data_tmp").symlink_to("..2026_02")
    os.rename(root / "..data_tmp", root / "..data")
    shutil.rmtree(root / "..2026_01")
    assert wait_for(lambda: answer(server) == ("1", 2))


def test_labels(start, repository):
    put(repository, 2, always(2))
    put(repository, 3, always(3))
    (repository / "mnist" / "stable").symlink_to("1")
    flags = ["--label", "mnist:canary=3,mnist:stable=3,default=2"]
    server = start("--model-repository", str(repository), *QUICK, *flags)
    assert answer(server) == ("2", 2)
    assert answer(server, "/v2/models/mnist/versions/stable/infer") == ("1", 1)
    assert answer(server, "/v2/models/mnist/versions/canary/infer") == ("3", 3)
    stable = "/v1/models/mnist/labels/stable"
    row = json.dumps({"instances": [[0] * 784]})
    got = server.request("POST", f"{stable}:predict", row).json["predictions"][0]
    assert got.index(max(got)) == 1
    assert server.get(stable).json["model_version_status"][0]["version"] == "1"
    load = Load(server, says_its_version, "/v2/models/mnist/versions/stable/infer")
    (repository / "mnist" / "next").symlink_to("2")
    os.rename(repository / "mnist" / "next", repository / "mnist" / "stable")
    assert wait_for(lambda: load.seen == {"1", "2"})
    load.stop()
    for path in ["/v1/models/mnist/labels/none", "/v1/models/mnist/labels/1"]:
        refusal = server.get(path)
        assert refusal.status == 400
        assert "model mnist has no label" in refusal.json["error"]
    assert server.get("/v1/models/other/labels/stable").status == 404


def test_label_of_what_is_not_there(start, repository):
    server = start("--model-repository", str(repository), "--label", "mnist:canary=7")
    refusal = server.get("/v1/models/mnist/labels/canary")
    assert refusal.status == 404
    assert "model mnist has no version 7" in refusal.json["error"]


@pytest.mark.parametrize(
    ("policy", "served"),
    [
        ("all", "1 2 3 4"),
        ("latest", "4"),
        ("latest:2", "3 4"),
        ("specific:1,3", "1 3"),
        ("mnist=latest:1; all", "4"),
        ("other=latest:1 specific:2", "2"),
    ],
)
def test_version_policy(start, repository, policy, served):
    for version in [2, 3, 4]:
        put(repository, version, always(version))
    server = start("--model-repository", str(repository), "--version-policy", policy)
    assert " ".join(server.get("/v2/models/mnist").json["versions"]) == served


def test_latest_that_is_bad(start, repository):
    """Then the one before is the latest; and a label keeps what it names."""
    put(repository, 2, always(2))
    put(repository, 3, b"no model")
    flags = ["--version-policy", "latest:1", "--label", "stable=1"]
    server = start("--model-repository", str(repository), *QUICK, *flags)
    assert server.get("/v2/models/mnist").json["versions"] == ["1", "2"]
    put(repository, 3, always(3))
    assert wait_for(lambda: server.get("/v2/models/mnist").json["versions"] == ["1", "3"])
    assert "event=model-unloaded name=mnist version=2 reason=--version-policy" in server.logged()


def test_roll_back_of_the_latest(start, repository):
    """The one before is there again before the latest is gone: nobody is refused meanwhile."""
    put(repository, 2, always(2))
    server = start("--model-repository", str(repository), *QUICK, "--version-policy", "latest")
    assert states(server)["1"] == ("END", "--version-policy")
    load = Load(server, says_its_version)
    shutil.rmtree(repository / "mnist" / "2")
    assert wait_for(lambda: "1" in load.seen)
    put(repository, 3, always(3))
    assert wait_for(lambda: "3" in load.seen)
    load.stop()


def test_empty_repository_is_one_that_is_not_mounted(watched, repository):
    os.rename(repository / "mnist", repository.parent / "away")
    assert wait_for(lambda: "holds no" in watched.logged())
    time.sleep(0.3)
    assert answer(watched) == ("1", 1)
    os.rename(repository.parent / "away", repository / "mnist")
    assert wait_for(lambda: "none any more" in watched.logged())


def test_async(start, tmp_path):
    """The directory comes late, as an image's volume may; then its file, slowly."""
    root = tmp_path / "mnt"
    server = start("--model-repository", str(root), *QUICK, MODEL_INIT_MODE="async")
    assert server.get("/v2/health/live").status == 200
    refusal = server.get("/v2/health/ready")
    assert refusal.status == 503
    assert "no model is ready" in refusal.json["error"]
    assert server.get("/v1/models/mnist").status == 404
    assert server.metrics()["digitd_ready"] == 0
    put(root, 1, always(6))
    assert wait_for(lambda: server.get("/v2/health/ready").status == 200)
    assert answer(server) == ("1", 6)


def test_conventions_of_kserve(start, repository):
    flags = ["--model_name=digits", "--http_port=0"]
    (repository / "1").mkdir()
    shutil.copy(repository / "mnist" / "1" / "model.onnx", repository / "1")
    server = start(*flags, STORAGE_URI=f"file://{repository}", PORT="1")
    assert answer(server, "/v2/models/digits/infer") == ("1", 1)


@pytest.mark.parametrize(
    ("flags", "hint"),
    [
        (["--model-dir", "s3://bucket/x"], "is 's3://bucket/x'; it should be a directory"),
        (["--version-policy", "newest"], "--version-policy has 'newest'"),
        (["--version-policy", "latest:0"], "--version-policy has 'latest:0'"),
        (["--version-policy", "specific:"], "--version-policy has 'specific:'"),
        (["--label", "mnist:stable"], "--label has 'mnist:stable'; it should be MODEL:LABEL="),
        (["--label", "mnist:1=1"], "'1' can be no label"),
        (["--repository-watch", "yes"], "--repository-watch is 'yes'"),
        (["--model-init", "late"], "--model-init is 'late'"),
    ],
)
def test_wrong_usage(flags, hint):
    done = subprocess.run(
        [PROGRAM, "serve", "--port", "0", *flags], capture_output=True, text=True, timeout=30
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert hint in done.stderr
    assert done.stderr.count("\n") == 1


def test_metrics_are_sound(watched, repository, promtool):
    answer(watched)
    text = watched.get("/metrics").text
    done = subprocess.run(
        [promtool, "check", "metrics"], input=text, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert watched.metrics()['digitd_model_answers_total{version="1",model="mnist"}'] == 1
