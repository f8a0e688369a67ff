import assert from "node:assert/strict";
import test from "node:test";

import {
  describe,
  describeNumber,
  describePlace,
  describeTiming,
  percent,
  runnerUp,
  shortPercent,
  sureness,
  weakest,
} from "../../web/words.js";

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

test("what resembles a digit a little is said, not named", () => {
  const none = { verdict: "not_a_digit", digit: null, confidence: null };
  const { digit, headline, detail } = describe({ ...none, probabilities: odds({ 8: 0.5, 0: 0.3 }) });
  assert.equal(digit, null);
  assert.equal(headline, "Not a digit");
  assert.equal(detail, "It resembles an 8 a little: 50.0 %.");
  const unlike = describe({ ...none, probabilities: odds({ 8: 0.12 }) });
  assert.equal(unlike.detail, "No digit has a shape like this.");
  const wide = describe({ ...none, probabilities: odds({ 8: 0.5 }), box: [0, 0, 90, 30] });
  assert.match(wide.detail, /number mode/);
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
  assert.equal(describe({ verdict: "several_digits", ...none }).headline, "Several digits");
  assert.equal(describe({ verdict: "a verdict of tomorrow", ...none }).headline, "Not a digit");
});

const read = (digit, confidence) => ({ verdict: "digit", digit, confidence, probabilities: odds({ [digit]: confidence }) });
const unread = (verdict) => ({ verdict, digit: null, confidence: null, probabilities: null });

test("a number is read from left to right, with what is least sure", () => {
  const said = describeNumber([read(2, 0.999), read(0, 0.97), read(6, 0.995)]);
  assert.equal(said.number, "206");
  assert.equal(said.headline, "206");
  assert.equal(said.detail, "Least sure of the second, a 0: 97.0 %.");
  assert.equal(describeNumber([read(1, 0.999), read(1, 0.992)]).detail, "Sure of each digit.");
});

test("what is no digit has a question mark in a number", () => {
  const said = describeNumber([read(4, 0.9), unread("several_digits")]);
  assert.equal(said.number, "4?");
  assert.equal(said.detail, "Cannot read the second: digits that touch.");
  const minus = { ...unread("several_digits"), box: [10, 40, 60, 50] };
  assert.equal(describeNumber([minus, read(4, 0.9)]).detail, "Cannot read the first: a dash.");
  assert.equal(weakest([read(4, 0.9), unread("not_a_digit")]), 1);
  const long = describeNumber([...Array(9).fill(read(1, 0.999)), read(5, 0.7)]);
  assert.equal(long.detail, "Least sure of number 10, a 5: 70.0 %.");
});

test("each digit of a number is named by its place", () => {
  assert.equal(describePlace(read(0, 0.97), 1), "The second: 0, 97.0 %");
  assert.equal(describePlace(unread("not_a_digit"), 8), "Number 9: no digit");
});

test("one digit in number mode is said as one digit", () => {
  assert.deepEqual(describeNumber([read(7, 0.999)]), { digit: 7, headline: "Sure", detail: "99.9 %", number: "7" });
  assert.equal(describeNumber([unread("blank")]).number, "");
});

test("the server's own times are added up and named", () => {
  const timing = describeTiming("parse;dur=0.1, preprocess;dur=0.05, cache, predict;dur=0.25;desc=x");
  assert.ok(Math.abs(timing.total - 0.4) < 1e-9);
  assert.equal(timing.text, "reading 0.10, cutting out 0.05, the network 0.25");
  assert.equal(describeTiming(null), null);
  assert.equal(describeTiming("cdn;dur=3"), null);
});
