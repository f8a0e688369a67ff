// Shows the server's answer.

import { DASH, NUMERALS } from "./numerals.js";
import { DOT, EMPTY, describe, percent, shortPercent } from "./words.js";

// Screen readers are told once the pen has been still for so long.
const STILL_MS = 600;

const byId = (id) => document.getElementById(id);

export class Answer {
  #bars = [];
  #telling = 0;

  constructor() {
    for (let digit = 0; digit < NUMERALS.length; digit++) this.#bars.push(this.#addBar(digit));
    this.empty();
  }

  // Nothing is drawn.
  empty() {
    this.#showNone(EMPTY);
    clearTimeout(this.#telling);
    byId("live").textContent = "";
  }

  // What is drawn has no shape yet.
  dot() {
    this.#showNone(DOT);
  }

  show(prediction, model, milliseconds) {
    const words = describe(prediction);
    this.#say(words);
    this.#setBars(prediction.probabilities ?? [], words.digit);
    this.#setSeen(prediction.seen ?? "");
    this.#setTime(`${milliseconds.toFixed(milliseconds < 10 ? 1 : 0)} ms`);
    byId("model").textContent = `${model.name}, version ${model.version}`;
  }

  // The server could not answer; `text` says why.
  trouble(text) {
    this.#showNone({ digit: null, headline: "No answer", detail: text });
  }

  #showNone(words) {
    this.#say(words);
    this.#setBars([]);
    this.#setSeen("");
    this.#setTime("");
  }

  #say({ digit, headline, detail }) {
    byId("numeral").setAttribute("d", NUMERALS[digit] ?? DASH);
    document.body.dataset.digit = digit ?? "";
    byId("headline").textContent = headline;
    byId("detail").textContent = detail;
    clearTimeout(this.#telling);
    this.#telling = setTimeout(() => {
      const named = digit === null ? `${headline}.` : `${digit}. ${headline},`;
      byId("live").textContent = `${named} ${detail}`;
    }, STILL_MS);
  }

  #addBar(digit) {
    const item = byId("bar").content.firstElementChild.cloneNode(true);
    item.querySelector("b").textContent = digit;
    byId("bars").append(item);
    return { item, value: item.querySelector(".value"), spoken: item.querySelector(".unseen") };
  }

  #setBars(probabilities, best) {
    this.#bars.forEach(({ item, value, spoken }, digit) => {
      const probability = probabilities[digit] ?? 0;
      item.style.setProperty("--share", probability);
      item.classList.toggle("best", digit === best);
      value.textContent = shortPercent(probability);
      spoken.textContent = probabilities.length ? `${digit}: ${percent(probability)}` : `${digit}`;
    });
  }

  #setSeen(url) {
    const image = byId("seen");
    image.hidden = !url;
    if (url) image.src = url;
    else image.removeAttribute("src");
  }

  #setTime(text) {
    byId("took").hidden = !text;
    byId("time").textContent = text;
  }
}
