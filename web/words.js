// An answer, in words.

const SURE = [
  [0.99, "Sure"],
  [0.9, "Fairly sure"],
  [0.6, "Probably"],
  [0, "Not sure"],
];

// The second choice is close from here on.
const CLOSE = 0.1;

// Below this, no digit is named: ten that are equally unlikely are no answer.
const UNREADABLE = 0.4;

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
export const DOT = { digit: null, headline: "A dot so far", detail: "It answers while you draw." };

const NO_DIGIT = {
  blank: { headline: "Blank", detail: "There is no ink to read yet." },
  not_a_digit: { headline: "Not a digit", detail: "No digit has a shape like this." },
};

// {digit, headline, detail} for a prediction as the server sends it; digit is null where none is
// to be named.
export function describe({ verdict, digit, confidence, probabilities }) {
  if (verdict !== "digit") return { digit: null, ...(NO_DIGIT[verdict] ?? NO_DIGIT.not_a_digit) };
  if (confidence < UNREADABLE) {
    const detail = `The likeliest is ${aDigit(digit)}, with only ${percent(confidence)}.`;
    return { digit: null, headline: "No digit stands out", detail };
  }
  const second = runnerUp(probabilities, digit);
  const other = second ? `, or ${aDigit(second.digit)}: ${percent(second.probability)}` : "";
  return { digit, headline: sureness(confidence), detail: `${percent(confidence)}${other}` };
}
