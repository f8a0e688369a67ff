// An answer, in words.

const SURE = [
  [0.99, "Sure"],
  [0.9, "Fairly sure"],
  [0.6, "Probably"],
  [0, "Not sure"],
];

// The second choice is close from here on.
const CLOSE = 0.1;

// From here on a shape that is no digit resembles one enough to say which.
const RESEMBLES = 0.35;

// A probability as percent; never rounded up to certainty nor down to nothing.
export function percent(probability) {
  const value = probability * 100;
  if (value >= 99.95) return "more than 99.9 %";
  if (value < 0.05) return "less than 0.1 %";
  return `${value.toFixed(1)} %`;
}

// The same in whole percent, as short as a bar is wide; nothing for next to nothing.
export function shortPercent(probability) {
  if (probability < 0.005) return "";
  return probability >= 0.995 ? ">99" : `${Math.round(probability * 100)}`;
}

export function sureness(confidence) {
  return SURE.find(([from]) => confidence >= from)[1];
}

// The second most probable digit, if it is close: {digit, probability}; else null.
export function runnerUp(probabilities, digit) {
  const [second] = probabilities
    .map((probability, other) => ({ digit: other, probability }))
    .filter((choice) => choice.digit !== digit)
    .sort((a, b) => b.probability - a.probability);
  return second && second.probability >= CLOSE ? second : null;
}

function aDigit(digit) {
  return digit === 8 ? "an 8" : `a ${digit}`;
}

export const EMPTY = { digit: null, headline: "Nothing yet", detail: "It answers while you draw." };
export const READING = { digit: null, headline: "Reading", detail: "The answer is on its way." };
export const DOT = { digit: null, headline: "A dot so far", detail: "It answers while you draw." };

const NO_DIGIT = {
  blank: { headline: "Blank", detail: "There is no ink to read." },
  not_a_digit: { headline: "Not a digit", detail: "No digit has a shape like this." },
  several_digits: { headline: "Several digits", detail: "Number mode reads them one by one." },
};

// Ink so wide for its height is rather several digits.
const isWide = ([left, top, right, bottom]) => right - left > 1.4 * (bottom - top);

function describeNone({ verdict, probabilities, box }) {
  const words = NO_DIGIT[verdict] ?? NO_DIGIT.not_a_digit;
  if (verdict === "not_a_digit" && box && isWide(box))
    return { digit: null, headline: words.headline, detail: "If it is several, try number mode." };
  const best = Math.max(...(probabilities ?? [0]));
  if (verdict !== "not_a_digit" || best < RESEMBLES) return { digit: null, ...words };
  const detail = `It resembles ${aDigit(probabilities.indexOf(best))} a little: ${percent(best)}.`;
  return { digit: null, headline: words.headline, detail };
}

// {digit, headline, detail} for a prediction as the server sends it; digit is null where none is
// to be named.
export function describe(prediction) {
  const { verdict, digit, confidence, probabilities } = prediction;
  if (verdict !== "digit") return describeNone(prediction);
  const second = runnerUp(probabilities, digit);
  const other = second ? `, or ${aDigit(second.digit)}: ${percent(second.probability)}` : "";
  return { digit, headline: sureness(confidence), detail: `${percent(confidence)}${other}` };
}

const PLACES = ["first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth"];

// A digit's place in a number.
export function placeOf(index) {
  return PLACES[index] ? `the ${PLACES[index]}` : `number ${index + 1}`;
}

// What one digit of a number was read as.
export function describePlace({ digit, confidence }, index) {
  const place = placeOf(index).replace(/^./, (letter) => letter.toUpperCase());
  return `${place}: ${digit === null ? "no digit" : `${digit}, ${percent(confidence)}`}`;
}

// Whether it is rather a minus than digits.
const isDash = ([left, top, right, bottom]) => right - left > 2.5 * (bottom - top);

// Why one of a number's digits cannot be read.
function hindrance({ verdict, box }) {
  if (box && isDash(box)) return "a dash";
  return verdict === "several_digits" ? "digits that touch" : "no digit";
}

// The index of the digit that the model is least sure of; one that it cannot read comes first.
export function weakest(predictions) {
  const sure = predictions.map(({ confidence }) => confidence ?? -1);
  return sure.indexOf(Math.min(...sure));
}

// The same for the predictions of number mode; `number` has a question mark for what is no digit.
export function describeNumber(predictions) {
  if (predictions.length === 1) {
    const one = describe(predictions[0]);
    return { ...one, number: one.digit === null ? "" : `${one.digit}` };
  }
  const number = predictions.map(({ digit }) => digit ?? "?").join("");
  const index = weakest(predictions);
  const { digit, confidence } = predictions[index];
  if (confidence >= SURE[0][0]) return { digit: null, number, headline: number, detail: "Sure of each digit." };
  const place = placeOf(index);
  const detail =
    digit === null
      ? `Cannot read ${place}: ${hindrance(predictions[index])}.`
      : `Least sure of ${place}, ${aDigit(digit)}: ${percent(confidence)}.`;
  return { digit: null, number, headline: number, detail };
}

const STAGES = { parse: "reading", preprocess: "cutting out", predict: "the network", encode: "writing" };

// The header Server-Timing as {total, text}, in milliseconds; null without figures.
export function describeTiming(header) {
  const found = [...(header ?? "").matchAll(/([\w-]+)\s*;\s*dur=([\d.]+)/g)].filter(
    ([, name]) => name in STAGES,
  );
  if (found.length === 0) return null;
  const total = found.reduce((sum, [, , time]) => sum + Number(time), 0);
  const parts = found.map(([, name, time]) => `${STAGES[name]} ${Number(time).toFixed(2)}`);
  return { total, text: parts.join(", ") };
}
