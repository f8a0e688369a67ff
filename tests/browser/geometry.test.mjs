import assert from "node:assert/strict";
import test from "node:test";

import * as geometry from "../../web/geometry.js";

const { BRUSH, PICTURE_INK, PICTURE_SIDE, boxOf, brushFor, clampToSheet, isDot, placement } = geometry;

const near = (a, b) => assert.ok(Math.abs(a - b) < 1e-9, `${a} is not ${b}`);
const place = ({ scale, left, top }, { x, y }) => ({ x: x * scale + left, y: y * scale + top });

test("a box holds every point of every stroke", () => {
  const strokes = [[{ x: 0.2, y: 0.5 }, { x: 0.3, y: 0.1 }], [{ x: 0.9, y: 0.4 }]];
  assert.deepEqual(boxOf(strokes), { left: 0.2, top: 0.1, right: 0.9, bottom: 0.5 });
});

test("no ink has no box and no place", () => {
  assert.equal(boxOf([]), null);
  assert.equal(placement([]), null);
});

test("the whole pen stays on the sheet", () => {
  assert.deepEqual(clampToSheet({ x: -1, y: 2 }), { x: BRUSH / 2, y: 1 - BRUSH / 2 });
  assert.deepEqual(clampToSheet({ x: 0.5, y: 0.25 }), { x: 0.5, y: 0.25 });
});

test("a large drawing keeps the pen of the sheet", () => {
  assert.equal(brushFor(0.8), BRUSH);
});

test("a small drawing gets a pen of 11 to 12 percent of its ink", () => {
  for (const side of [0.1, 0.25, 0.5]) {
    const brush = brushFor(side);
    const share = brush / (side + brush);
    assert.ok(share > 0.11 && share < 0.12, `${side}: ${share}`);
  }
});

test("a tap is a dot; anything longer is not, and two taps are not", () => {
  const point = { x: 0.4, y: 0.6 };
  assert.ok(isDot([[point]]));
  assert.ok(isDot([[point, { x: 0.41, y: 0.61 }]]));
  assert.ok(!isDot([[point, { x: 0.5, y: 0.6 }]]));
  assert.ok(!isDot([[point], [{ x: 0.4, y: 0.1 }]]));
  assert.ok(!isDot([]));
});

test("a single point has a place too", () => {
  const { scale, left, top, brush } = placement([[{ x: 0.4, y: 0.6 }]]);
  near(brush, PICTURE_INK);
  near(0.4 * scale + left, PICTURE_SIDE / 2);
  near(0.6 * scale + top, PICTURE_SIDE / 2);
});

test("ink fills its part of the picture and is centred, wherever it was drawn", () => {
  for (const [x, y, size] of [[0.1, 0.1, 0.8], [0.7, 0.05, 0.12], [0.05, 0.6, 0.3]]) {
    const strokes = [[{ x, y }, { x: x + size / 2, y: y + size }]];
    const where = placement(strokes);
    const top = place(where, strokes[0][0]);
    const bottom = place(where, strokes[0][1]);
    near(bottom.y - top.y + where.brush, PICTURE_INK);
    near((top.y + bottom.y) / 2, PICTURE_SIDE / 2);
    near((top.x + bottom.x) / 2, PICTURE_SIDE / 2);
  }
});

test("size and place on the sheet do not change the picture of a small drawing", () => {
  const shape = [[{ x: 0, y: 0 }, { x: 0.5, y: 0 }, { x: 0.2, y: 1 }]];
  const at = (left, top, size) =>
    shape.map((stroke) => stroke.map(({ x, y }) => ({ x: left + x * size, y: top + y * size })));
  const small = at(0.6, 0.1, 0.15);
  const medium = at(0.1, 0.3, 0.5);
  near(placement(small).brush, placement(medium).brush);
  shape[0].forEach((_, i) => {
    const a = place(placement(small), small[0][i]);
    const b = place(placement(medium), medium[0][i]);
    near(a.x, b.x);
    near(a.y, b.y);
  });
});
