// The page: pen to drawing, drawing to sheet and server, server to answer.

import { Answer } from "./answer.js";
import { Client } from "./client.js";
import { Compare } from "./compare.js";
import { Correct } from "./correct.js";
import { Drawing } from "./drawing.js";
import { isDot, pointsOf } from "./geometry.js";
import { followKeys, followPointer } from "./pen.js";
import { followPictures } from "./picture.js";
import { Service } from "./service.js";
import { Sheet } from "./sheet.js";
import { followShortcuts } from "./shortcuts.js";
import { Viewfinder } from "./viewfinder.js";
import { whyOf } from "./why.js";

const byId = (id) => document.getElementById(id);
const canvas = byId("sheet");
const drawing = new Drawing();
const sheet = new Sheet(canvas, drawing);
const compare = new Compare();
const correct = new Correct();
const modes = { number: false, why: false };
let chosen = 0; // of a number's digits
let changes = 0;

const answer = new Answer({
  onPick: (digit) => correct.send(digit),
  onChoose: (index) => {
    chosen = index;
    correct.choose(index);
    sheet.refresh();
  },
});

// How to ask the same from a shell.
function showCommand(model) {
  const url = new URL(`v1/models/${encodeURIComponent(model)}:predict`, document.baseURI);
  const lines = ["curl -H 'Content-Type: image/png' \\", "--data-binary @digit.png \\", url.href];
  byId("curl").textContent = lines.join("\n");
}

// What is asked about the drawing: its points, so that the server draws them as for training.
function question() {
  const { picture, strokes } = drawing;
  if (picture) return { ...modes, type: "image/png", body: picture.png };
  return { ...modes, type: "application/json", body: JSON.stringify({ strokes: pointsOf(strokes) }) };
}

// What is kept of the drawing with a correction. From its strokes the server draws a digit again
// as it was. A digit of a number or of a photograph would look otherwise if it were cut out and
// read anew; it is kept as the network saw it, which is what there is to learn from, and nothing
// else that happened to be in the photograph.
function source(prediction, { picture, strokes }, { number }) {
  if (picture || number) return { picture: prediction.seen.split(",")[1] };
  return { strokes: pointsOf(strokes) };
}

async function explain(predictions) {
  const asked = changes;
  const paint = modes.why ? await whyOf(predictions, drawing, () => chosen) : null;
  if (asked === changes) sheet.over = paint;
}

const client = new Client({
  fetch: (...request) => fetch(...request),
  onAnswer: (given, asked) => {
    correct.watch(given, (prediction) => source(prediction, drawing, asked));
    answer.show(given, asked);
    showCommand(given.model.name);
    explain(asked.why ? given.predictions : []);
  },
  onTrouble: (text) => {
    answer.trouble(text);
    correct.forget();
  },
});

let frame = 0;

// Once per frame is often enough to ask.
function answerSoon() {
  frame ||= requestAnimationFrame(() => {
    frame = 0;
    if (drawing.isEmpty || isDot(drawing.strokes)) return;
    client.ask(question);
    compare.ask(question);
    answer.asked();
  });
}

function follow() {
  // Not `disabled`: that would take the focus away from whoever has just pressed it.
  byId("undo").setAttribute("aria-disabled", !drawing.canUndo);
  byId("redo").setAttribute("aria-disabled", !drawing.canRedo);
  byId("clear").setAttribute("aria-disabled", drawing.isEmpty);
  byId("hint").hidden = !drawing.isEmpty;
  correct.forget();
  changes++;
  sheet.over = null;
  if (!drawing.isEmpty && !isDot(drawing.strokes)) {
    answerSoon();
    return;
  }
  client.forget();
  compare.clear();
  if (drawing.isEmpty) answer.empty();
  else answer.dot();
}

function toggle(mode) {
  modes[mode] = !modes[mode];
  byId(mode).setAttribute("aria-pressed", modes[mode]);
  document.body.classList.toggle(`asks-${mode}`, modes[mode]);
  sheet.fine = modes.number;
  byId("hint").textContent = modes.number ? "Write a number" : "Draw a digit";
  follow();
}

// `taken`: with the camera of whatever chooses it, rather than from a folder.
function pick(taken) {
  byId("file").toggleAttribute("capture", taken);
  byId("file").click();
}

const viewfinder = new Viewfinder({
  pick: () => pick(true),
  put: (picture) => drawing.put(picture),
});

const buttons = {
  undo: () => drawing.undo(),
  redo: () => drawing.redo(),
  clear: () => drawing.clear(),
  number: () => toggle("number"),
  why: () => toggle("why"),
  camera: () => viewfinder.open(),
  choose: () => pick(false),
};

drawing.addEventListener("change", follow);
for (const [name, act] of Object.entries(buttons)) byId(name).addEventListener("click", act);
followShortcuts(byId("letters"), (name) => buttons[name]());
addEventListener("online", () => client.hurry());

followPointer(canvas, drawing);
followKeys(canvas, drawing, sheet);
followPictures({
  input: byId("file"),
  target: canvas,
  put: (picture) => drawing.put(picture),
  refuse: (text) => {
    answer.refuse(text);
    correct.forget();
  },
});
showCommand("mnist");
new Service(byId("service"));
// Extras; the page draws and answers without them.
for (const extra of [compare, correct]) extra.start().catch(() => {});
