/**
 * The view Why: the last attempts of clients to connect, what came of each, and what to do about it.
 *
 * @typedef {Readonly<Record<"host" | "srflx" | "prflx" | "relay", number>>} Candidates
 * @typedef {{ readonly candidates: Candidates, readonly descriptions: number }} Side
 *
 * @typedef {object} AttemptEvent
 * @property {number} at
 * @property {"caller" | "callee" | "server"} from
 * @property {"caller" | "callee" | "server"} to
 * @property {string} what
 * @property {string} note
 *
 * @typedef {object} Attempt
 * @property {number} id
 * @property {string} caller
 * @property {string} callee
 * @property {"data" | "media" | null} connection
 * @property {number} startedAt
 * @property {number} updatedAt
 * @property {"open" | "settled"} state
 * @property {string} outcome
 * @property {string} summary
 * @property {readonly { readonly text: string, readonly todo: string, readonly sure: "certain" | "likely" | "possible"
 *   }[]} advice
 * @property {{ readonly caller: Side, readonly callee: Side }} sides
 * @property {readonly AttemptEvent[]} events
 *
 * @typedef {{ readonly forgotten: number, readonly overlooked: number }} Unseen
 * @typedef {Unseen & { readonly startedAt: number, readonly attempts: readonly Attempt[] }} Attempts When
 *   the server started, ids begin again.
 *
 * @module
 */
import { messageOf } from "./api.js";
import { createDiagramView } from "./diagram_view.js";
import { el, setText, showItems, tableHead } from "./dom.js";
import { createPoll } from "./poll.js";
import { agoText, countText, visible } from "./words.js";

const PAUSE_MS = 2_000;
const FEW = 50;
const MOST = 200;

const LEAD =
  "The last attempts of one peer to reach another, the newest first. The server sees offers, answers and " +
  "types of candidates, and concludes the rest: whether the peers are connected only they know.";

