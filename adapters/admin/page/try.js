/**
 * The view Try: two clients meet in this page, and every frame is drawn.
 *
 * @typedef {import("./snippet.js").Place} Place
 *
 * @typedef {object} Target What `/api/try` answers.
 * @property {string} path
 * @property {string} key
 * @property {number} port
 * @property {boolean} secure
 * @property {string | null} host
 * @property {"none" | "jwt"} auth
 * @property {Readonly<Record<string, string>> | null} tokens
 *
 * @module
 */
import { messageOf } from "./api.js";
import { Attempt } from "./attempt_to_meet.js";
import { createDiagramView } from "./diagram_view.js";
import { el, setText } from "./dom.js";
import { iceFor, wayText } from "./ice.js";
import { clientOptions, snippetFor } from "./snippet.js";
import { createSnippetView } from "./snippet_view.js";
import { createTryForm } from "./try_form.js";
import { durationText, visible } from "./words.js";

const LEAD =
  "Two PeerJS clients in this page meet through the server. You see every frame, and then they talk " +
  "without it.";

const NO_SCRIPT = {
  what: "The PeerJS client did not load from /peerjs.min.js.",
  todo: "Reload the page. If that does not help, look at the network panel of the browser.",
};

const MIXED = {
  what:
    "This page came with TLS, and the server speaks plain HTTP: browsers do not let a page mix the two.",
  todo: "Open this page through an SSH tunnel, at localhost without TLS, and try again.",
};

const TOKENS_MADE =
  "This server admits only clients with a token (auth jwt). It makes those of these two clients itself.";

const TOKENS_ASKED =
  "This server admits only clients with a token (auth jwt). Give one for each client below; with auth_secret and " +
  "admin_token it makes them itself.";

/** The close code of a client whose token is missing or does not count. */
const TOKEN_REFUSED = 4006;

/** @type {Readonly<Record<"script" | import("./explain.js").Stage, string>>} */
const UNDER_WAY = {
  script: "The client is loaded…",
  open: "Both clients open…",
  connect: "The clients exchange offer, answer and candidates…",
  greet: '"hello" goes across…',
};

export class TryView {
  #api;
  #form = createTryForm(Math.random().toString(36).slice(2, 5));
  #view = createDiagramView("What the two clients and the server sent");
  #button = el("button", { class: "primary", onclick: () => this.#run() }, "Let two peers meet");
  #note = el("p", { class: "quiet", hidden: true });
  #endButton = el("button", { hidden: true, onclick: () => this.#end() }, "Disconnect them");
  #outcome = el("div", { class: "outcome", role: "status" });
  #picture = el("div", { hidden: true }, this.#view.element);
  #snippet = createSnippetView();
  #isReady = false;
  #endLast = () => {};
  #turn = 0;

  /**
   * @param {HTMLElement} root
   * @param {import("./api.js").Api} api
   */
  constructor(root, api) {
    this.#api = api;
    root.append(
      el("h1", { id: "try-title" }, "Try it"),
      el("p", { class: "lead" }, LEAD),
      el("p", { class: "row" }, this.#button, this.#endButton),
      this.#note,
      this.#form.element,
      this.#outcome,
      this.#picture,
      this.#snippet.element,
    );
  }

  show() {
    if (this.#isReady) return;
    this.#isReady = true;
    this.#target().catch(() => {
      this.#isReady = false;
    });
  }

  hide() {}

