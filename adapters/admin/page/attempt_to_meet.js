/**
 * One click of "Let two peers meet": makes the clients, collects what passes between them and the server, and says
 * what came of it.
 *
 * @typedef {import("./capture.js").Seen} Seen
 * @typedef {import("./conversation.js").Conversation} Conversation
 * @typedef {import("./conversation.js").Happening} Happening
 * @typedef {import("./explain.js").Explanation} Explanation
 * @typedef {import("./explain.js").Stage} Stage
 * @typedef {import("./meeting.js").Client} Client
 *
 * @typedef {object} Plan
 * @property {new (id: string, options: object) => Client} Peer
 * @property {readonly [string, string]} ids
 * @property {readonly object[]} options Of each client.
 * @property {string} url
 * @property {"jwt" | "none"} auth
 * @property {boolean} hasTokens
 * @property {readonly string[]} turnUrls The TURN servers that alone are used; empty if other ways count too.
 * @property {(conversation: Conversation, stage: Stage) => void} onChange
 *
 * @typedef {import("./ice.js").Pair} Pair
 * @typedef {{ ok: true, helloMs: number, allMs: number, pair: Pair | null }} Success
 * @typedef {{ ok: false, explanation: Explanation, closed: number | null }} Failure
 * @typedef {Success | Failure} Result
 *
 * @module
 */
import { captureSockets } from "./capture.js";
import { EVENTS_MAX } from "./conversation.js";
import { explain } from "./explain.js";
import { candidateType, clientKey, happeningOf, SERVER } from "./frames.js";
import { GREETING, meet, MeetingError } from "./meeting.js";
import { durationText } from "./words.js";

const now = () => performance.now();

const CLOSE_MAX_MS = 1_000;

/** The errors of the client that pass on what the server said. */
const OF_SERVER = new Set(["server-error", "unavailable-id", "invalid-key"]);

export class Attempt {
  #plan;
  #parties;
  #stop = new AbortController();
  #release;
  #clients;
  #begun = now();
  /** @type {Happening[]} */
  #events = [];
  /** @type {Stage} */
  #stage = "open";
  /** The close that nobody here asked for. @type {Seen | null} */
  #closed = null;
  #isForbidden = false;
  #candidates = 0;
  #isEnding = false;

  /** @param {Plan} plan */
  constructor(plan) {
    const { Peer, ids: [first, second], options } = plan;
    this.#plan = plan;
    this.#parties = [
      { key: clientKey(first), name: first },
      { key: SERVER, name: "server" },
      { key: clientKey(second), name: second },
    ];
    // A socket that the policy of the page stops may never report its end.
    document.addEventListener("securitypolicyviolation", this.#forbid);
    this.#release = captureSockets(globalThis, now, (seen) => this.#see(seen));
    this.#clients = /** @type {const} */ ([
      new Peer(first, options[0] ?? {}),
      new Peer(second, options[1] ?? {}),
    ]);
  }

  /** @returns {Promise<Result>} */
  async run() {
    const { ids: [first, second], onChange } = this.#plan;
    let allMs = 0;
    try {
      const { helloMs, pair } = await meet({
        ...{ clients: this.#clients, secondId: second, now, signal: this.#stop.signal },
        onStage: (stage) => {
          this.#stage = stage;
          onChange(this.#conversation(), stage);
        },
        onGreeting: (at, ms) => {
          allMs = at - this.#begun;
          const note = `${durationText(ms)}, without the server`;
          const [from, to] = [clientKey(first), clientKey(second)];
          this.#add({ at, from, to, label: `"${GREETING}"`, note, kind: "data" });
        },
      });
      return { ok: true, helloMs, pair, allMs };
    } catch (error) {
      if (!(error instanceof MeetingError)) throw error;
      // The client reports an error of the server before the close whose code says more.
      if (OF_SERVER.has(error.error?.type ?? "")) await this.#waitForClose();
      this.end();
      return await this.#failure(error);
    }
  }

  /** @returns {Promise<void>} */
  #waitForClose() {
    return new Promise((resolve) => {
      if (this.#stop.signal.aborted) return resolve();
      this.#stop.signal.addEventListener("abort", () => resolve());
      setTimeout(resolve, CLOSE_MAX_MS);
    });
  }

  /** Ends the clients. What they still say is drawn. */
  end() {
    if (this.#isEnding) return;
    this.#isEnding = true;
    document.removeEventListener("securitypolicyviolation", this.#forbid);
    this.#release();
    for (const client of this.#clients) client.destroy();
  }

  /**
   * @param {MeetingError} error
   * @returns {Promise<Result>}
   */
  async #failure({ stage, error }) {
    const { url, auth, hasTokens, turnUrls } = this.#plan;
    const closed = this.#closed;
    const explanation = explain({
      ...{ stage, url, auth, hasTokens, turnUrls, error, closed },
      candidates: this.#candidates,
      origin: location.origin,
      probe: this.#isForbidden ? "forbidden" : closed === null ? "unknown" : await probe(url),
    });
    return { ok: false, explanation, closed: closed?.code ?? null };
  }

  #forbid = () => {
    this.#isForbidden = true;
    this.#stop.abort();
  };

  /** @param {Seen} seen */
  #see(seen) {
    this.#add(happeningOf(seen));
    if (seen.what === "sent" && isCandidate(seen.text)) this.#candidates++;
    if (seen.what !== "closed" || this.#isEnding) return;
    this.#closed ??= seen;
    this.#stop.abort();
  }

  /** @param {Happening | null} event */
  #add(event) {
    // A bound: two that stay connected could send frames for days.
    if (event === null || this.#events.length >= EVENTS_MAX) return;
    this.#events.push(event);
    this.#plan.onChange(this.#conversation(), this.#stage);
  }

  /** @returns {Conversation} */
  #conversation() {
    return { parties: this.#parties, events: [...this.#events] };
  }
}

/**
 * @param {string} text
 * @returns {boolean}
 */
function isCandidate(text) {
  try {
    return candidateType(JSON.parse(text).payload) !== null;
  } catch {
    return false;
  }
}

const PROBE_MAX_MS = 3_000;

/**
 * Whether the server answers a plain request: of a socket that does not open a page learns nothing.
 *
 * @param {string} url
 * @returns {Promise<"answers" | "silent">}
 */
async function probe(url) {
  try {
    // Without "no-cors" an answer without CORS headers, of a proxy for instance, would look like silence.
    await fetch(url, {
      mode: "no-cors",
      signal: AbortSignal.timeout(PROBE_MAX_MS),
      cache: "no-store",
    });
    return "answers";
  } catch {
    return "silent";
  }
}
