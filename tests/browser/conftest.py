"""A browser on the page of the real server."""

import shutil
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from paper import PATIENCE_S, Paper

sys.path[:0] = [str(Path(__file__).resolve().parents[1] / name) for name in ("", "http")]

from digitd import Server, check_end  # noqa: E402

CHROMIUM_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

# Kept by the page: what a strict policy would otherwise only whisper to the console.
WATCH_POLICY = """
window.violations = [];
addEventListener("securitypolicyviolation", (event) =>
  window.violations.push(`${event.violatedDirective}: ${event.blockedURI}`));
"""


def pytest_configure(config):
    config.addinivalue_line("markers", "slow: left out under sanitizers")


@pytest.fixture(scope="session")
def server():
    one = Server()
    yield one
    check_end(one)


@pytest.fixture(scope="session")
def launch():
    """Starts Chromium with further flags."""
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    sync_api.expect.set_options(timeout=1000 * PATIENCE_S)
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if not path:
        pytest.skip("chromium is not installed")
    with sync_api.sync_playwright() as playwright:
        yield lambda *flags: playwright.chromium.launch(
            executable_path=path, args=[*CHROMIUM_FLAGS, *flags]
        )


@pytest.fixture(scope="session")
def browser(launch):
    browser = launch()
    yield browser
    browser.close()


@pytest.fixture
def open_page(browser):
    """Opens pages, and at the end checks that nothing went wrong in the background: no error in
    the console, no policy violated, no other host asked. `trouble` says that a test breaks the
    network on purpose."""
    opened = []

    def open_(url, trouble=False, **options):
        context = browser.new_context(**options)
        page = context.new_page()
        errors = []
        hosts = set()
        page.add_init_script(WATCH_POLICY)
        page.on(
            "console",
            lambda message: errors.append(message.text) if message.type == "error" else None,
        )
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("request", lambda request: hosts.add(urlsplit(request.url).netloc))
        opened.append((context, page, errors, hosts, url, trouble))
        paper = Paper(page)
        page.goto(url)
        return paper

    yield open_
    for context, page, errors, hosts, url, trouble in opened:
        violations = page.evaluate("window.violations ?? []")
        context.close()
        assert violations == []
        assert hosts - {urlsplit(url).netloc, ""} == set()
        assert trouble or errors == []


@pytest.fixture
def paper(open_page, server):
    """The page on a desk."""
    return open_page(server.url, viewport={"width": 1280, "height": 800})
