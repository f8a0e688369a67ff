// Where ink goes. Strokes are lists of points {x, y} in units of the sheet's side: 0 to 1, y down.

// The pen's width on the sheet.
export const BRUSH = 0.09;

// The picture that is sent: a square, in pixels, and the ink's long side inside it. The server
// averages the ink down to 20 pixels; a whole multiple of that loses nothing.
export const PICTURE_SIDE = 96;
export const PICTURE_INK = 80;

// The pen's share of the ink's long side. A small drawing under a wide pen is a blob to the
// network, so above this it is drawn again with a finer one.
const BRUSH_SHARE = 0.115;

// Points that span less than this are a tap: a dot has no shape to read.
const DOT = BRUSH / 2;

// Keeps a point where the whole pen is on the sheet.
export function clampToSheet({ x, y }) {
  const clamp = (value) => Math.min(Math.max(value, BRUSH / 2), 1 - BRUSH / 2);
  return { x: clamp(x), y: clamp(y) };
}

// The box of the points themselves, without the pen's width; null if there are none.
export function boxOf(strokes) {
  const points = strokes.flat();
  if (points.length === 0) return null;
  const box = { left: Infinity, top: Infinity, right: -Infinity, bottom: -Infinity };
  for (const { x, y } of points) {
    box.left = Math.min(box.left, x);
    box.top = Math.min(box.top, y);
    box.right = Math.max(box.right, x);
    box.bottom = Math.max(box.bottom, y);
  }
  return box;
}

function longSide(box) {
  return Math.max(box.right - box.left, box.bottom - box.top);
}

// Whether all ink is one dot.
export function isDot(strokes) {
  const box = boxOf(strokes);
  return box !== null && longSide(box) < DOT;
}

// The pen's width for a drawing whose points span `side`.
export function brushFor(side) {
  return side > 0 ? Math.min(BRUSH, (side * BRUSH_SHARE) / (1 - BRUSH_SHARE)) : BRUSH;
}

// How to put a drawing into the picture: a point goes to (x * scale + left, y * scale + top), the
// pen is `brush` pixels wide. Null without ink.
export function placement(strokes) {
  const box = boxOf(strokes);
  if (!box) return null;
  const side = longSide(box);
  const brush = brushFor(side);
  const scale = PICTURE_INK / (side + brush);
  return {
    scale,
    left: PICTURE_SIDE / 2 - ((box.left + box.right) / 2) * scale,
    top: PICTURE_SIDE / 2 - ((box.top + box.bottom) / 2) * scale,
    brush: brush * scale,
  };
}
