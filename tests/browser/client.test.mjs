import assert from "node:assert/strict";
import test from "node:test";

import { Client, urlOf } from "../../web/client.js";

const settle = () => new Promise((done) => setTimeout(done, 5));
const json = (body, status = 200) => new Response(JSON.stringify(body), { status });
const answer = (digit) =>
  json({ model_name: "m", model_version: "1", predictions: [{ verdict: "digit", digit }] });

// A server that answers a prediction when it is told to.
class Server {
  models = () => json({ models: ["m"] });
  asked = [];

  fetch = async (url, { method = "GET", body, signal }) => {
    if (method === "GET") return this.models();
    return new Promise((resolve, reject) => {
      signal.addEventListener("abort", () => reject(signal.reason));
      this.asked.push({ url, body, resolve, reject });
    });
  };
}

const drawn = (body) => ({ type: "application/json", body });

// A client that stops asking when the test ends.
function start(t, server = new Server()) {
  const heard = [];
  const client = new Client({
    fetch: server.fetch,
    onAnswer: ({ predictions }) => heard.push(predictions[0].digit),
    onTrouble: (text) => heard.push(text),
  });
  t.after(() => client.forget());
  return { client, server, heard };
}

test("one request is under way, and the newest of the waiting follows", async (t) => {
  const { client, server, heard } = start(t);
  for (const picture of ["a", "b", "c"]) client.ask(() => drawn(picture));
  await settle();
  client.ask(() => drawn("d"));
  assert.deepEqual(server.asked.map(({ body }) => body), ["a"]);
  server.asked[0].resolve(answer(1));
  await settle();
  assert.deepEqual(server.asked.map(({ body }) => body), ["a", "d"]);
  server.asked[1].resolve(answer(2));
  await settle();
  assert.deepEqual(heard, [1, 2]);
  assert.equal(server.asked.length, 2);
});

test("the model's name is asked for, once, and is part of a relative URL", async (t) => {
  const server = new Server();
  let times = 0;
  server.models = () => {
    times++;
    return json({ models: ["my digits", "other"] });
  };
  const { client } = start(t, server);
  client.ask(() => drawn("a"));
  await settle();
  server.asked[0].resolve(answer(1));
  await settle();
  client.ask(() => drawn("b"));
  await settle();
  assert.deepEqual(server.asked.map(({ url }) => url), Array(2).fill("v1/models/my%20digits:predict"));
  assert.equal(times, 1);
});

test("a server that does not name its models is asked for mnist", async (t) => {
  const server = new Server();
  server.models = () => json({ error: "not found" }, 404);
  const { client } = start(t, server);
  client.ask(() => drawn("a"));
  await settle();
  assert.equal(server.asked[0].url, "v1/models/mnist:predict");
});

test("a forgotten question has no answer", async (t) => {
  const { client, server, heard } = start(t);
  client.ask(() => drawn("a"));
  await settle();
  client.forget();
  server.asked[0].resolve(answer(1));
  await settle();
  assert.deepEqual(heard, []);
  client.ask(() => drawn("b"));
  await settle();
  server.asked[1].resolve(answer(2));
  await settle();
  assert.deepEqual(heard, [2]);
});

test("an unreachable server is asked again by itself, about the newest picture", async (t) => {
  const { client, server, heard } = start(t);
  let picture = "old";
  client.ask(() => drawn(picture));
  await settle();
  server.asked[0].reject(new TypeError("failed to fetch"));
  await settle();
  assert.match(heard[0], /cannot be reached/);
  picture = "new";
  client.ask(() => drawn(picture));
  await settle();
  assert.equal(server.asked.length, 1, "no hurry while it waits to try again");
  client.hurry();
  await settle();
  assert.equal(server.asked[1].body, "new");
  server.asked[1].resolve(answer(3));
  await settle();
  assert.equal(heard.at(-1), 3);
});

test("the pause before trying again ends by itself", async (t) => {
  const { client, server, heard } = start(t);
  client.ask(() => drawn("a"));
  await settle();
  server.asked[0].reject(new TypeError("failed to fetch"));
  await new Promise((done) => setTimeout(done, 400));
  assert.equal(server.asked.length, 2);
  server.asked[1].resolve(answer(4));
  await settle();
  assert.equal(heard.at(-1), 4);
});

test("the server's own sentence is shown; a refusal is not tried again", async (t) => {
  const { client, server, heard } = start(t);
  client.ask(() => drawn("a"));
  await settle();
  server.asked[0].resolve(json({ error: "the body is no PNG" }, 400));
  await new Promise((done) => setTimeout(done, 400));
  assert.deepEqual(heard, ["the body is no PNG"]);
  assert.equal(server.asked.length, 1);
});

test("an overloaded server is tried again", async (t) => {
  const { client, server, heard } = start(t);
  client.ask(() => drawn("a"));
  await settle();
  server.asked[0].resolve(new Response("<html>", { status: 503 }));
  await new Promise((done) => setTimeout(done, 400));
  assert.deepEqual(heard, ["The server answered with status 503."]);
  assert.equal(server.asked.length, 2);
});

test("an answer of another form is not believed", async (t) => {
  const { client, server, heard } = start(t);
  client.ask(() => drawn("a"));
  await settle();
  server.asked[0].resolve(json({ predictions: [7] }));
  await settle();
  assert.match(heard[0], /cannot be understood/);
});

test("what is asked shapes the URL", () => {
  assert.equal(urlOf("m", { number: true }), "v1/models/m:predict?number=true");
  assert.equal(urlOf("m", { why: true }), "v1/models/m:explain");
  assert.equal(urlOf("a b", { number: true, why: true }, "2"), "v1/models/a%20b/versions/2:explain?number=true");
});

test("an explanation is an answer, and the server's own split comes with it", async (t) => {
  const server = new Server();
  const heard = [];
  const client = new Client({
    fetch: server.fetch,
    onAnswer: (given, asked) => heard.push(given, asked),
    onTrouble: (text) => heard.push(text),
  });
  t.after(() => client.forget());
  client.ask(() => ({ ...drawn("a"), why: true }));
  await settle();
  const body = { model_name: "m", model_version: "1", explanations: [{ verdict: "digit", digit: 4 }] };
  const headers = { "Server-Timing": "predict;dur=0.3" };
  server.asked[0].resolve(new Response(JSON.stringify(body), { headers }));
  await settle();
  assert.equal(heard[0].predictions[0].digit, 4);
  assert.equal(heard[0].timing, "predict;dur=0.3");
  assert.equal(heard[1].why, true);
});
