import assert from "node:assert/strict";
import test from "node:test";

import { buttonOf } from "../../web/shortcuts.js";

test("letters press buttons, unless they are switched off", () => {
  const pressed = { z: "undo", n: "number", N: "number", w: "why", c: "camera", o: "choose", x: undefined };
  for (const [key, name] of Object.entries(pressed)) {
    assert.equal(buttonOf({ key }, true), name);
    assert.equal(buttonOf({ key }, false), undefined);
  }
  assert.equal(buttonOf({ key: "Z", shiftKey: true }, true), "redo");
});

test("what every program has stays", () => {
  assert.equal(buttonOf({ key: "z", ctrlKey: true }, false), "undo");
  assert.equal(buttonOf({ key: "Z", metaKey: true, shiftKey: true }, false), "redo");
  assert.equal(buttonOf({ key: "y", ctrlKey: true }, false), "redo");
  assert.equal(buttonOf({ key: "Escape" }, false), "clear");
  assert.equal(buttonOf({ key: "Delete" }, false), "clear");
});

test("the browser keeps its own", () => {
  for (const key of ["n", "w", "c", "o"]) {
    assert.equal(buttonOf({ key, ctrlKey: true }, true), undefined);
    assert.equal(buttonOf({ key, metaKey: true }, true), undefined);
  }
  assert.equal(buttonOf({ key: "z", altKey: true }, true), undefined);
});

test("a key that is held down goes on undoing, and switches once", () => {
  assert.equal(buttonOf({ key: "z", repeat: true }, true), "undo");
  assert.equal(buttonOf({ key: "n", repeat: true }, true), undefined);
});
