// A look at the service: what it answered, how fast, and with which models.

import { reasonOf } from "./client.js";
import { digest, parseMetrics, quantile } from "./metrics.js";
import { collectsFeedback, listCorrections, listVersions } from "./models.js";

const EVERY_MS = 2000;
const KEPT = 61; // readings: two minutes
const WINDOW = 16; // of them for latencies: half a minute

const byId = (id) => document.getElementById(id);

function shortTime(seconds) {
  if (seconds === null) return "–";
  const ms = seconds * 1000;
  return ms < 1 ? `${Math.round(ms * 1000)} µs` : `${ms.toFixed(ms < 10 ? 1 : 0)} ms`;
}

const STATES = {
  AVAILABLE: "ready",
  START: "waits to be loaded",
  LOADING: "is being loaded",
  UNLOADING: "is being unloaded",
  END: "cannot be served",
};

export class Service {
  #readings = [];
  #timer = 0;
  #collects = collectsFeedback().catch(() => false);

  // Reads while `details` is open and the page is looked at.
  constructor(details) {
    const follow = () => {
      clearInterval(this.#timer);
      if (!details.open || document.hidden) return;
      this.#read();
      this.#timer = setInterval(() => this.#read(), EVERY_MS);
    };
    details.addEventListener("toggle", follow);
    document.addEventListener("visibilitychange", follow);
  }

  async #read() {
    try {
      const [response, versions] = await Promise.all([fetch("metrics"), listVersions()]);
      if (!response.ok) throw new Error(`The metrics answer with status ${response.status}.`);
      this.#readings.push({ time: performance.now(), ...digest(parseMetrics(await response.text())) });
      this.#readings = this.#readings.slice(-KEPT);
      this.#showModels(versions);
      this.#show();
      if (versions.length && (await this.#collects))
        this.#showCorrections(versions[0].model, await listCorrections(versions[0].model));
      byId("service-trouble").textContent = "";
    } catch (error) {
      byId("service-trouble").textContent = reasonOf(error);
    }
  }

  #show() {
    const now = this.#readings.at(-1);
    const before = this.#readings.at(-WINDOW) ?? this.#readings[0];
    const rates = this.#readings.slice(1).map((one, i) => {
      const last = this.#readings[i];
      return Math.max(0, (one.requests - last.requests) / ((one.time - last.time) / 1000));
    });
    byId("rate").textContent = rates.length ? rates.at(-1).toFixed(1) : "–";
    byId("total").textContent = `${now.requests} since its start, ${now.errors} refused`;
    this.#plot(rates);
    const lately = quantile(1, before.buckets, now.buckets) !== null;
    byId("since").textContent = lately ? "in the last half minute" : "since its start";
    for (const share of [50, 90, 99])
      byId(`p${share}`).textContent = shortTime(
        quantile(share / 100, lately ? before.buckets : [], now.buckets),
      );
    const most = Math.max(1, ...now.digits);
    byId("digits").replaceChildren(
      ...now.digits.map((count, digit) => {
        const item = byId("digit-of").content.firstElementChild.cloneNode(true);
        item.style.setProperty("--share", count / most);
        item.querySelector(".value").textContent = count || "";
        item.querySelector("b").textContent = digit;
        return item;
      }),
    );
  }

  #plot(rates) {
    const most = Math.max(1, ...rates);
    const points = rates.map((rate, i) => {
      const x = 240 - (rates.length - 1 - i) * (240 / (KEPT - 2));
      return `${x.toFixed(1)} ${(58 - (56 * rate) / most).toFixed(1)}`;
    });
    byId("rates").setAttribute("d", points.length ? `M${points.join("L")}` : "");
  }

  // Rows: what it was; columns: what it was read as.
  #showCorrections(model, summary) {
    byId("corrections").hidden = !summary;
    if (!summary) return;
    const { total, right } = summary;
    byId("corrected").textContent = `${model}: ${total} noted, of which ${right} confirm the answer.`;
    const cell = (kind, text, share) => {
      const element = document.createElement(kind);
      element.textContent = text;
      if (share) element.style.setProperty("--share", share);
      return element;
    };
    const most = Math.max(1, ...summary.confusion.flat());
    const rows = summary.confusion.map((counts, truth) => {
      const row = document.createElement("tr");
      const head = cell("th", truth);
      head.scope = "row";
      row.append(head, ...counts.map((count) => cell("td", count || "", count / most)));
      return row;
    });
    byId("confusion").replaceChildren(...rows);
  }

  #showModels(versions) {
    const items = versions.map(({ model, version, state }) => {
      const item = document.createElement("li");
      item.textContent = `${model}, version ${version}: ${STATES[state] ?? state}`;
      return item;
    });
    byId("models").replaceChildren(...items);
  }
}
