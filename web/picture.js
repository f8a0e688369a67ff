// The picture that the server gets: black on white, cut to the ink, drawn from the points.

import { PICTURE_SIDE, placement } from "./geometry.js";
import { paintInk } from "./ink.js";

const canvas = document.createElement("canvas");
canvas.width = PICTURE_SIDE;
canvas.height = PICTURE_SIDE;
const context = canvas.getContext("2d", { alpha: false, willReadFrequently: true });

// The drawing as PNG bytes.
export function pictureOf(strokes) {
  context.fillStyle = "#fff";
  context.fillRect(0, 0, PICTURE_SIDE, PICTURE_SIDE);
  const place = placement(strokes);
  if (place) paintInk(context, strokes, "#000", place);

  // Not toBlob(): browsers put that off until they are idle, which they are not while one draws.
  const base64 = canvas.toDataURL("image/png").split(",")[1];
  return Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
}
