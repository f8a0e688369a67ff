"""Servers that are away, slow or elsewhere."""

import contextlib
import json
import re
import threading
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from digitd import Server, check_end
from paper import template

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
expect = sync_api.expect

PREFIX = "/team/digits/"


class Proxy(BaseHTTPRequestHandler):
    """Serves what is below PREFIX from the server's root, and nothing else."""

    port = None
    protocol_version = "HTTP/1.1"

    def relay(self):
        if not self.path.startswith(PREFIX):
            self.send_error(404)
            return
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        upstream = HTTPConnection("127.0.0.1", self.port)
        kept = ("Accept", "Content-Type")
        headers = {name: self.headers[name] for name in kept if name in self.headers}
        upstream.request(self.command, "/" + self.path[len(PREFIX) :], body or None, headers)
        answer = upstream.getresponse()
        content = answer.read()
        self.send_response(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in (
                "connection",
                "date",
                "server",
                "transfer-encoding",
                "content-length",
            ):
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)
        upstream.close()

    do_GET = do_POST = relay

    def log_message(self, *_):
        pass


@pytest.fixture
def prefixed(server):
    handler = type("Relay", (Proxy,), {"port": server.port})
    proxy = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=proxy.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{proxy.server_port}{PREFIX}"
    proxy.shutdown()
    proxy.server_close()


def test_the_page_works_below_a_path_prefix(open_page, prefixed):
    paper = open_page(prefixed)
    paper.draw(template(7, "plain"))
    assert paper.digit() == "7"
    assert prefixed + "v1/models/mnist:predict" in paper.text("curl")


def test_a_server_that_goes_away_is_missed_and_found_again(open_page):
    first = Server()
    paper = open_page(first.url, trouble=True)
    stem, bar = template(4, "pen lifted")
    paper.draw([stem])
    paper.settle()
    check_end(first)
    paper.draw([bar])
    expect(paper.page.locator("#detail")).to_contain_text("cannot be reached")
    assert paper.page.locator("body").get_attribute("data-digit") == ""
    second = Server("--port", str(first.port))
    expect(paper.page.locator("body")).to_have_attribute("data-digit", "4")
    check_end(second)


def test_the_servers_own_sentence_is_shown(open_page, server):
    paper = open_page(server.url, trouble=True)
    sentence = "the picture is 5000 x 5000 pixels; it may have at most 4096 each way"
    paper.page.route(
        re.compile(":predict$"),
        lambda route: route.fulfill(status=400, body=json.dumps({"error": sentence})),
    )
    paper.draw(template(1))
    expect(paper.page.locator("#detail")).to_have_text(sentence)


def test_a_slow_answer_to_a_cleared_drawing_is_not_shown(open_page, server):
    paper = open_page(server.url)
    held = []
    paper.page.route(re.compile(":predict$"), lambda route: held.append(route))
    paper.draw(template(7, "plain"))
    expect(paper.page.locator("#headline")).to_have_text("A dot so far")
    paper.page.locator("#clear").click()
    (route,) = held
    with contextlib.suppress(sync_api.Error):  # the page may have hung up
        route.continue_()
    paper.page.wait_for_timeout(300)
    assert paper.page.locator("body").get_attribute("data-digit") == ""
    assert paper.text("headline") == "Nothing yet"


def test_the_answer_is_told_to_screen_readers_once_it_is_settled(open_page, server):
    paper = open_page(server.url)
    live = paper.page.locator("#live")
    assert live.get_attribute("role") == "status"
    paper.draw(template(7, "plain"))
    expect(live).to_have_text(re.compile(r"^7\. .*%"))
    paper.page.locator("#clear").click()
    expect(live).to_be_empty()
