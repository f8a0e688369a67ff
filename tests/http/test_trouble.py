"""What goes wrong is in the log: once in a while, however often it does."""

import http.client
import json
import os
import re
import resource
import subprocess
import time
from pathlib import Path

from conftest import v2_body, wait_for
from digitd import PROGRAM

INFER = "/v2/models/mnist/infer"


def cpu_s(pid):
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def test_no_descriptor_left(start):
    """Who comes then waits; nothing spins, one line says so, and all is well afterwards."""
    server = start("--threads", "1")
    pid = server.process.pid
    used = len(list(Path(f"/proc/{pid}/fd").iterdir()))
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (used + 4, used + 4))
    some = [server.connect() for _ in range(20)]
    before = cpu_s(pid)
    assert wait_for(lambda: "event=connections-wait" in server.logged())
    time.sleep(0.5)
    assert cpu_s(pid) - before < 0.2
    for s in some:
        s.close()
    assert server.get("/v2/health/live").status == 200
    assert server.logged().count('event=connections-wait reason="Too many open files"') == 1


def test_what_fails_is_in_the_log(start):
    """Once in a while, however often it does; and a client's own mistakes are not."""
    server = start()
    body = json.loads(v2_body())
    for _ in range(5):
        late = server.request("POST", INFER, json.dumps({**body, "parameters": {"timeout": 1}}))
        assert late.status == 503
        assert server.request("POST", INFER, "{}").status == 400
    logged = server.logged()
    assert logged.count("level=warn event=requests-failed") == 1
    assert "503" in logged
    assert "timeout of 1 us" in logged
    assert "times=1" in logged


def test_who_reads_the_log_may_stop():
    """Requests are answered all the same, and the end comes; what was lost is counted."""
    process = subprocess.Popen(
        [PROGRAM, "serve", "--port", "0", "--access-log", "--drain-delay", "0"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        port = int(process.stdout.readline().rpartition(":")[2])
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)

        def ask(times):
            for _ in range(times):
                connection.request("GET", "/v2/" + "x" * 600)
                assert connection.getresponse().read()

        ask(300)
        read = os.read(process.stderr.fileno(), 1 << 20).decode()
        ask(1)
        connection.close()
        process.terminate()
        assert process.wait(20) == 0
        read += process.stderr.read()
    finally:
        process.kill()
        process.stdout.close()
        process.stderr.close()
    kept = read.count("event=request ")
    assert kept < 300
    assert sum(map(int, re.findall("event=log-lost lines=([0-9]+)", read))) == 301 - kept
    assert "event=stopped" in read
