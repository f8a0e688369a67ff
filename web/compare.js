// The same drawing through every model and version, side by side.

import { urlOf } from "./client.js";
import { listVersions } from "./models.js";
import { describe, describeNumber } from "./words.js";

// After the drawing has been still for so long.
const STILL_MS = 200;

const byId = (id) => document.getElementById(id);

export class Compare {
  #versions = [];
  #waiting = 0;
  #round = null;

  async start() {
    this.#versions = (await listVersions()).filter(({ state }) => state === "AVAILABLE");
    byId("compare").hidden = this.#versions.length < 2;
    this.clear();
  }

  clear() {
    clearTimeout(this.#waiting);
    this.#round?.abort();
    byId("compared").replaceChildren(...this.#versions.map((one) => this.#rowOf(one, null)));
  }

  // `question` as Client takes it; later calls replace earlier ones.
  ask(question) {
    clearTimeout(this.#waiting);
    if (this.#versions.length < 2) return;
    this.#waiting = setTimeout(() => this.#run(question()), STILL_MS);
  }

  async #run(question) {
    this.#round?.abort();
    const round = new AbortController();
    this.#round = round;
    for (const [i, one] of this.#versions.entries()) {
      const answer = await this.#answer(one, question, round.signal);
      if (round.signal.aborted) return;
      byId("compared").children[i].replaceWith(this.#rowOf(one, answer));
    }
  }

  async #answer({ model, version }, { type, body, number }, signal) {
    const start = performance.now();
    try {
      const response = await fetch(urlOf(model, { number }, version), {
        method: "POST",
        headers: { "Content-Type": type },
        body,
        signal,
      });
      const { predictions, error } = await response.json();
      const milliseconds = performance.now() - start;
      return error ? { trouble: error } : { predictions, number, milliseconds };
    } catch {
      return { trouble: "No answer" };
    }
  }

  #rowOf({ model, version }, answer) {
    const row = byId("compared-of").content.firstElementChild.cloneNode(true);
    const set = (name, text) => (row.querySelector(`.${name}`).textContent = text);
    set("name", `${model}, version ${version}`);
    if (answer?.trouble) {
      set("says", answer.trouble);
    } else if (answer) {
      const said = answer.number
        ? describeNumber(answer.predictions)
        : describe(answer.predictions[0]);
      set("reads", (answer.number ? said.number : said.digit) ?? "–");
      set("says", said.digit === null && !said.number ? said.headline : said.detail);
      set("time", `${answer.milliseconds.toFixed(1)} ms`);
    }
    return row;
  }
}
