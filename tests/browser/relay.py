"""Something between a browser and the server: a proxy below a path, or a slow network."""

import contextlib
import threading
import time
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

HOP_BY_HOP = ("connection", "date", "server", "transfer-encoding", "content-length")


class Handler(BaseHTTPRequestHandler):
    """Serves what is below `prefix` from the server's root, after `delay` seconds, and nothing
    else; with `password`, only to who knows it."""

    port = None
    prefix = "/"
    delay = 0
    password = None
    protocol_version = "HTTP/1.1"

    def is_welcome(self):
        if self.password and self.headers.get("Authorization") != self.password:
            self.send_response(401)
            self.send_header("WWW-Authenticate", 'Basic realm="digits"')
            self.send_header("Content-Length", "0")
            self.end_headers()
            return False
        if not self.path.startswith(self.prefix):
            self.send_error(404)
            return False
        return True

    def relay(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if not self.is_welcome():
            return
        time.sleep(self.delay)
        upstream = HTTPConnection("127.0.0.1", self.port)
        kept = ("Accept", "Content-Type")
        headers = {name: self.headers[name] for name in kept if name in self.headers}
        path = "/" + self.path[len(self.prefix) :]
        upstream.request(self.command, path, body or None, headers)
        answer = upstream.getresponse()
        content = answer.read()
        with contextlib.suppress(OSError):  # the page may have hung up
            self.send_response(answer.status)
            for name, value in answer.getheaders():
                if name.lower() not in HOP_BY_HOP:
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)
        upstream.close()

    do_GET = do_POST = relay

    def log_message(self, *_):
        pass


@contextlib.contextmanager
def relay(server, **how):
    """The address at which `server` is reached through one."""
    handler = type("Relay", (Handler,), {"port": server.port, **how})
    proxy = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    proxy.daemon_threads = True
    threading.Thread(target=proxy.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{proxy.server_port}{handler.prefix}"
    finally:
        proxy.shutdown()
        proxy.server_close()
