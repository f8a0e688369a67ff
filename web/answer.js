// Shows the server's answer.

import { DASH, NUMERALS } from "./numerals.js";
import * as words from "./words.js";

// Screen readers are told once the pen has been still for so long.
const STILL_MS = 600;

// An answer that takes longer is said to be on its way.
const LONG_MS = 300;

const byId = (id) => document.getElementById(id);

function milliseconds(time) {
  return `${time.toFixed(time < 10 ? 1 : 0)} ms`;
}

export class Answer {
  #bars = [];
  #predictions = [];
  #onChoose;
  #telling = 0;
  #reading = 0;
  #isIdle = true; // nothing is said of what is drawn

  // onPick(digit): somebody says what it should have been. onChoose(index): this one of the
  // predictions is looked at.
  constructor({ onPick, onChoose }) {
    this.#onChoose = onChoose;
    for (let digit = 0; digit < NUMERALS.length; digit++)
      this.#bars.push(this.#addBar(digit, onPick));
    this.empty();
  }

  // Nothing is drawn.
  empty() {
    this.#showNone(words.EMPTY);
    this.#isIdle = true;
    clearTimeout(this.#telling);
    byId("live").textContent = "";
  }

  // What is drawn has no shape yet.
  dot() {
    this.#showNone(words.DOT);
    this.#isIdle = true;
  }

  // It has been asked for.
  asked() {
    if (this.#isIdle) this.#reading ||= setTimeout(() => this.#showNone(words.READING), LONG_MS);
  }

  show({ predictions, model, milliseconds, timing }, { number }) {
    const said = number ? words.describeNumber(predictions) : words.describe(predictions[0]);
    this.#predictions = predictions;
    this.#say(said);
    this.#setNumber(predictions.length > 1 ? predictions : []);
    this.#choose(number ? words.weakest(predictions) : 0);
    this.#setSeen(predictions);
    this.#setTime(milliseconds, timing);
    byId("model").title = model.name;
    byId("model-name").textContent = `${model.name},`;
    byId("model-version").textContent = ` version ${model.version}`;
  }

  // The server could not answer; `text` says why.
  trouble(text) {
    this.#showNone({ digit: null, headline: "No answer", detail: text });
  }

  // What was given is no picture; `text` says more.
  refuse(text) {
    this.#showNone({ digit: null, headline: "No picture", detail: text });
  }

  #showNone(said) {
    this.#say(said);
    this.#setNumber([]);
    this.#setBars([]);
    this.#setSeen([]);
    byId("took").hidden = true;
  }

  #say({ digit, number, headline, detail }) {
    clearTimeout(this.#reading);
    this.#reading = 0;
    this.#isIdle = false;
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
    const list = byId("number-digits");
    // Those that are there stay: somebody's focus may be on one.
    while (list.children.length > predictions.length) list.lastElementChild.remove();
    while (list.children.length < predictions.length) list.append(this.#createNumeral(list.children.length));
    predictions.forEach(({ digit, confidence }, index) => {
      const item = list.children[index];
      item.querySelector("path").setAttribute("d", NUMERALS[digit] ?? DASH);
      item.classList.toggle("none", digit === null);
      item.querySelector("span").textContent = words.shortPercent(confidence ?? 0) || "–";
      item.firstElementChild.setAttribute("aria-label", words.describePlace(predictions[index], index));
    });
    document.body.classList.toggle("numbers", predictions.length > 0);
  }

  #createNumeral(index) {
    const item = byId("numeral-of").content.firstElementChild.cloneNode(true);
    item.firstElementChild.addEventListener("click", () => this.#choose(index));
    return item;
  }

  // Which digit of a number the bars are about.
  #choose(index) {
    const { probabilities, digit } = this.#predictions[index];
    this.#setBars(probabilities ?? [], digit);
    [...byId("number-digits").children].forEach((item, i) =>
      item.firstElementChild.setAttribute("aria-pressed", i === index),
    );
    this.#onChoose(index);
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
    const images = predictions.map(({ seen }) => {
      const image = new Image(84, 84);
      image.alt = "";
      image.src = seen;
      return image;
    });
    byId("seen").style.setProperty("--columns", Math.ceil(Math.sqrt(images.length)));
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