  /** @returns {Promise<Target>} */
  async #target() {
    const ids = this.#form.ids().map(encodeURIComponent).join(",");
    const target = /** @type {Target} */ (await this.#api.get(`/api/try?ids=${ids}`));
    this.#snippet.show(snippetFor(placeOf(target), target.auth === "jwt"));
    setText(this.#note, target.tokens === null ? TOKENS_ASKED : TOKENS_MADE);
    this.#note.hidden = target.auth !== "jwt";
    return target;
  }

  async #run() {
    this.#end();
    this.#picture.hidden = true;
    this.#button.disabled = true;
    this.#outcome.className = "outcome busy";
    setText(this.#outcome, UNDER_WAY.script);
    try {
      await this.#meetAt(await this.#target());
    } catch (error) {
      this.#showProblem(messageOf(error), "Check that the server runs, and try again.");
    }
    this.#button.disabled = false;
    if (document.activeElement === document.body) this.#button.focus();
  }

  /** @param {Target} target */
  async #meetAt(target) {
    const place = placeOf(target);
    const url = urlOf(place);
    const [ids, typed] = [this.#form.ids(), this.#form.tokens()];
    const tokens = ids.map((id, i) => typed[i] || target.tokens?.[id] || "");
    if (ids.includes("") || ids[0] === ids[1]) {
      return this.#showProblem("Two clients need two ids.", "Give one to each, and try again.");
    }
    if (isMixed(place)) return this.#showProblem(MIXED.what, MIXED.todo);
    const about = { url, auth: target.auth, hasTokens: tokens.some(Boolean) };
    if (target.auth === "jwt" && tokens.includes("")) {
      this.#showProblem(
        "This server admits only clients with a token.",
        "Give one for each id, and try again.",
      );
      return this.#form.askTokens();
    }
    const Peer = await loadClient();
    if (Peer === null) return this.#showProblem(NO_SCRIPT.what, NO_SCRIPT.todo);
    const iceUrl = `${url}${place.key}/ice`;
    const { config, turnUrls } = await iceFor(this.#form.ice(), iceUrl, tokens[0] ?? "");
    this.#picture.hidden = false;
    const current = ++this.#turn;
    const attempt = new Attempt({
      ...{ ...about, Peer, ids, turnUrls },
      options: tokens.map((token) => ({
        ...clientOptions(place),
        ...(token === "" ? {} : { token }),
        ...(config === null ? {} : { config }),
        debug: 0,
      })),
      onChange: (conversation, stage) => {
        // The sockets of an attempt before this one may close late.
        if (this.#turn !== current) return;
        this.#view.show(conversation);
        if (this.#outcome.classList.contains("busy")) setText(this.#outcome, UNDER_WAY[stage]);
      },
    });
    this.#endLast = () => attempt.end();
    this.#showResult(ids, await attempt.run());
  }

  /** @type {(ids: readonly [string, string], result: import("./attempt_to_meet.js").Result) => void} */
  #showResult([first, second], result) {
    if (!result.ok) {
      this.#showProblem(result.explanation.what, result.explanation.todo);
      if (result.closed === TOKEN_REFUSED) this.#form.askTokens();
      return;
    }
    this.#endButton.hidden = false;
    this.#outcome.className = "outcome good";
    this.#outcome.replaceChildren(
      el("strong", {}, `${visible(first)} said "hello" to ${visible(second)}. `),
      `It took ${durationText(result.helloMs)} across the data channel, without the server, and ` +
        `${durationText(Math.round(result.allMs))} from the click. ${wayText(result.pair)}`,
    );
  }

  /** @type {(what: string, todo: string) => void} */
  #showProblem(what, todo) {
    this.#outcome.className = "outcome bad";
    this.#outcome.replaceChildren(el("strong", {}, `${what} `), todo);
  }

  #end() {
    this.#endLast();
    this.#endLast = () => {};
    if (this.#endButton === document.activeElement) this.#button.focus();
    this.#endButton.hidden = true;
  }
}

/**
 * @param {Target} target
 * @returns {Place}
 */
function placeOf({ host, port, path, key, secure }) {
  return { host: host ?? location.hostname, port, path, key, secure };
}

/**
 * Whether the browser refuses to connect: to this computer it does not.
 *
 * @param {Place} place
 * @returns {boolean}
 */
function isMixed({ host, secure }) {
  return location.protocol === "https:" && !secure && !/^(?:localhost|127\..*|\[::1\])$/.test(host);
}

/**
 * @param {Place} place
 * @returns {string}
 */
function urlOf({ host, port, path, secure }) {
  return `http${secure ? "s" : ""}://${host}:${port}${path.endsWith("/") ? path : `${path}/`}`;
}

/**
 * The class of the client; `null` if its script does not load.
 *
 * @returns {Promise<import("./attempt_to_meet.js").Plan["Peer"] | null>}
 */
async function loadClient() {
  /** @type {typeof globalThis & { Peer?: import("./attempt_to_meet.js").Plan["Peer"] }} */
  const world = globalThis;
  if (world.Peer === undefined) {
    await new Promise((resolve) => {
      const script = el("script", { src: "/peerjs.min.js", onload: resolve, onerror: resolve });
      document.head.append(script);
    });
  }
  return world.Peer ?? null;
}
