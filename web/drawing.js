// The drawing: strokes or a picture, and their history. Tells "change" to whoever listens.

const NOTHING = { strokes: [], picture: null };

export class Drawing extends EventTarget {
  #now = NOTHING;
  #past = [];
  #future = [];

  get strokes() {
    return this.#now.strokes;
  }

  // What was put here instead of strokes, as picture.js makes it; null if nothing was.
  get picture() {
    return this.#now.picture;
  }

  get isEmpty() {
    return this.strokes.length === 0 && !this.picture;
  }

  get canUndo() {
    return this.#past.length > 0;
  }

  get canRedo() {
    return this.#future.length > 0;
  }

  // Starts a stroke and returns it, for extend().
  begin(point) {
    const stroke = [point];
    this.#become({ strokes: [...this.strokes, stroke], picture: null });
    return stroke;
  }

  extend(stroke, points) {
    stroke.push(...points);
    this.#changed();
  }

  // As if the stroke had never begun: the system took the pointer away.
  forget(stroke) {
    if (this.strokes.at(-1) !== stroke) return;
    this.#now = this.#past.pop();
    this.#changed();
  }

  // Puts a picture in the place of all strokes.
  put(picture) {
    this.#become({ strokes: [], picture });
  }

  clear() {
    if (!this.isEmpty) this.#become(NOTHING);
  }

  undo() {
    if (!this.canUndo) return;
    this.#future.push(this.#now);
    this.#now = this.#past.pop();
    this.#changed();
  }

  redo() {
    if (!this.canRedo) return;
    this.#past.push(this.#now);
    this.#now = this.#future.pop();
    this.#changed();
  }

  #become(state) {
    this.#past.push(this.#now);
    this.#future = [];
    this.#now = state;
    this.#changed();
  }

  #changed() {
    this.dispatchEvent(new Event("change"));
  }
}
