// Asks the server about the newest picture. One request is under way at a time; of those that
// wait, only the newest is sent.

const TIMEOUT_MS = 10_000;
const RETRY_MS = [250, 500, 1000, 2000];
const NAME_IF_UNKNOWN = "mnist";

const UNREACHABLE = "The server cannot be reached. Trying again…";
const SILENT = "The server does not answer. Trying again…";
const UNCLEAR = "The server’s answer cannot be understood.";

// What went wrong, in a sentence for the reader; `passing` if asking again may help.
class Trouble extends Error {
  constructor(text, passing) {
    super(text);
    this.passing = passing;
  }
}

async function troubleOf(response) {
  const passing = response.status >= 500 || response.status === 429;
  const body = await response.json().catch(() => null);
  const text = body?.error ?? `The server answered with status ${response.status}.`;
  return new Trouble(String(text), passing);
}

export class Client {
  #fetch;
  #onAnswer;
  #onTrouble;
  #model = null;
  #waiting = null;
  #underWay = null;
  #retry = 0;
  #failures = 0;

  // onAnswer(prediction, {name, version}, milliseconds); onTrouble(sentence).
  constructor({ fetch, onAnswer, onTrouble }) {
    this.#fetch = fetch;
    this.#onAnswer = onAnswer;
    this.#onTrouble = onTrouble;
  }

  // `picture` is called for the PNG bytes at the moment they are sent.
  ask(picture) {
    this.#waiting = picture;
    if (!this.#retry) this.#next();
  }

  // No answer is wanted any more.
  forget() {
    this.#waiting = null;
    this.#stopRetry();
    this.#underWay?.abort();
    this.#underWay = null;
  }

  // The network is back: no need to wait.
  hurry() {
    this.#stopRetry();
    this.#next();
  }

  #stopRetry() {
    clearTimeout(this.#retry);
    this.#retry = 0;
  }

  async #next() {
    if (this.#underWay || !this.#waiting) return;
    const picture = this.#waiting;
    const underWay = new AbortController();
    this.#waiting = null;
    this.#underWay = underWay;
    const timeout = setTimeout(() => underWay.abort(new Trouble(SILENT, true)), TIMEOUT_MS);
    try {
      const answer = await this.#exchange(picture, underWay.signal);
      if (this.#underWay === underWay) this.#succeed(answer);
    } catch (error) {
      if (this.#underWay === underWay) this.#fail(error, picture);
    } finally {
      clearTimeout(timeout);
    }
    if (this.#underWay !== underWay) return;
    this.#underWay = null;
    if (!this.#retry) this.#next();
  }

  #succeed({ body, milliseconds }) {
    this.#failures = 0;
    const model = { name: body.model_name, version: body.model_version };
    this.#onAnswer(body.predictions[0], model, milliseconds);
  }

  #fail(error, picture) {
    const trouble = error instanceof Trouble ? error : new Trouble(UNREACHABLE, true);
    this.#model = null;
    this.#onTrouble(trouble.message);
    if (!trouble.passing) return;
    this.#waiting ??= picture;
    const pause = RETRY_MS[Math.min(this.#failures++, RETRY_MS.length - 1)];
    this.#retry = setTimeout(() => this.hurry(), pause);
  }

  async #exchange(picture, signal) {
    this.#model ??= await this.#findModel(signal);
    const url = `v1/models/${encodeURIComponent(this.#model)}:predict`;
    const start = performance.now();
    const response = await this.#fetch(url, {
      method: "POST",
      headers: { "Content-Type": "image/png" },
      body: picture(),
      signal,
    });
    if (!response.ok) throw await troubleOf(response);
    const body = await response.json().catch(() => null);
    const milliseconds = performance.now() - start;
    if (!body?.predictions?.[0]?.verdict) throw new Trouble(UNCLEAR, false);
    return { body, milliseconds };
  }

  async #findModel(signal) {
    const response = await this.#fetch("v1/models", { signal });
    if (response.status >= 500) throw await troubleOf(response);
    const body = response.ok ? await response.json().catch(() => null) : null;
    return body?.models?.[0] ?? NAME_IF_UNKNOWN;
  }
}
