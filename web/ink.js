// Paints strokes as segments with round ends, on a sheet of `side` pixels, with a `share` of the
// usual pen. A pen that is pressed harder is wider; the network gets one width, as it was trained.

import { widthAt } from "./geometry.js";

export function paintInk(context, strokes, colour, side, share = 1) {
  const widthOf = ({ pressure }) => widthAt(pressure) * share;
  context.strokeStyle = colour;
  context.fillStyle = colour;
  context.lineCap = "round";
  context.lineJoin = "round";
  for (const stroke of strokes) {
    const [first] = stroke;
    // A tap is a dot; a line without length is drawn by some browsers only.
    if (stroke.length === 1) {
      context.beginPath();
      context.arc(first.x * side, first.y * side, (widthOf(first) / 2) * side, 0, 2 * Math.PI);
      context.fill();
      continue;
    }
    if (stroke.some(({ pressure }) => pressure !== first.pressure)) {
      paintPressed(context, stroke, side, widthOf);
      continue;
    }
    context.lineWidth = widthOf(first) * side;
    context.beginPath();
    for (const { x, y } of stroke) context.lineTo(x * side, y * side);
    context.stroke();
  }
}

function paintPressed(context, stroke, side, widthOf) {
  for (let i = 1; i < stroke.length; i++) {
    const [from, to] = [stroke[i - 1], stroke[i]];
    context.lineWidth = widthOf(to) * side;
    context.beginPath();
    context.moveTo(from.x * side, from.y * side);
    context.lineTo(to.x * side, to.y * side);
    context.stroke();
  }
}