export class WhyView {
  #api;
  #onProblem;
  #peer = el("input", {
    ...{ id: "why-peer", type: "search", autocomplete: "off", spellcheck: "false" },
    oninput: () => this.#turn(),
  });
  #count = el("p", { class: "quiet", role: "status" });
  #list = el("ol", { class: "attempts", "aria-labelledby": "why-title" });
  #more = el("button", { hidden: true, onclick: () => this.#showMore() }, "Show more");
  #limit = FEW;
  #asked = 0;
  #poll = createPoll(() => this.#turn(), PAUSE_MS);

  /**
   * @param {HTMLElement} root
   * @param {import("./api.js").Api} api
   * @param {(problem: string) => void} onProblem Empty when the server answers.
   */
  constructor(root, api, onProblem) {
    this.#api = api;
    this.#onProblem = onProblem;
    root.append(
      el("h1", { id: "why-title" }, "Why did they not connect?"),
      el("p", { class: "lead" }, LEAD),
      el(
        "div",
        { class: "field" },
        el("label", { for: "why-peer" }, "Only of peers with this in their id"),
        this.#peer,
      ),
      this.#count,
      this.#list,
      el("p", { class: "row" }, this.#more),
    );
  }

  show() {
    this.#poll.start();
  }

  hide() {
    this.#poll.stop();
  }

  #showMore() {
    this.#limit = MOST;
    this.#turn();
  }

  async #turn() {
    const own = ++this.#asked;
    const query = new URLSearchParams({ limit: String(this.#limit) });
    if (this.#peer.value !== "") query.set("peer", this.#peer.value);
    try {
      const found = /** @type {Attempts} */ (await this.#api.get(`/api/attempts?${query}`));
      this.#onProblem("");
      if (own === this.#asked) this.#showAttempts(found);
    } catch (error) {
      this.#onProblem(`${messageOf(error)} The page tries again.`);
    }
  }

  /** @param {Attempts} found */
  #showAttempts({ attempts, startedAt, ...unseen }) {
    const now = Date.now();
    setText(this.#count, countOf(attempts.length, unseen, this.#peer.value));
    this.#more.hidden = attempts.length < this.#limit || this.#limit === MOST;
    showItems(this.#list, attempts, {
      key: ({ id }) => `${startedAt} ${id}`,
      make: createEntry,
      update: (entry, attempt) => UPDATES.get(entry)?.(attempt, now),
    });
  }
}

/** @type {(count: number, unseen: Unseen, peer: string) => string} */
function countOf(count, { forgotten, overlooked }, peer) {
  const whose = peer === "" ? "" : ` of peers with "${visible(peer)}"`;
  if (count === 0) return `No attempt${whose} yet.`;
  const older = forgotten === 0
    ? ""
    : `; ${countText(forgotten, "older one is", "older ones are")} forgotten`;
  const busy = overlooked === 0
    ? ""
    : `; ${countText(overlooked, "message was", "messages were")} too many at once to be read`;
  return `${countText(count, "attempt")}${whose}${older}${busy}.`;
}

/**
 * How each entry takes a newer version of its attempt.
 *
 * @type {WeakMap<Element, (attempt: Attempt, now: number) => void>}
 */
const UPDATES = new WeakMap();

/**
 * @param {Attempt} attempt
 * @returns {HTMLLIElement}
 */
function createEntry(attempt) {
  const badge = el("span");
  const when = el("span", { class: "quiet" });
  const summary = el("span", { class: "summary" });
  const body = el("div", { class: "body" });
  const view = createDiagramView("What the server saw of this attempt");
  const details = el(
    "details",
    { ontoggle: () => fill() },
    el(
      "summary",
      {},
      el(
        "span",
        { class: "line" },
        el("span", { class: "who" }, name(attempt.caller), " → ", name(attempt.callee)),
        badge,
        when,
        summary,
      ),
    ),
    body,
  );
  const entry = el("li", {}, details);
  let last = attempt;
  let shown = "";

  function fill() {
    if (!details.open) return;
    // Advice changes without a message too, and the same instant can differ by a millisecond in two answers.
    const { advice, events, sides } = last;
    const content = JSON.stringify([advice, sides, events.map(({ what, note }) => [what, note])]);
    if (content === shown) return;
    shown = content;
    body.replaceChildren(...adviceOf(last), view.element, candidateTable(last));
    view.show(conversationOf(last));
  }

  UPDATES.set(entry, (next, now) => {
    last = next;
    const { connection, outcome, advice, state, updatedAt } = next;
    setText(badge, outcome.replaceAll(/[-_]/g, " "));
    badge.className = `badge ${state === "open" ? "" : colorOf(advice)}`;
    setText(when, `${connection === null ? "" : `${connection}, `}${agoText(updatedAt, now)}`);
    setText(summary, visible(next.summary));
    fill();
  });
  return entry;
}

/**
 * How bad a settled attempt looks: what is only possible is no failure.
 *
 * @param {Attempt["advice"]} advice
 * @returns {string}
 */
function colorOf(advice) {
  const sures = advice.map(({ sure }) => sure);
  return sures.includes("certain") ? "bad" : sures.includes("likely") ? "doubt" : "good";
}

/**
 * An id, isolated from the direction of what stands around it.
 *
 * @param {string} id
 * @returns {HTMLElement}
 */
function name(id) {
  return el("bdi", { class: "id" }, visible(id));
}

/**
 * A text that breaks after the points of a long name, such as `connection.peerConnection`, not within its words.
 *
 * @param {string} text
 * @returns {readonly (Node | string)[]}
 */
function breakable(text) {
  return text.split(/(?<=\w\.)(?=\w)/).flatMap((part, i) => i === 0 ? [part] : [el("wbr"), part]);
}

/**
 * @param {Attempt} attempt
 * @returns {readonly Node[]}
 */
function adviceOf({ advice }) {
  if (advice.length === 0) return [];
  const items = advice.map(({ text, todo, sure }) =>
    el(
      "li",
      {},
      el("span", { class: `sure ${sure}` }, sure),
      el("strong", {}, visible(text)),
      el("p", {}, ...breakable(visible(todo))),
    )
  );
  return [el("ul", { class: "advice", "aria-label": "Advice" }, ...items)];
}

/**
 * @param {Attempt} attempt
 * @returns {import("./conversation.js").Conversation}
 */
export function conversationOf({ caller, callee, events }) {
  return {
    parties: [
      { key: "caller", name: caller },
      { key: "server", name: "server" },
      { key: "callee", name: callee },
    ],
    events: events.map(({ at, from, to, what, note }) => ({
      ...{ at, from, to, label: what, note },
      ...(what === "EXPIRE" ? { kind: "fault" } : {}),
    })),
  };
}

/**
 * @param {Attempt} attempt
 * @returns {HTMLElement}
 */
function candidateTable({ caller, callee, sides }) {
  /** @type {readonly (readonly [keyof Candidates, string])[]} */
  const types = [["host", "own"], ["srflx", "by STUN"], ["prflx", "met on the way"], [
    "relay",
    "by TURN",
  ]];
  const head = [
    "Candidates",
    ...types.map(([type, words]) => `${type} (${words})`),
    "Descriptions",
  ];
  /** @type {readonly (readonly [string, Side])[]} */
  const rows = [[caller, sides.caller], [callee, sides.callee]];
  return el(
    "table",
    { class: "cards", role: "table", "aria-label": "Candidates of each side, by type" },
    tableHead(head),
    el(
      "tbody",
      { role: "rowgroup" },
      ...rows.map(([id, { candidates, descriptions }]) => {
        const values = [...types.map(([type]) => candidates[type]), descriptions];
        return el(
          "tr",
          { role: "row" },
          el("th", { scope: "row", role: "rowheader", class: "id" }, visible(id)),
          ...values.map((value, i) =>
            el("td", { role: "cell", "data-label": head[i + 1] ?? "" }, String(value))
          ),
        );
      }),
    ),
  );
}
