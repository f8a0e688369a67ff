// Shows the server's answer.

import { DASH, NUMERALS } from "./numerals.js";
import * as words from "./words.js";

// Screen readers are told once the pen has been still for so long.
const STILL_MS = 600;

const byId = (id) => document.getElementById(id);

function milliseconds(time) {
  return `${time.toFixed(time < 10 ? 1 : 0)} ms`;
}

export class Answer {
  #bars = [];
  #telling = 0;

  // `onPick(digit)`: somebody says what it should have been.
  constructor({ onPick }) {
    for (let digit = 0; digit < NUMERALS.length; digit++)
      this.#bars.push(this.#addBar(digit, onPick));
    this.empty();
  }

  // Nothing is drawn.
  empty() {
    this.#showNone(words.EMPTY);
    clearTimeout(this.#telling);
    byId("live").textContent = "";
  }

  // What is drawn has no shape yet.
  dot() {
    this.#showNone(words.DOT);
  }

  show({ predictions, model, milliseconds, timing }, { number }) {
    const said = number ? words.describeNumber(predictions) : words.describe(predictions[0]);
    const shown = predictions[number ? words.weakest(predictions) : 0];
    this.#say(said);
    this.#setNumber(predictions.length > 1 ? predictions : []);
    this.#setBars(shown.probabilities ?? [], shown.digit);
    this.#setSeen(predictions);
    this.#setTime(milliseconds, timing);
    byId("model").textContent = `${model.name}, version ${model.version}`;
  }

  // The server could not answer; `text` says why.
  trouble(text) {
    this.#showNone({ digit: null, headline: "No answer", detail: text });
  }

  #showNone(said) {
    this.#say(said);
    this.#setNumber([]);
    this.#setBars([]);
    this.#setSeen([]);
    byId("took").hidden = true;
  }

  #say({ digit, number, headline, detail }) {
    byId("numeral").setAttribute("d", NUMERALS[digit] ?? DASH);
    document.body.dataset.digit = digit ?? "";
    document.body.dataset.number = number ?? "";
    byId("headline").textContent = headline;
    byId("detail").textContent = detail;
    clearTimeout(this.#telling);
    this.#telling = setTimeout(() => {
      const named = digit === null ? `${headline}.` : `${digit}. ${headline},`;
      byId("live").textContent = `${named} ${detail}`;
    }, STILL_MS);
  }

  // The digits of a number, in the place of the one numeral.
  #setNumber(predictions) {
    const items = predictions.map(({ digit, confidence }) => {
      const item = byId("numeral-of").content.firstElementChild.cloneNode(true);
      item.querySelector("path").setAttribute("d", NUMERALS[digit] ?? DASH);
      item.classList.toggle("none", digit === null);
      item.querySelector("span").textContent = words.shortPercent(confidence ?? 0) || "–";
      return item;
    });
    byId("number-digits").replaceChildren(...items);
    document.body.classList.toggle("numbers", items.length > 0);
  }

  #addBar(digit, onPick) {
    const item = byId("bar").content.firstElementChild.cloneNode(true);
    const pick = item.querySelector("button");
    item.querySelector("b").textContent = digit;
    pick.textContent = digit;
    pick.setAttribute("aria-label", `It is ${digit}`);
    pick.addEventListener("click", () => onPick(digit));
    byId("bars").append(item);
    return { item, value: item.querySelector(".value"), spoken: item.querySelector(".unseen") };
  }

  #setBars(probabilities, best) {
    this.#bars.forEach(({ item, value, spoken }, digit) => {
      const probability = probabilities[digit] ?? 0;
      item.style.setProperty("--share", probability);
      item.classList.toggle("best", digit === best);
      value.textContent = words.shortPercent(probability);
      spoken.textContent = probabilities.length
        ? `${digit}: ${words.percent(probability)}`
        : `${digit}`;
    });
  }

  #setSeen(predictions) {
    const images = predictions.slice(0, 8).map(({ seen }) => {
      const image = new Image(84, 84);
      image.alt = "";
      image.src = seen;
      return image;
    });
    byId("seen").replaceChildren(...images);
  }

  #setTime(time, header) {
    const server = words.describeTiming(header);
    byId("took").hidden = false;
    byId("time").textContent = milliseconds(time);
    byId("split").textContent = server
      ? `, ${server.total.toFixed(2)} of it in the server: ${server.text}.`
      : ".";
  }
}
