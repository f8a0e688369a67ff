// Asks the server about the newest drawing. One request is under way at a time; of those that
// wait, only the newest is sent.

const TIMEOUT_MS = 10_000;
const RETRY_MS = [250, 500, 1000, 2000];
const NAME_IF_UNKNOWN = "mnist";

const UNREACHABLE = "The server cannot be reached. Trying again…";
const SILENT = "The server does not answer. Trying again…";
const UNCLEAR = "The server’s answer cannot be understood.";

// What went wrong, in a sentence for the reader; `passing` if asking again may help.
export class Trouble extends Error {
  constructor(text, passing) {
    super(text);
    this.passing = passing;
  }
}

// Why fetch() or what came after it failed.
export function reasonOf(error) {
  return error instanceof TypeError ? "The server cannot be reached." : error.message;
}

export async function troubleOf(response) {
  const passing = response.status >= 500 || response.status === 429;
  const body = await response.json().catch(() => null);
  const text = body?.error ?? `The server answered with status ${response.status}.`;
  return new Trouble(String(text), passing);
}

// The relative URL of a question: {number, why} say what is asked of `model`, or of one version.
export function urlOf(model, { number, why }, version) {
  const of = version ? `/versions/${encodeURIComponent(version)}` : "";
  const verb = why ? "explain" : "predict";
  return `v1/models/${encodeURIComponent(model)}${of}:${verb}${number ? "?number=true" : ""}`;
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

  // onAnswer({predictions, model: {name, version}, milliseconds, timing}, question);
  // onTrouble(sentence).
  constructor({ fetch, onAnswer, onTrouble }) {
    this.#fetch = fetch;
    this.#onAnswer = onAnswer;
    this.#onTrouble = onTrouble;
  }

  // `question` is called for {type, body, number, why} at the moment it is sent.
  ask(question) {
    this.#waiting = question;
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
    const question = this.#waiting;
    const underWay = new AbortController();
    this.#waiting = null;
    this.#underWay = underWay;
    const timeout = setTimeout(() => underWay.abort(new Trouble(SILENT, true)), TIMEOUT_MS);
    try {
      const [answer, asked] = await this.#exchange(question, underWay.signal);
      if (this.#underWay === underWay) {
        this.#failures = 0;
        this.#onAnswer(answer, asked);
      }
    } catch (error) {
      if (this.#underWay === underWay) this.#fail(error, question);
    } finally {
      clearTimeout(timeout);
    }
    if (this.#underWay !== underWay) return;
    this.#underWay = null;
    if (!this.#retry) this.#next();
  }

  #fail(error, question) {
    const trouble = error instanceof Trouble ? error : new Trouble(UNREACHABLE, true);
    this.#model = null;
    this.#onTrouble(trouble.message);
    if (!trouble.passing) return;
    this.#waiting ??= question;
    const pause = RETRY_MS[Math.min(this.#failures++, RETRY_MS.length - 1)];
    this.#retry = setTimeout(() => this.hurry(), pause);
  }

  async #exchange(question, signal) {
    this.#model ??= await this.#findModel(signal);
    const asked = question();
    const start = performance.now();
    const response = await this.#fetch(urlOf(this.#model, asked), {
      method: "POST",
      headers: { "Content-Type": asked.type },
      body: asked.body,
      signal,
    });
    if (!response.ok) throw await troubleOf(response);
    const body = await response.json().catch(() => null);
    const milliseconds = performance.now() - start;
    const predictions = body?.predictions ?? body?.explanations;
    if (!predictions?.[0]?.verdict) throw new Trouble(UNCLEAR, false);
    const model = { name: body.model_name, version: body.model_version };
    const timing = response.headers.get("Server-Timing");
    return [{ predictions, model, milliseconds, timing }, asked];
  }

  async #findModel(signal) {
    const response = await this.#fetch("v1/models", { signal });
    if (response.status >= 500) throw await troubleOf(response);
    const body = response.ok ? await response.json().catch(() => null) : null;
    return body?.models?.[0] ?? NAME_IF_UNKNOWN;
  }
}
