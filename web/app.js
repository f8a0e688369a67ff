// The page: pen to drawing, drawing to sheet and server, server to answer.

import { Answer } from "./answer.js";
import { Client } from "./client.js";
import { Drawing } from "./drawing.js";
import { isDot } from "./geometry.js";
import { followKeys, followPointer } from "./pen.js";
import { pictureOf } from "./picture.js";
import { Sheet } from "./sheet.js";

const byId = (id) => document.getElementById(id);
const canvas = byId("sheet");
const drawing = new Drawing();
const sheet = new Sheet(canvas, drawing);
const answer = new Answer();

// How to ask the same from a shell.
function showCommand(model) {
  const url = new URL(`v1/models/${encodeURIComponent(model)}:predict`, document.baseURI);
  const lines = ["curl -H 'Content-Type: image/png' \\", "--data-binary @digit.png \\", url.href];
  byId("curl").textContent = lines.join("\n");
}

const client = new Client({
  fetch: (...request) => fetch(...request),
  onAnswer: (prediction, model, milliseconds) => {
    answer.show(prediction, model, milliseconds);
    showCommand(model.name);
  },
  onTrouble: (text) => answer.trouble(text),
});

const buttons = {
  undo: () => drawing.undo(),
  redo: () => drawing.redo(),
  clear: () => drawing.clear(),
};

function commandOf(event) {
  if (event.altKey) return null;
  if (event.key.toLowerCase() === "z") return event.shiftKey ? "redo" : "undo";
  if (event.ctrlKey || event.metaKey) return null;
  return ["Escape", "Delete"].includes(event.key) ? "clear" : null;
}

let frame = 0;

// Once per frame is often enough to ask.
function answerSoon() {
  frame ||= requestAnimationFrame(() => {
    frame = 0;
    if (drawing.isEmpty || isDot(drawing.strokes)) return;
    client.ask(() => pictureOf(drawing.strokes));
  });
}

drawing.addEventListener("change", () => {
  // Not `disabled`: that would take the focus away from whoever has just pressed it.
  byId("undo").setAttribute("aria-disabled", !drawing.canUndo);
  byId("redo").setAttribute("aria-disabled", !drawing.canRedo);
  byId("clear").setAttribute("aria-disabled", drawing.isEmpty);
  byId("hint").hidden = !drawing.isEmpty;
  if (!drawing.isEmpty && !isDot(drawing.strokes)) {
    answerSoon();
    return;
  }
  client.forget();
  if (drawing.isEmpty) answer.empty();
  else answer.dot();
});

for (const [name, act] of Object.entries(buttons)) byId(name).addEventListener("click", act);
document.addEventListener("keydown", (event) => {
  const command = commandOf(event);
  if (!command) return;
  event.preventDefault();
  buttons[command]();
});
addEventListener("online", () => client.hurry());

followPointer(canvas, drawing);
followKeys(canvas, drawing, sheet);
showCommand("mnist");
