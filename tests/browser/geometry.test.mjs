import assert from "node:assert/strict";
import test from "node:test";

import * as geometry from "../../web/geometry.js";

const { BRUSH, SIDE, boxOf, boxesOnSheet, clampToSheet, fitPicture, frameOf, inkBox, isDot, pointsOf, widthAt } =
  geometry;

const near = (a, b) => assert.ok(Math.abs(a - b) < 1e-9, `${a} is not ${b}`);

test("a box holds every point of every stroke", () => {
  const strokes = [[{ x: 0.2, y: 0.5 }, { x: 0.3, y: 0.1 }], [{ x: 0.9, y: 0.4 }]];
  assert.deepEqual(boxOf(strokes), { left: 0.2, top: 0.1, right: 0.9, bottom: 0.5 });
  assert.equal(boxOf([]), null);
});

test("the whole pen stays on the sheet, as hard as it was pressed", () => {
  assert.deepEqual(clampToSheet({ x: -1, y: 2 }), { x: BRUSH / 2, y: 1 - BRUSH / 2 });
  assert.deepEqual(clampToSheet({ x: 0.5, y: 0.25, pressure: 0.1 }), { x: 0.5, y: 0.25, pressure: 0.1 });
});

test("a pen that is pressed harder is wider; a mouse has the usual pen", () => {
  near(widthAt(), BRUSH);
  assert.ok(widthAt(0) > 0 && widthAt(0) < widthAt(0.5) && widthAt(0.5) < widthAt(1));
});

test("a tap is a dot; anything longer is not, and two taps are not", () => {
  const point = { x: 0.4, y: 0.6 };
  assert.ok(isDot([[point]]));
  assert.ok(isDot([[point, { x: 0.41, y: 0.61 }]]));
  assert.ok(!isDot([[point, { x: 0.5, y: 0.6 }]]));
  assert.ok(!isDot([[point], [{ x: 0.4, y: 0.1 }]]));
  assert.ok(!isDot([]));
});

test("points are sent in thousandths of the sheet", () => {
  assert.deepEqual(pointsOf([[{ x: 0.12345, y: 1, pressure: 0.5 }], [{ x: 0, y: 0.5 }]]), [[[123.5, 1000]], [[0, 500]]]);
});

test("a picture lies in the middle, as large as fits", () => {
  assert.deepEqual(fitPicture({ width: 200, height: 100 }), { scale: 1 / 200, left: 0, top: 0.25 });
  assert.deepEqual(fitPicture({ width: 10, height: 40 }), { scale: 1 / 40, left: 0.375, top: 0 });
});

test("a picture's boxes lie on the sheet where the picture does", () => {
  const [box] = boxesOnSheet([[50, 20, 100, 80]], { picture: { width: 200, height: 100 }, strokes: [] });
  assert.deepEqual(box, { left: 0.25, top: 0.35, right: 0.5, bottom: 0.65 });
});

test("boxes of strokes lie around the strokes, whatever the server's pixels are", () => {
  const strokes = [[{ x: 0.2, y: 0.3 }, { x: 0.4, y: 0.7 }], [{ x: 0.6, y: 0.3 }, { x: 0.8, y: 0.7 }]];
  const boxes = boxesOnSheet([[2, 2, 60, 92], [112, 2, 170, 92]], { strokes, picture: null });
  near((boxes[0].left + boxes[1].right) / 2, 0.5);
  near((boxes[0].top + boxes[0].bottom) / 2, 0.5);
  near(boxes[1].right - boxes[0].left, 0.6 + BRUSH);
  assert.ok(boxes[0].right < boxes[1].left);
});

test("the 28x28 picture lies so that its ink is over the ink", () => {
  const ink = { left: 9, top: 5, right: 19, bottom: 25 };
  const { left, top, cell } = frameOf({ left: 0.3, top: 0.2, right: 0.5, bottom: 0.6 }, ink);
  near(cell, 0.02);
  near(left + ink.left * cell, 0.3);
  near(top + ink.bottom * cell, 0.6);
});

test("ink is what is not black", () => {
  const pixels = new Uint8Array(SIDE * SIDE);
  assert.equal(inkBox(pixels), null);
  pixels[5 * SIDE + 7] = 1;
  pixels[20 * SIDE + 9] = 255;
  assert.deepEqual(inkBox(pixels), { left: 7, top: 5, right: 10, bottom: 21 });
});

test("of very many points the server gets some, and where each stroke ends", () => {
  const long = Array.from({ length: 9000 }, (_, i) => ({ x: i / 9000, y: 0.5 }));
  const [thinned, short] = pointsOf([long, long.slice(0, 2)]);
  assert.ok(thinned.length > 2000 && thinned.length < 4100);
  assert.deepEqual(thinned.at(-1), [999.9, 500]);
  assert.equal(short.length, 2);
  assert.equal(pointsOf([long.slice(0, 4000)])[0].length, 4000);
});
