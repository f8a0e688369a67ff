// Correct me: one tap says what the drawing should have been read as.

import { reasonOf, troubleOf } from "./client.js";
import { collectsFeedback } from "./models.js";
import { placeOf } from "./words.js";

const byId = (id) => document.getElementById(id);

export class Correct {
  #offered = false;
  #given = null;
  #index = 0;

  async start() {
    this.#offered = await collectsFeedback();
    document.body.classList.toggle("corrects", this.#offered);
    byId("no-digit").addEventListener("click", () => this.send("none"));
    this.forget();
  }

  // There is nothing that could be corrected.
  forget() {
    this.#given = null;
    document.body.classList.remove("correctable");
    this.#show();
  }

  // An answer is there. `sourceOf(prediction)` is {strokes} or {picture}, as the feedback route
  // takes it.
  watch({ predictions, model }, sourceOf) {
    if (!this.#offered) return;
    this.#given = { predictions, model, sourceOf, said: [], closed: [] };
    document.body.classList.add("correctable");
  }

  // Which of its digits is looked at.
  choose(index) {
    this.#index = index;
    this.#show();
  }

  async send(truth) {
    const [given, index] = [this.#given, this.#index];
    if (!given || given.closed[index]) return;
    const say = (text, closed) => {
      given.said[index] = text;
      given.closed[index] = closed;
      this.#show();
    };
    say("Sending…", true);
    try {
      await this.#store(given, index, truth);
      say(`Noted as ${truth === "none" ? "no digit" : truth}. Thank you.`, true);
    } catch (error) {
      say(`Not noted: ${reasonOf(error)}`, false); // it can be picked again
    }
  }

  async #store({ predictions, model, sourceOf }, index, truth) {
    const prediction = predictions[index];
    const response = await fetch(`v1/models/${encodeURIComponent(model.name)}/feedback`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({
        ...sourceOf(prediction),
        truth,
        prediction: prediction.digit ?? "none",
        model_version: model.version,
      }),
    });
    if (!response.ok) throw await troubleOf(response);
  }

  #show() {
    const said = this.#given?.said[this.#index];
    const closed = Boolean(this.#given?.closed[this.#index]);
    const which = this.#given?.predictions.length > 1 ? placeOf(this.#index) : "it";
    byId("correction").textContent = said ? "" : `Wrong? Pick what ${which} is, or`;
    byId("noted").textContent = said ?? "";
    byId("no-digit").hidden = closed;
    document.body.classList.toggle("corrected", closed);
  }
}
