"""Debian's Firefox, driven through its own remote protocol (Marionette: WebDriver's commands as
JSON on a socket), since Playwright's Firefox is another one."""

import json
import re
import socket
import subprocess
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

START_S = 60
VIEW = "return [innerWidth, innerHeight, devicePixelRatio]"
FLAGS = ["--headless", "--marionette", "--remote-allow-system-access"]
PREFERENCES = {
    "app.update.enabled": False,
    "browser.shell.checkDefaultBrowser": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "dom.w3c_touch_events.enabled": 1,
    "marionette.port": 0,
    "media.navigator.permission.disabled": True,
    "media.navigator.streams.fake": True,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "toolkit.telemetry.reportingpolicy.firstRun": False,
}

PHONE = """
const [width, height, density] = arguments;
const browser = Services.wm.getMostRecentWindow("navigator:browser").gBrowser.selectedBrowser;
for (const [name, length] of Object.entries({ width, height }))
  for (const limit of ["", "min-", "max-"])
    browser.style.setProperty(limit + name, length ? `${length}px` : "");
browser.browsingContext.touchEventsOverride = width ? "enabled" : "none";
browser.browsingContext.overrideDPPX = density;
"""


class Firefox:
    """One browser without a screen."""

    def __init__(self, path, width=1280, height=900):
        self.profile = tempfile.TemporaryDirectory()
        lines = [f"user_pref({json.dumps(k)}, {json.dumps(v)});" for k, v in PREFERENCES.items()]
        (Path(self.profile.name) / "user.js").write_text("\n".join(lines), encoding="utf-8")
        size = ["--width", str(width), "--height", str(height)]
        self.process = subprocess.Popen(
            [path, *FLAGS, "--profile", self.profile.name, *size],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self.count = 0
        self.socket = socket.create_connection(("127.0.0.1", self._port()), timeout=START_S)
        self.kept = b""
        self._read()
        self.send("WebDriver:NewSession", {})

    def _port(self):
        """The one that it chose: it writes it into its preferences."""
        active = Path(self.profile.name) / "MarionetteActivePort"
        end = time.monotonic() + START_S
        while time.monotonic() < end:
            if active.exists() and re.fullmatch(r"\d+", active.read_text().strip()):
                return int(active.read_text())
            assert self.process.poll() is None, "Firefox has ended"
            time.sleep(0.1)
        raise AssertionError("Firefox does not say where it listens")

    def _read(self):
        while b":" not in self.kept:
            self.kept += self.socket.recv(65536)
        length, _, rest = self.kept.partition(b":")
        while len(rest) < int(length):
            rest += self.socket.recv(65536)
        self.kept = rest[int(length) :]
        return json.loads(rest[: int(length)])

    def send(self, command, parameters):
        self.count += 1
        message = json.dumps([0, self.count, command, parameters]).encode()
        self.socket.sendall(str(len(message)).encode() + b":" + message)
        _, _, error, result = self._read()
        assert error is None, error
        return result

    def open(self, url):
        self.send("WebDriver:Navigate", {"url": url})

    def run(self, script, *arguments):
        """The value of a function's body in the page."""
        return self.send(
            "WebDriver:ExecuteScript",
            {"script": script, "args": list(arguments), "newSandbox": False, "sandbox": None},
        )["value"]

    def wait(self, script):
        """The same of what a promise in the page becomes."""
        waiting = f"const [done] = arguments; (async () => {{ {script} }})().then(done);"
        parameters = {"script": waiting, "args": [], "newSandbox": False, "sandbox": None}
        return self.send("WebDriver:ExecuteAsyncScript", parameters)["value"]

    def inside(self, script, *arguments):
        """The value of a function's body in the browser itself."""
        self.send("Marionette:SetContext", {"value": "chrome"})
        try:
            return self.run(script, *arguments)
        finally:
            self.send("Marionette:SetContext", {"value": "content"})

    @contextmanager
    def phone(self, width, height, density):
        """A small touch screen, as the browser's own responsive design mode makes one, and the
        window again after it."""
        window = self.run(VIEW)
        self.inside(PHONE, width, height, density)
        try:
            self._has_view([width, height, density])
            yield
        finally:
            self.inside(PHONE, 0, 0, 0)
            self._has_view(window)

    def _has_view(self, view):
        """The page hears of its size later than the browser."""
        end = time.monotonic() + START_S
        while (now := self.run(VIEW)) != view:
            assert time.monotonic() < end, f"the page has the size {now}, not {view}"
            time.sleep(0.02)

    def set(self, name, value):
        """A preference; None is the default."""
        self.inside(
            """const [name, value] = arguments;
            if (value === null) Services.prefs.clearUserPref(name);
            else if (typeof value === "boolean") Services.prefs.setBoolPref(name, value);
            else Services.prefs.setIntPref(name, value);""",
            name,
            value,
        )

    def act(self, *sources):
        """Input as WebDriver describes it: lists of actions, one for each device."""
        self.send("WebDriver:PerformActions", {"actions": list(sources)})

    def press(self, *keys):
        actions = [{"type": kind, "value": key} for key in keys for kind in ("keyDown", "keyUp")]
        self.act({"type": "key", "id": "keys", "actions": actions})

    def draw(self, strokes, kind="mouse"):
        """Strokes of points from 0 to 1 on the sheet."""
        left, top, side = self.run(
            "const { left, top, width } = document.getElementById('sheet').getBoundingClientRect();"
            "return [left, top, width];"
        )
        actions = []
        for stroke in strokes:
            places = [(round(left + x * side), round(top + y * side)) for x, y in stroke]
            moves = [{"type": "pointerMove", "x": x, "y": y, "duration": 0} for x, y in places]
            actions += [moves[0], {"type": "pointerDown", "button": 0}, *moves[1:]]
            actions.append({"type": "pointerUp", "button": 0})
        pointer = {"pointerType": kind}
        self.act({"type": "pointer", "id": kind, "parameters": pointer, "actions": actions})

    def close(self):
        try:
            self.send("Marionette:Quit", {"flags": ["eForceQuit"]})
            self.process.wait(20)
        except (OSError, AssertionError, subprocess.TimeoutExpired):
            self.process.kill()
            self.process.wait()
        self.socket.close()
        self.profile.cleanup()
