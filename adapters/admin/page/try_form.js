/**
 * What a user may set before two clients meet: their ids, their tokens, the ICE servers.
 *
 * @typedef {"none" | "server" | "client"} IceChoice
 *
 * @typedef {object} TryForm
 * @property {HTMLElement} element
 * @property {() => readonly [string, string]} ids
 * @property {() => readonly [string, string]} tokens
 * @property {() => IceChoice} ice
 * @property {() => void} askTokens Opens the form, and puts the focus where a token is missing.
 *
 * @module
 */
import { el } from "./dom.js";

/**
 * @param {string} mark What makes the ids of this page unlike those of users.
 * @returns {TryForm}
 */
export function createTryForm(mark) {
  const names = ["alice", "bob"];
  const ids = names.map((name) => textField(`try-id-${name}`, `Id of ${name}`, `${name}-${mark}`));
  const tokens = names.map((name) => textField(`try-token-${name}`, `Token of ${name}`, ""));
  const ice = el(
    "select",
    { id: "try-ice" },
    el("option", { value: "none" }, "None: same browser"),
    el("option", { value: "server" }, "The server's (turn_urls): TURN only"),
    el("option", { value: "client" }, "The client's defaults"),
  );
  const element = el(
    "details",
    { class: "options" },
    el("summary", {}, "Ids, tokens, ICE servers"),
    el(
      "div",
      { class: "fields" },
      ...ids.map(({ field }) => field),
      ...tokens.map(({ field }) => field),
      el("div", { class: "field" }, el("label", { for: "try-ice" }, "ICE servers"), ice),
    ),
  );

  return {
    element,
    ids: () => pair(ids.map(({ input }) => input.value)),
    tokens: () => pair(tokens.map(({ input }) => input.value.trim())),
    ice: () => /** @type {IceChoice} */ (ice.value),
    askTokens() {
      element.open = true;
      (tokens.find(({ input }) => input.value === "") ?? tokens[0])?.input.focus();
    },
  };
}

/**
 * @param {readonly string[]} values
 * @returns {readonly [string, string]}
 */
function pair([first = "", second = ""]) {
  return [first, second];
}

/**
 * @param {string} id
 * @param {string} label
 * @param {string} value
 * @returns {{ field: HTMLElement, input: HTMLInputElement }}
 */
function textField(id, label, value) {
  const input = el("input", { id, value, autocomplete: "off", spellcheck: "false" });
  return { field: el("div", { class: "field" }, el("label", { for: id }, label), input), input };
}
