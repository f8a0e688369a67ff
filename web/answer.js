// Shows the server's answer.

import { EMPTY, describe, percent } from "./words.js";

// The digits as the pen on the sheet would write them, in a box of 60 by 80.
const NUMERALS = [
  "M30 8C44 8 50 22 50 40S44 72 30 72S10 58 10 40S16 8 30 8Z",
  "M17 21L35 8V72",
  "M12 25C12 14 20 8 30 8C41 8 48 15 48 25C48 42 14 54 11 72H50",
  "M13 16C18 10 24 8 30 8C40 8 47 14 47 23C47 33 39 38 29 38C41 38 49 44 49 55C49 66 40 72 29 72C21 72 15 69 11 63",
  "M39 72V8L9 53H52",
  "M46 8H19L15 37C20 33 25 31 31 31C42 31 50 39 50 51C50 64 41 72 29 72C21 72 15 69 11 63",
  "M42 9C26 14 11 30 11 51C11 64 19 72 30 72C42 72 50 64 50 52C50 41 42 33 31 33C21 33 13 40 11 49",
  "M10 8H50C38 28 28 48 25 72",
  "M30 37C20 37 13 31 13 22C13 14 20 8 30 8S47 14 47 22C47 31 40 37 30 37C18 37 10 44 10 55C10 65 18 72 30 72S50 65 50 55C50 44 42 37 30 37Z",
  "M18 71C34 66 49 50 49 29C49 16 41 8 30 8C18 8 10 16 10 28C10 39 18 47 29 47C39 47 47 40 49 31",
];

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
    this.#say("", EMPTY);
    this.#setBars([]);
    this.#setSeen("");
    byId("time").textContent = "–";
    clearTimeout(this.#telling);
    byId("live").textContent = "";
  }

  show(prediction, model, milliseconds) {
    const digit = prediction.verdict === "digit" ? prediction.digit : "";
    this.#say(digit, describe(prediction));
    this.#setBars(prediction.probabilities ?? [], digit);
    this.#setSeen(prediction.seen ?? "");
    byId("time").textContent = `${milliseconds.toFixed(milliseconds < 10 ? 1 : 0)} ms`;
    byId("model").textContent = `${model.name}, version ${model.version}`;
  }

  // The server could not answer; `text` says why.
  trouble(text) {
    this.#say("", { headline: "No answer", detail: text });
    this.#setBars([]);
    this.#setSeen("");
    byId("time").textContent = "–";
  }

  #say(digit, { headline, detail }) {
    byId("numeral").setAttribute("d", digit === "" ? "" : NUMERALS[digit]);
    document.body.dataset.digit = digit;
    byId("headline").textContent = headline;
    byId("detail").textContent = detail;
    clearTimeout(this.#telling);
    this.#telling = setTimeout(() => {
      byId("live").textContent = digit === "" ? `${headline}. ${detail}` : `${digit}. ${headline}, ${detail}`;
    }, STILL_MS);
  }

  #addBar(digit) {
    const item = document.createElement("li");
    const value = document.createElement("span");
    const bar = document.createElement("span");
    const label = document.createElement("b");
    value.className = "value";
    bar.className = "bar";
    label.textContent = digit;
    item.append(value, bar, label);
    byId("bars").append(item);
    return { item, value };
  }

  #setBars(probabilities, best) {
    this.#bars.forEach(({ item, value }, digit) => {
      const probability = probabilities[digit] ?? 0;
      item.style.setProperty("--share", probability);
      item.classList.toggle("best", digit === best);
      item.title = probabilities.length ? percent(probability) : "";
      value.textContent = probability >= 0.005 ? `${Math.round(probability * 100)}` : "";
    });
  }

  #setSeen(url) {
    byId("seen").hidden = !url;
    byId("unseen").hidden = Boolean(url);
    if (url) byId("seen").src = url;
    else byId("seen").removeAttribute("src");
  }
}
