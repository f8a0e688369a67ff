// Correct me: one tap says what the drawing should have been read as.

import { troubleOf } from "./client.js";
import { collectsFeedback } from "./models.js";

const byId = (id) => document.getElementById(id);
const ASK = "Wrong? Tap the digit that it should be, or";

export class Correct {
  #offered = false;
  #answer = null;

  async start() {
    this.#offered = await collectsFeedback();
    document.body.classList.toggle("corrects", this.#offered);
    byId("no-digit").addEventListener("click", () => this.send("none"));
    this.forget();
  }

  // There is nothing that could be corrected.
  forget() {
    this.#answer = null;
    document.body.classList.remove("correctable");
    this.#say(ASK, true);
  }

  // `source` is {strokes} or {picture}, as the feedback route takes it.
  watch(source, { predictions, model }) {
    if (!this.#offered || predictions.length !== 1) {
      this.forget();
      return;
    }
    this.#answer = { source, prediction: predictions[0].digit ?? "none", model };
    document.body.classList.add("correctable");
    this.#say(ASK, true);
  }

  async send(truth) {
    if (!this.#answer) return;
    const { source, prediction, model } = this.#answer;
    this.#answer = null;
    this.#say("Sending…", false);
    try {
      const response = await fetch(`v1/models/${encodeURIComponent(model.name)}/feedback`, {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify({ ...source, truth, prediction, model_version: model.version }),
      });
      if (!response.ok) throw await troubleOf(response);
      this.#say(truth === "none" ? "Noted as no digit. Thank you." : `Noted as ${truth}. Thank you.`, false);
    } catch (error) {
      this.#say(`Not noted: ${error.message}`, false);
    }
  }

  #say(text, open) {
    byId("correction").textContent = text;
    byId("no-digit").hidden = !open;
    document.body.classList.toggle("corrected", !open);
  }
}
