// Where ink goes. Strokes are lists of points {x, y} in units of the sheet's side: 0 to 1, y down.

// The pen's width on the sheet.
export const BRUSH = 0.09;

// The network's picture: its side, and that of the square in it that the ink is fitted to.
export const SIDE = 28;
export const FITTED = 20;

// Points that span less than this are a tap: a dot has no shape to read.
const DOT = BRUSH / 2;

// Keeps a point where the whole pen is on the sheet.
export function clampToSheet(point) {
  const clamp = (value) => Math.min(Math.max(value, BRUSH / 2), 1 - BRUSH / 2);
  return { ...point, x: clamp(point.x), y: clamp(point.y) };
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

// Whether all ink is one dot.
export function isDot(strokes) {
  const box = boxOf(strokes);
  return box !== null && Math.max(box.right - box.left, box.bottom - box.top) < DOT;
}

// The width of a pen that is pressed `pressure` (0 to 1) hard; 0.5 is what a mouse says.
export function widthAt(pressure = 0.5) {
  return BRUSH * (0.7 + 0.6 * pressure);
}

// The server takes twice as many. A fast mouse tells a thousand places a second.
const POINTS_MAX = 4000;

// Strokes as the server takes them: [[[x, y], ..], ..] in thousandths of the sheet; of very many
// points every so manieth, and the last.
export function pointsOf(strokes) {
  const round = (value) => Math.round(value * 1e4) / 10;
  const every = Math.ceil(strokes.flat().length / POINTS_MAX);
  return strokes.map((stroke) =>
    stroke
      .filter((_, i) => i % every === 0 || i === stroke.length - 1)
      .map(({ x, y }) => [round(x), round(y)]),
  );
}

// Where a picture lies on the sheet: as large as fits, in the middle.
export function fitPicture({ width, height }) {
  const scale = 1 / Math.max(width, height);
  return { scale, left: (1 - width * scale) / 2, top: (1 - height * scale) / 2 };
}

// The answers' boxes [left, top, right, bottom] on the sheet. Those of strokes are in pixels of a
// drawing that the server made; all of them together hold what the pen inked.
export function boxesOnSheet(boxes, { strokes, picture }) {
  const all = {
    left: Math.min(...boxes.map((box) => box[0])),
    top: Math.min(...boxes.map((box) => box[1])),
    right: Math.max(...boxes.map((box) => box[2])),
    bottom: Math.max(...boxes.map((box) => box[3])),
  };
  let place;
  if (picture) {
    place = fitPicture(picture);
  } else {
    const points = boxOf(strokes);
    const wide = points.right - points.left;
    const high = points.bottom - points.top;
    // Along its longer side the drawing is scaled; the pen is as wide here as there.
    const [long, pixels] = wide > high ? [wide, all.right - all.left] : [high, all.bottom - all.top];
    const scale = (long + BRUSH) / pixels;
    place = {
      scale,
      left: (points.left + points.right) / 2 - ((all.left + all.right) / 2) * scale,
      top: (points.top + points.bottom) / 2 - ((all.top + all.bottom) / 2) * scale,
    };
  }
  return boxes.map(([left, top, right, bottom]) => ({
    left: left * place.scale + place.left,
    top: top * place.scale + place.top,
    right: right * place.scale + place.left,
    bottom: bottom * place.scale + place.top,
  }));
}

// Where the 28x28 picture lies over an answer's box, so that its ink lies over the ink: `ink` is
// the box of what is not black in it. {left, top, cell}
export function frameOf(box, ink) {
  const long = Math.max(box.right - box.left, box.bottom - box.top);
  const cell = long / FITTED;
  return {
    cell,
    left: (box.left + box.right) / 2 - ((ink.left + ink.right) / 2) * cell,
    top: (box.top + box.bottom) / 2 - ((ink.top + ink.bottom) / 2) * cell,
  };
}

// The box of the pixels [28 * 28] that are ink; null if none is.
export function inkBox(pixels) {
  const box = { left: SIDE, top: SIDE, right: 0, bottom: 0 };
  pixels.forEach((ink, i) => {
    if (ink === 0) return;
    const x = i % SIDE;
    const y = Math.floor(i / SIDE);
    box.left = Math.min(box.left, x);
    box.top = Math.min(box.top, y);
    box.right = Math.max(box.right, x + 1);
    box.bottom = Math.max(box.bottom, y + 1);
  });
  return box.right > 0 ? box : null;
}
