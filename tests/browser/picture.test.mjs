import assert from "node:assert/strict";
import test from "node:test";

import { groundOf } from "../../web/picture.js";

const CLEAR = [0, 0, 0, 0];

// One pixel of ink among so many of something else.
const picture = (ink, other, count) => Uint8ClampedArray.from([ink, ...Array(count).fill(other)].flat());

test("what is transparent is white paper, unless the drawing is white", () => {
  assert.equal(groundOf(picture([0, 0, 0, 255], CLEAR, 9)), "#fff");
  assert.equal(groundOf(picture([255, 255, 255, 255], CLEAR, 9)), "#000");
  assert.equal(groundOf(picture([250, 220, 60, 255], CLEAR, 9)), "#fff");
});

test("a photograph is opaque: nothing is behind it", () => {
  assert.equal(groundOf(picture([0, 0, 0, 255], [255, 255, 255, 255], 9)), "#fff");
});

test("white paper with corners cut off is no drawing in white", () => {
  assert.equal(groundOf(picture(CLEAR, [255, 255, 255, 255], 3)), "#fff");
});

test("where there is nothing it does not matter", () => {
  assert.equal(groundOf(picture(CLEAR, CLEAR, 3)), "#fff");
});
