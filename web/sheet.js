// The sheet on the screen: shows the drawing, in the screen's own pixels.

import { BRUSH } from "./geometry.js";
import { paintInk } from "./ink.js";

export class Sheet {
  #canvas;
  #context;
  #drawing;
  #frame = 0;
  #cursor = null;

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
    const place = { scale: side, left: 0, top: 0, brush: BRUSH * side };
    paintInk(context, this.#drawing.strokes, color, place);
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
