/**
 * The view Now: what the server does at this moment, and who is connected.
 *
 * @typedef {import("./figures.js").Figure} Figure
 * @typedef {import("./figures.js").Sample} Sample
 *
 * @typedef {object} ServerFacts
 * @property {string} version
 * @property {number} startedAt
 * @property {number} now
 * @property {string} path
 * @property {number} port
 * @property {boolean} secure
 * @property {string} auth
 * @property {boolean} discovery
 * @property {string} listener
 * @property {number} concurrentLimit
 * @property {string | null} node
 * @property {number} workers
 *
 * @typedef {{ readonly server: ServerFacts, readonly metrics: import("./figures.js").Metrics }} Stats
 *
 * @module
 */
import { messageOf } from "./api.js";
import { ClientTable } from "./clients.js";
import { el, nodeOf, setText, showItems } from "./dom.js";
import { figuresOf, total } from "./figures.js";
import { createPoll } from "./poll.js";
import { highest, sparkline, withSample } from "./series.js";
import { spanText } from "./words.js";

const PAUSE_MS = 1_000;
/** A rate is over so many samples: that of a single second jumps between none and one. */
const RATE_SAMPLES = 5;
/** The table is asked for at every so many samples. */
const TABLE_EVERY = 3;

export class NowView {
  #api;
  #onProblem;
  #facts = el("p", { class: "quiet" });
  #tiles = el("ul", { class: "tiles", "aria-label": "Figures, each with its last five minutes" });
  #poll = createPoll(() => this.#turn(), PAUSE_MS);
  /** How far the clock of the server is ahead of this one's. */
  #aheadMs = 0;
  #table;
  /** @type {Map<string, import("./series.js").Series>} */
  #series = new Map();
  /** The last samples, the oldest first. @type {readonly Sample[]} */
  #samples = [];
  #turns = 0;
  #silentSince = 0;

  /**
   * @param {HTMLElement} root
   * @param {import("./api.js").Api} api
   * @param {(problem: string) => void} onProblem Empty when the server answers.
   */
  constructor(root, api, onProblem) {
    this.#api = api;
    this.#onProblem = onProblem;
    this.#table = new ClientTable(api, () => Date.now() + this.#aheadMs);
    root.append(
      el("h1", { id: "now-title" }, "Now"),
      this.#facts,
      this.#tiles,
      this.#table.element,
    );
  }

  show() {
    this.#poll.start();
  }

  hide() {
    this.#poll.stop();
    // A rate over the time that nobody looked would look like one of this moment.
    this.#samples = [];
  }

  async #turn() {
    try {
      const stats = /** @type {Stats} */ (await this.#api.get("/api/stats"));
      if (this.#silentSince !== 0) this.#onProblem("");
      this.#silentSince = 0;
      this.#showStats(stats);
      if (this.#turns++ % TABLE_EVERY === 0) await this.#table.refresh();
    } catch (error) {
      for (const [key, values] of this.#series) this.#series.set(key, withSample(values, null));
      this.#silentSince ||= Date.now();
      const since = new Date(this.#silentSince).toLocaleTimeString("en-GB");
      this.#onProblem(
        `${messageOf(error)} So it is since ${since}; the page tries again each second.`,
      );
    }
  }

  /** @param {Stats} stats */
  #showStats({ server, metrics }) {
    this.#aheadMs = server.now - Date.now();
    setText(this.#facts, factsText(server, total(metrics, "signalbox_workers")));
    const now = { at: server.now, metrics };
    const before = this.#samples[0] ?? null;
    const figures = figuresOf(metrics);
    for (const { key, read } of figures) {
      const values = this.#series.get(key) ?? [];
      this.#series.set(key, withSample(values, read(now, before)));
    }
    showItems(this.#tiles, figures, {
      key: ({ key }) => key,
      make: tileOf,
      update: (tile, figure) => {
        const quiet = figure.more?.(now, before, server) ?? "";
        updateTile(tile, figure, this.#series.get(figure.key) ?? [], quiet);
      },
    });
    this.#samples = [...this.#samples, now].slice(-RATE_SAMPLES);
  }
}

/** @param {Figure} figure */
function tileOf({ title }) {
  return el(
    "li",
    { class: "tile" },
    el("h2", {}, title),
    el("p", { class: "big" }),
    el("p", { class: "quiet" }),
    el("div", { class: "spark" }),
    el("p", { class: "peak" }),
  );
}

/** @type {(tile: HTMLLIElement, figure: Figure, values: import("./series.js").Series, more: string) => void} */
function updateTile(tile, { text, isState = false }, values, more) {
  const [, big, quiet, spark, peak] = tile.children;
  const last = values.at(-1) ?? null;
  if (big !== undefined) setText(big, last === null ? "–" : text(last));
  if (quiet !== undefined) setText(quiet, more);
  spark?.replaceChildren(nodeOf(sparkline(values)));
  const most = highest(values);
  const span = spanText(values.length * PAUSE_MS);
  if (peak !== undefined) {
    setText(
      peak,
      isState
        ? `seen for ${span}`
        : most === null
        ? "not known yet"
        : `peak ${text(most)}, last ${span}`,
    );
  }
}

/**
 * @param {ServerFacts} server
 * @param {number | null} answering How many workers answer; `null` without workers.
 * @returns {string}
 */
function factsText(
  { version, startedAt, now, path, port, secure, auth, discovery, listener, node, workers },
  answering,
) {
  const scheme = secure ? "https" : "http";
  return [
    `signalbox ${version}, up for ${spanText(now - startedAt)}`,
    `${scheme} on port ${port}, path ${path}`,
    `auth ${auth}`,
    `discovery ${discovery ? "on" : "off"}`,
    `listener ${listener}`,
    ...(answering === null ? [] : [workersText(workers, answering)]),
    ...(node === null ? [] : [`node ${node}`]),
  ].join(" · ");
}

/**
 * @param {number} workers
 * @param {number} answering
 * @returns {string}
 */
function workersText(workers, answering) {
  return answering === workers ? `${workers} workers` : `${answering} of ${workers} workers answer`;
}
