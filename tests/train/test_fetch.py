"""Fetching: what is right stays, what is half there is resumed, what is wrong is refused."""

import hashlib
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

pytest.importorskip("numpy")
from train import fetch as module

CONTENT = bytes(range(256)) * 300
NAME = "file.gz"


@pytest.fixture
def mirrors(monkeypatch: pytest.MonkeyPatch):
    """A broken mirror and a good one; `seen` collects the Range header of each good request."""
    seen: list[str | None] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path.startswith("/gone/"):
                self.send_error(403)
                return
            if self.path.startswith("/wrong/"):
                body, status = b"x" * len(CONTENT), 200
            else:
                asked = self.headers["Range"]
                seen.append(asked)
                start = int(asked[6:-1]) if asked else 0
                body, status = CONTENT[start:], 206 if asked else 200
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    sums = (len(CONTENT), hashlib.sha256(CONTENT).hexdigest())
    monkeypatch.setattr(module, "FILES", {NAME: sums})
    base = f"http://127.0.0.1:{server.server_port}"
    yield base, seen
    server.shutdown()
    server.server_close()


def test_second_mirror_and_resume(tmp_path: Path, mirrors) -> None:
    base, seen = mirrors
    (tmp_path / f"{NAME}.part").write_bytes(CONTENT[:1000])
    source = module.fetch_file(NAME, tmp_path, (f"{base}/gone/", f"{base}/wrong/", f"{base}/good/"))
    assert source == f"{base}/good/"
    assert (tmp_path / NAME).read_bytes() == CONTENT
    assert module.fetch_file(NAME, tmp_path, ()) == "present"
    assert len(seen) == 1


def test_resumes_from_what_is_there(tmp_path: Path, mirrors) -> None:
    base, seen = mirrors
    (tmp_path / f"{NAME}.part").write_bytes(CONTENT[:1000])
    module.fetch_file(NAME, tmp_path, (f"{base}/good/",))
    assert seen == ["bytes=1000-"]
    assert (tmp_path / NAME).read_bytes() == CONTENT


def test_wrong_bytes_are_never_kept(tmp_path: Path, mirrors) -> None:
    base, _ = mirrors
    with pytest.raises(module.FetchError, match="sha256"):
        module.fetch_file(NAME, tmp_path, (f"{base}/wrong/",))
    assert list(tmp_path.iterdir()) == []
