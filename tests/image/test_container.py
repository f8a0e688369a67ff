"""The container serves with next to nothing: any user, no capability, nothing to write to, 64 MiB
of memory and half a processor."""

import json
import socket
import threading
import time
import urllib.error

import pytest
from conftest import LIMITS, podman

PIXELS = json.dumps({"instances": [[0.5] * 784]}).encode()
PREDICT = "/v1/models/mnist:predict"


@pytest.mark.parametrize("options", [(), ("--pid", "host")], ids=["process 1", "any process"])
def test_serves_and_drains(start, options):
    container = start("--drain-delay", "3s", options=options)
    assert sum(container.ask(PREDICT, PIXELS)["predictions"][0]) == pytest.approx(1, abs=1e-5)
    assert container.healthcheck() == 0
    assert (container.fields("ready")["pid"] == "1") == (not options)

    container.kill("TERM")
    end = time.monotonic() + 10
    while is_ready(container):
        assert time.monotonic() < end
    assert container.ask("/v2/health/live", port=container.admin_port) == {"live": True}
    assert container.ask(PREDICT, PIXELS)["predictions"]
    assert container.wait() == 0
    assert "event=stopped" in container.log()


def is_ready(container):
    try:
        return container.ask("/v2/health/ready", port=container.admin_port)["ready"]
    except urllib.error.HTTPError as error:
        assert error.code == 503
        return False


def test_confined(start):
    container = start()
    assert container.status("Uid").split() == ["54321"] * 4
    assert int(container.status("CapEff"), 16) == 0
    assert container.status("NoNewPrivs") == "1"
    assert container.status("Seccomp") == "2"
    assert container.fields("ready")["threads"] == "1"
    assert container.fields("memory")["granted"] == str(64 << 20)


def test_small_and_soon_there(start, record_property):
    container = start()
    ms = float(container.fields("model")["ms"])
    for _ in range(100):
        container.ask(PREDICT, PIXELS)
    resident = int(container.status("VmHWM").split()[0]) / 1024
    record_property("load_ms", ms)
    record_property("resident_mib", resident)
    print(f"model loaded and proven in {ms} ms, {resident:.1f} MiB resident at the most")
    assert resident < 32


def test_a_flood_of_bodies_is_refused_and_survived(start):
    """Ten times the memory's worth: some are told 503, none kills the server."""
    container = start("--threads", "1")
    head = f"POST {PREDICT} HTTP/1.1\r\nHost: x\r\nContent-Length: 8000000\r\n\r\n".encode()
    answers = []

    def upload():
        with socket.create_connection(("127.0.0.1", container.port), timeout=30) as s:
            try:
                s.sendall(head + b" " * 7_900_000)
                s.settimeout(2)
                answers.append(s.recv(12))
            except OSError:
                answers.append(b"")

    threads = [threading.Thread(target=upload) for _ in range(80)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers.count(b"HTTP/1.1 503") > 40
    assert container.ask(PREDICT, PIXELS)["predictions"]
    assert container.fields("ready")["port"] == str(container.port)


def test_what_is_too_large_for_the_memory(start):
    container = start()
    with pytest.raises(urllib.error.HTTPError) as refused:
        container.ask(PREDICT, b" " * (9 << 20))
    assert refused.value.code == 413


def test_batch(runnable, tmp_path):
    """One index of a Job: input that it may only read, output that it may write."""
    images, out = tmp_path / "in", tmp_path / "out"
    images.mkdir()
    out.mkdir(mode=0o777)
    out.chmod(0o777)
    header = b"".join(n.to_bytes(4, "big") for n in (0x803, 10, 28, 28))
    (images / "images.idx").write_bytes(header + bytes(range(256)) * 30 + bytes(160))
    done = podman(
        *("run", "--rm", *LIMITS, "--volume", f"{images}:/input:ro", "--volume", f"{out}:/output"),
        *("--env", "JOB_COMPLETION_INDEX=1", "--env", "JOB_COMPLETIONS=3"),
        *("--rootfs", runnable, "/usr/bin/digitd", "batch"),
        *("--images=/input/images.idx", "--out=/output/results.jsonl"),
    )
    assert done.stdout == ""
    lines = (out / "results-00001-of-00003.jsonl").read_text().splitlines()
    assert [json.loads(line)["index"] for line in lines] == [1, 4, 7]
