// The drawing: strokes and their history. Tells "change" to whoever listens.
export class Drawing extends EventTarget {
  #strokes = [];
  #past = [];
  #future = [];

  get strokes() {
    return this.#strokes;
  }

  get isEmpty() {
    return this.#strokes.length === 0;
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
    this.#become([...this.#strokes, stroke]);
    return stroke;
  }

  extend(stroke, points) {
    stroke.push(...points);
    this.#changed();
  }

  // As if the stroke had never begun: the system took the pointer away.
  forget(stroke) {
    if (this.#strokes.at(-1) !== stroke) return;
    this.#strokes = this.#past.pop();
    this.#changed();
  }

  clear() {
    if (!this.isEmpty) this.#become([]);
  }

  undo() {
    if (!this.canUndo) return;
    this.#future.push(this.#strokes);
    this.#strokes = this.#past.pop();
    this.#changed();
  }

  redo() {
    if (!this.canRedo) return;
    this.#past.push(this.#strokes);
    this.#strokes = this.#future.pop();
    this.#changed();
  }

  #become(strokes) {
    this.#past.push(this.#strokes);
    this.#future = [];
    this.#strokes = strokes;
    this.#changed();
  }

  #changed() {
    this.dispatchEvent(new Event("change"));
  }
}
