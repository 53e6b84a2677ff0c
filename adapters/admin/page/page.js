/**
 * The page of the admin port: its three views, and which one is shown.
 *
 * @module
 */
import { createApi } from "./api.js";
import { byId, setText } from "./dom.js";
import { NowView } from "./now.js";
import { TryView } from "./try.js";
import { WhyView } from "./why.js";

/** Where the last view is kept. */
const VIEW = "signalbox view";

const problem = byId("connection");
const views = storageOf(() => localStorage);
const api = createApi({
  fetch: (...args) => fetch(...args),
  storage: storageOf(() => sessionStorage),
  askToken,
});

/** @type {(text: string) => void} */
function onProblem(text) {
  setText(problem, text);
}

/** @type {readonly { name: string, title: string, view: { show(): void, hide(): void } }[]} */
const VIEWS = [
  { name: "try", title: "Try it", view: new TryView(byId("view-try"), api) },
  { name: "now", title: "Now", view: new NowView(byId("view-now"), api, onProblem) },
  { name: "why", title: "Why", view: new WhyView(byId("view-why"), api, onProblem) },
];

/** @type {typeof VIEWS[number] | undefined} */
let current;

/** Shows the view that the address names, else the one that is shown, else the last one, else the first. */
function route() {
  const wanted = [location.hash.slice(1), current?.name, views.getItem(VIEW)];
  const found = wanted.map((wish) => VIEWS.find(({ name }) => name === wish));
  const next = found.find(Boolean) ?? VIEWS[0];
  if (next === undefined || next === current) return;
  current?.view.hide();
  onProblem("");
  current = next;
  views.setItem(VIEW, next.name);
  for (const { name } of VIEWS) {
    byId(`view-${name}`).hidden = name !== next.name;
    const link = byId(`link-${name}`);
    if (name === next.name) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  document.title = `${next.title} – signalbox`;
  next.view.show();
}

/**
 * A storage of the browser; one that forgets with the page where a setting of the browser forbids it.
 *
 * @param {() => Storage} get
 * @returns {Pick<Storage, "getItem" | "setItem">}
 */
function storageOf(get) {
  try {
    return get();
  } catch {
    /** @type {Map<string, string>} */
    const kept = new Map();
    return {
      getItem: (key) => kept.get(key) ?? null,
      setItem: (key, value) => void kept.set(key, value),
    };
  }
}

/**
 * @param {boolean} isWrong Whether a token was given before.
 * @returns {Promise<string>}
 */
function askToken(isWrong) {
  const dialog = /** @type {HTMLDialogElement} */ (byId("token-dialog"));
  const input = /** @type {HTMLInputElement} */ (byId("admin-token"));
  setText(byId("token-problem"), isWrong ? "The server did not accept that token." : "");
  input.value = "";
  dialog.showModal();
  return new Promise((resolve) => {
    byId("token-form").addEventListener("submit", () => resolve(input.value), { once: true });
  });
}

// Nothing works without the token: Escape would leave a page that only waits.
byId("token-dialog").addEventListener("cancel", (event) => event.preventDefault());

addEventListener("hashchange", route);
route();
