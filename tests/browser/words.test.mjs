import assert from "node:assert/strict";
import test from "node:test";

import { describe, percent, runnerUp, shortPercent, sureness } from "../../web/words.js";

const odds = (shares) => Array.from({ length: 10 }, (_, digit) => shares[digit] ?? 0);
const said = (digit, shares) =>
  describe({ verdict: "digit", digit, confidence: shares[digit], probabilities: odds(shares) });

test("percent never claims certainty", () => {
  assert.equal(percent(1), "more than 99.9 %");
  assert.equal(percent(0.9994), "99.9 %");
  assert.equal(percent(0.125), "12.5 %");
  assert.equal(percent(0.0005), "0.1 %");
  assert.equal(percent(0), "less than 0.1 %");
});

test("a bar's figure is short and no more certain", () => {
  assert.deepEqual([1, 0.9951, 0.994, 0.126, 0.001].map(shortPercent), [">99", ">99", "99", "13", ""]);
});

test("ten digits that are equally unlikely are no answer", () => {
  const { digit, headline, detail } = said(8, { 8: 0.12, 0: 0.11 });
  assert.equal(digit, null);
  assert.equal(headline, "No digit stands out");
  assert.equal(detail, "The likeliest is an 8, with only 12.0 %.");
});

test("words follow the confidence", () => {
  assert.equal(sureness(0.999), "Sure");
  assert.equal(sureness(0.95), "Fairly sure");
  assert.equal(sureness(0.7), "Probably");
  assert.equal(sureness(0.3), "Not sure");
  assert.equal(sureness(0), "Not sure");
});

test("only a close second choice is named", () => {
  assert.equal(runnerUp(odds({ 7: 0.95, 1: 0.05 }), 7), null);
  assert.deepEqual(runnerUp(odds({ 7: 0.6, 1: 0.15, 2: 0.25 }), 7), { digit: 2, probability: 0.25 });
});

test("answers read as sentences", () => {
  assert.deepEqual(said(7, { 7: 0.999 }), { digit: 7, headline: "Sure", detail: "99.9 %" });
  assert.equal(said(3, { 3: 0.7, 8: 0.3 }).detail, "70.0 %, or an 8: 30.0 %");
});

test("what is no digit is not guessed", () => {
  const none = { digit: null, confidence: null, probabilities: null };
  assert.equal(describe({ verdict: "blank", ...none }).headline, "Blank");
  assert.equal(describe({ verdict: "blank", ...none }).digit, null);
  assert.equal(describe({ verdict: "not_a_digit", ...none }).headline, "Not a digit");
  assert.equal(describe({ verdict: "a verdict of tomorrow", ...none }).headline, "Not a digit");
});
