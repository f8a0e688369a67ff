"""What goes wrong is in the log: once in a while, however often it does."""

import json
import os
import resource
import time
from pathlib import Path

from conftest import v2_body, wait_for

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
