"""The page under a test's hands: drawing on it and reading it."""

import json
import os
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]
TEMPLATES = json.loads((ROOT / "model" / "train" / "templates.json").read_text(encoding="utf-8"))
SHOTS = Path(os.environ.get("DIGITD_BUILD", ROOT / "build")) / "screenshots"

# A screen's worth of room around the template's 0 to 100.
MARGIN = 0.18
PATIENCE_S = 30

# Counts what the page has asked for and not yet read. What it is about to ask for, it asks in the
# next frame.
WATCH = """
window.asked = 0;
const plainFetch = window.fetch.bind(window);
window.fetch = async (...request) => {
  window.asked++;
  try {
    const response = await plainFetch(...request);
    const { status, headers } = response;
    const body = status === 204 ? null : await response.arrayBuffer();
    return new Response(body, { status, headers });
  } finally {
    window.asked--;
  }
};
"""
SETTLE = """
async (patience) => {
  const end = performance.now() + patience;
  for (let quiet = 0; quiet < 3; quiet = window.asked ? 0 : quiet + 1) {
    await new Promise(requestAnimationFrame);
    if (performance.now() > end) return false;
  }
  return true;
}
"""


def template(digit, style=None):
    """The strokes of one way to write a digit, as points from 0 to 1."""
    found = next(
        shape for shape in TEMPLATES if shape["label"] == digit and style in (None, shape["style"])
    )
    return [[(x / 100, y / 100) for x, y in stroke] for stroke in found["strokes"]]


class Paper:
    """A page with the sheet on it. `asked` counts the predictions under way."""

    def __init__(self, page):
        self.page = page
        self.asked = 0
        self.predictions = 0
        page.add_init_script(WATCH)
        page.on("request", lambda request: self._count(request, 1))
        page.on("requestfinished", lambda request: self._count(request, -1))
        page.on("requestfailed", lambda request: self._count(request, -1))

    def _count(self, request, change):
        if request.method == "POST":
            self.asked += change
            self.predictions += max(change, 0)

    def points(self, stroke, margin=MARGIN):
        """Where points from 0 to 1 are on the screen."""
        box = self.page.locator("#sheet").bounding_box()
        room = 1 - 2 * margin
        return [
            (
                box["x"] + box["width"] * (margin + x * room),
                box["y"] + box["height"] * (margin + y * room),
            )
            for x, y in stroke
        ]

    def draw(self, strokes, margin=MARGIN):
        """With the mouse."""
        mouse = self.page.mouse
        for stroke in strokes:
            (x, y), *rest = self.points(stroke, margin)
            mouse.move(x, y)
            mouse.down()
            for x, y in rest:
                mouse.move(x, y)
            mouse.up()

    def write(self, number):
        """Side by side, each digit in its part of the sheet."""
        part = 1 / len(number)
        for i, digit in enumerate(number):
            strokes = [
                [((i + 0.2 + 0.6 * x) * part, 0.5 + (y - 0.5) * 0.9 * part) for x, y in stroke]
                for stroke in template(int(digit))
            ]
            self.draw(strokes, margin=0.02)

    def settle(self):
        """Waits until the last answer is on the page."""
        assert self.page.evaluate(SETTLE, 1000 * PATIENCE_S), "the page is asking without end"

    def rest(self):
        """Waits until nothing moves any more."""
        self.page.evaluate(
            "() => Promise.all(document.getAnimations().map(({ finished }) => finished))"
        )

    def until(self, condition):
        """Waits for a condition in the page. Not wait_for_function(), which the page's policy
        forbids once it has to look twice."""
        deadline = time.monotonic() + PATIENCE_S
        while not self.page.evaluate(condition):
            assert time.monotonic() < deadline, condition
            self.page.wait_for_timeout(20)

    def keep(self, name):
        """A picture of the whole page, for people to look at."""
        SHOTS.mkdir(exist_ok=True)
        self.page.screenshot(path=SHOTS / f"{name}.png", full_page=True)

    def digit(self):
        """The digit that the page shows, once it has settled; "" for none."""
        self.settle()
        return self.page.locator("body").get_attribute("data-digit")

    def text(self, name):
        return self.page.locator(f"#{name}").inner_text()
