// Paints strokes as segments with round ends. `place` is what placement() in geometry.js returns.
export function paintInk(context, strokes, colour, place) {
  context.strokeStyle = colour;
  context.fillStyle = colour;
  context.lineWidth = place.brush;
  context.lineCap = "round";
  context.lineJoin = "round";
  for (const stroke of strokes) {
    const path = stroke.map(({ x, y }) => [x * place.scale + place.left, y * place.scale + place.top]);
    // A tap is a dot; a line without length is drawn by some browsers only.
    context.beginPath();
    context.arc(...path[0], place.brush / 2, 0, 2 * Math.PI);
    context.fill();
    context.beginPath();
    for (const point of path) context.lineTo(...point);
    context.stroke();
  }
}
