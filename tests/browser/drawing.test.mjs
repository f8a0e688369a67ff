import assert from "node:assert/strict";
import test from "node:test";

import { Drawing } from "../../web/drawing.js";

const POINT = { x: 0.5, y: 0.5 };
const OTHER = { x: 0.6, y: 0.6 };

test("undo and redo walk through strokes and clears", () => {
  const drawing = new Drawing();
  drawing.begin(POINT);
  drawing.begin(OTHER);
  drawing.clear();
  assert.ok(drawing.isEmpty);
  drawing.undo();
  assert.equal(drawing.strokes.length, 2);
  drawing.undo();
  drawing.undo();
  assert.ok(drawing.isEmpty && !drawing.canUndo && drawing.canRedo);
  drawing.redo();
  assert.deepEqual(drawing.strokes, [[POINT]]);
  drawing.redo();
  drawing.redo();
  assert.ok(drawing.isEmpty && !drawing.canRedo);
});

test("nothing to undo, redo or clear is no error and no change", () => {
  const drawing = new Drawing();
  let changes = 0;
  drawing.addEventListener("change", () => changes++);
  drawing.undo();
  drawing.redo();
  drawing.clear();
  assert.equal(changes, 0);
  assert.ok(!drawing.canUndo && !drawing.canRedo);
});

test("a new stroke ends what could be redone", () => {
  const drawing = new Drawing();
  drawing.begin(POINT);
  drawing.undo();
  drawing.begin(OTHER);
  assert.ok(!drawing.canRedo);
  assert.deepEqual(drawing.strokes, [[OTHER]]);
});

test("a stroke undone while it is drawn stays undone, and comes back whole", () => {
  const drawing = new Drawing();
  const stroke = drawing.begin(POINT);
  drawing.undo();
  drawing.extend(stroke, [OTHER]);
  assert.ok(drawing.isEmpty);
  drawing.redo();
  assert.deepEqual(drawing.strokes, [[POINT, OTHER]]);
});

test("a forgotten stroke leaves no trace in the history", () => {
  const drawing = new Drawing();
  drawing.begin(POINT);
  drawing.forget(drawing.begin(OTHER));
  assert.deepEqual(drawing.strokes, [[POINT]]);
  assert.ok(!drawing.canRedo);
  drawing.undo();
  assert.ok(drawing.isEmpty && !drawing.canUndo);
});

test("a picture takes the place of strokes, and gives it back", () => {
  const drawing = new Drawing();
  const picture = { width: 1, height: 1 };
  drawing.begin(POINT);
  drawing.put(picture);
  assert.equal(drawing.picture, picture);
  assert.ok(drawing.strokes.length === 0 && !drawing.isEmpty);
  drawing.begin(OTHER);
  assert.equal(drawing.picture, null);
  assert.deepEqual(drawing.strokes, [[OTHER]]);
  drawing.undo();
  assert.equal(drawing.picture, picture);
  drawing.undo();
  assert.deepEqual(drawing.strokes, [[POINT]]);
  drawing.redo();
  drawing.clear();
  assert.ok(drawing.isEmpty && drawing.picture === null);
});
