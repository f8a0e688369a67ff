// Why: where the network looked, and which ink mattered, painted over the drawing.

import { FITTED, SIDE, boxesOnSheet, frameOf, inkBox } from "./geometry.js";

// The greys [28 * 28] of a picture in a data: URL.
async function pixelsOf(url) {
  const image = new Image();
  image.src = url;
  await image.decode();
  const canvas = document.createElement("canvas");
  canvas.width = SIDE;
  canvas.height = SIDE;
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.drawImage(image, 0, 0);
  return context.getImageData(0, 0, SIDE, SIDE).data.filter((_, i) => i % 4 === 0);
}

// What Sheet paints over the drawing for explained answers; null if there is nothing to show. Of a
// number's digits only the chosen() one is framed: frames of neighbours overlap.
export async function whyOf(answers, drawing, chosen) {
  const found = answers.map((one, index) => ({ ...one, index })).filter(({ box }) => box);
  const pictures = await Promise.all(found.map(({ seen }) => pixelsOf(seen)));
  if (found.length === 0 || drawing.isEmpty) return null;
  const boxes = boxesOnSheet(found.map(({ box }) => box), drawing);
  const parts = found.map(({ heat, index }, i) => ({ box: boxes[i], heat, index, ink: inkBox(pictures[i]) }));
  return (context, side) => {
    for (const { box, heat, index, ink } of parts) {
      if (!ink) continue;
      const frame = frameOf(box, ink);
      if (heat) paintHeat(context, side, frame, heat);
      if (index === chosen()) paintFrame(context, side, frame, box);
    }
  };
}

function paintHeat(context, side, { left, top, cell }, heat) {
  const style = getComputedStyle(context.canvas);
  const colours = [style.getPropertyValue("--for"), style.getPropertyValue("--against")];
  const size = cell * side;
  heat.forEach((row, y) =>
    row.forEach((value, x) => {
      if (Math.abs(value) < 0.02) return;
      context.globalAlpha = Math.min(1, Math.abs(value)) ** 0.7;
      context.fillStyle = colours[value > 0 ? 0 : 1];
      const [px, py] = [(left + x * cell) * side, (top + y * cell) * side];
      context.fillRect(px, py, size + 0.5, size + 0.5);
    }),
  );
  context.globalAlpha = 1;
}

// The square that was cut out, the picture that it became, and its middle.
function paintFrame(context, side, { left, top, cell }, box) {
  const line = Math.max(1, devicePixelRatio);
  const cut = FITTED * cell;
  const middle = { x: (box.left + box.right) / 2, y: (box.top + box.bottom) / 2 };
  context.strokeStyle = getComputedStyle(context.canvas).getPropertyValue("--quiet");
  context.lineWidth = line;
  context.strokeRect(left * side, top * side, SIDE * cell * side, SIDE * cell * side);
  context.setLineDash([4 * line, 4 * line]);
  context.strokeRect((middle.x - cut / 2) * side, (middle.y - cut / 2) * side, cut * side, cut * side);
  context.setLineDash([]);
  const [x, y] = [(left + (SIDE / 2) * cell) * side, (top + (SIDE / 2) * cell) * side];
  context.beginPath();
  for (const [dx, dy] of [[6, 0], [0, 6]]) {
    context.moveTo(x - dx * line, y - dy * line);
    context.lineTo(x + dx * line, y + dy * line);
  }
  context.stroke();
}
