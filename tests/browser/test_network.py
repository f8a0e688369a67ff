"""Servers that are away, slow or elsewhere."""

import base64
import contextlib
import json
import re

import pytest
from digitd import Server, check_end
from paper import template
from relay import relay

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
expect = sync_api.expect


def test_the_page_works_below_a_path_prefix(open_page, server):
    with relay(server, prefix="/team/digits/") as url:
        paper = open_page(url)
        paper.draw(template(7, "plain"))
        assert paper.digit() == "7"
        assert url + "v1/models/mnist:predict" in paper.text("curl")


def test_the_page_works_behind_a_proxy_that_asks_who_is_there(open_page, server):
    known = "Basic " + base64.b64encode(b"ada:lovelace").decode()
    with relay(server, password=known) as url:
        who = {"username": "ada", "password": "lovelace"}
        paper = open_page(url, http_credentials=who, trouble=True)  # the first 401 is logged
        paper.draw(template(7, "plain"))
        assert paper.digit() == "7"
        paper.page.locator("#service summary").click()
        expect(paper.page.locator("#models")).to_have_text("mnist, version 1: ready")


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


def test_once_loaded_the_page_needs_no_network_but_for_answers(open_page, server):
    paper = open_page(server.url, trouble=True)
    paper.page.context.set_offline(True)
    paper.draw(template(7, "plain"))
    expect(paper.page.locator("#detail")).to_contain_text("cannot be reached")
    paper.page.keyboard.press("w")
    paper.page.keyboard.press("c")
    expect(paper.page.get_by_role("dialog")).to_be_visible()
    paper.page.keyboard.press("Escape")
    expect(paper.page.get_by_role("dialog")).to_be_hidden()
    paper.page.context.set_offline(False)
    expect(paper.page.locator("body")).to_have_attribute("data-digit", "7")


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
    while not held:
        paper.page.wait_for_timeout(20)
    expect(paper.page.locator("#headline")).to_have_text("Reading")
    paper.page.locator("#clear").click()
    (route,) = held  # one is asked at a time
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
