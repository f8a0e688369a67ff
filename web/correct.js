// Correct me: one tap says what the drawing should have been read as.

import { troubleOf } from "./client.js";
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
    this.#given = { predictions, model, sourceOf, noted: [] };
    document.body.classList.add("correctable");
  }

  // Which of its digits is looked at.
  choose(index) {
    this.#index = index;
    this.#show();
  }

  async send(truth) {
    const [given, index] = [this.#given, this.#index];
    if (!given || given.noted[index]) return;
    const say = (text) => {
      given.noted[index] = text;
      this.#show();
    };
    say("Sending…");
    try {
      await this.#store(given, index, truth);
      say(truth === "none" ? "Noted as no digit. Thank you." : `Noted as ${truth}. Thank you.`);
    } catch (error) {
      say(`Not noted: ${error.message}`);
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
    const noted = this.#given?.noted[this.#index];
    const which = this.#given?.predictions.length > 1 ? placeOf(this.#index) : "it";
    byId("correction").textContent = noted ? "" : `Wrong? Pick what ${which} is, or`;
    byId("noted").textContent = noted ?? "";
    byId("no-digit").hidden = Boolean(noted);
    document.body.classList.toggle("corrected", Boolean(noted));
  }
}
