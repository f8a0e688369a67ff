// The sheet on the screen: shows the drawing, in the screen's own pixels.

import { BRUSH, fitPicture } from "./geometry.js";
import { paintInk } from "./ink.js";

const FINE = 0.6; // of the usual width

export class Sheet {
  #canvas;
  #context;
  #drawing;
  #frame = 0;
  #cursor = null;
  #over = null;
  #fine = false;

  constructor(canvas, drawing) {
    this.#canvas = canvas;
    this.#context = canvas.getContext("2d");
    this.#drawing = drawing;
    drawing.addEventListener("change", () => this.#later());
    new ResizeObserver(() => this.#resize()).observe(canvas);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.#later());
  }

  // Where the keyboard's pen is: {x, y, down}, or null for none.
  set cursor(cursor) {
    this.#cursor = cursor;
    this.#later();
  }

  // What is painted over the drawing: a function of the context and the side; null for nothing.
  set over(paint) {
    this.#over = paint;
    this.#later();
  }

  // Whether the pen is a fine one, for several digits.
  set fine(fine) {
    this.#fine = fine;
    this.#later();
  }

  // What is painted over the drawing would look otherwise now.
  refresh() {
    this.#later();
  }

  #resize() {
    const side = Math.round(this.#canvas.clientWidth * devicePixelRatio);
    if (side === this.#canvas.width && side === this.#canvas.height) return;
    this.#canvas.width = side;
    this.#canvas.height = side;
    this.#paint();
  }

  #later() {
    this.#frame ||= requestAnimationFrame(() => {
      this.#frame = 0;
      this.#paint();
    });
  }

  #paint() {
    const context = this.#context;
    const side = this.#canvas.width;
    context.clearRect(0, 0, side, side);
    const { color } = getComputedStyle(this.#canvas);
    const { picture, strokes } = this.#drawing;
    if (picture) {
      const { scale, left, top } = fitPicture(picture);
      const [width, height] = [picture.width * scale * side, picture.height * scale * side];
      context.drawImage(picture.canvas, left * side, top * side, width, height);
    }
    // What matters shows through the ink, not the ink through it.
    context.globalAlpha = this.#over ? 0.25 : 1;
    paintInk(context, strokes, color, side, this.#fine ? FINE : 1);
    context.globalAlpha = 1;
    this.#over?.(context, side);
    if (this.#cursor) this.#paintCursor(side);
  }

  #paintCursor(side) {
    const { x, y, down } = this.#cursor;
    const context = this.#context;
    context.strokeStyle = getComputedStyle(this.#canvas).color;
    context.lineWidth = 2 * devicePixelRatio;
    context.setLineDash(down ? [] : [4 * devicePixelRatio, 4 * devicePixelRatio]);
    context.beginPath();
    context.arc(x * side, y * side, (BRUSH / 2 + 0.012) * side, 0, 2 * Math.PI);
    context.stroke();
    context.setLineDash([]);
  }
}
