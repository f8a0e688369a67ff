// Node's fetch (undici) against a server: node fetch.mjs URL PICTURE, and an image as JSON on
// standard input. Prints what came back of each way to ask.
import { readFileSync } from "node:fs";

const [url, picture] = process.argv.slice(2);
const row = JSON.parse(readFileSync(0, "utf8"));
const predict = `${url}v1/models/mnist:predict`;
const body = JSON.stringify({ instances: [row] });

async function ask(options) {
  const response = await fetch(predict, { method: "POST", ...options });
  return { status: response.status, answer: await response.json() };
}

function pieces(text, size) {
  const bytes = new TextEncoder().encode(text);
  let at = 0;
  return new ReadableStream({
    pull(controller) {
      controller.enqueue(bytes.slice(at, (at += size)));
      if (at >= bytes.length) controller.close();
    },
  });
}

const form = new FormData();
form.append("picture", new Blob([readFileSync(picture)], { type: "image/png" }), "a.png");
const many = await Promise.all(Array.from({ length: 200 }, () => ask({ body })));
const head = await fetch(`${url}v2`, { method: "HEAD" });

console.log(
  JSON.stringify({
    many: many.map((one) => one.status),
    row: many[0].answer,
    streamed: await ask({ body: pieces(body, 100), duplex: "half" }),
    form: await ask({ body: form }),
    refused: await ask({ body: "{" }),
    head: head.status,
  }),
);
