/**
 * The table of connected clients: searched, paged, and each can be disconnected.
 *
 * @typedef {object} Client
 * @property {string} id
 * @property {string} address
 * @property {number} connectedAt
 * @property {number} messages
 *
 * @typedef {object} ClientPage
 * @property {number} total
 * @property {readonly Client[]} clients
 * @property {string | null} next
 *
 * @module
 */
import { messageOf } from "./api.js";
import { el, setText, showItems, tableHead } from "./dom.js";
import { agoText, countText, numberText, visible } from "./words.js";

const PAGE_SIZE = 25;
const COLUMNS = ["Id", "Address", "Connected", "Messages", "Action"];

export class ClientTable {
  /** @type {import("./api.js").Api} */
  #api;
  #now;
  #search = el("input", {
    ...{ id: "client-search", type: "search", autocomplete: "off", spellcheck: "false" },
    oninput: () => this.#goTo([]),
  });
  #count = el("p", { class: "quiet", role: "status" });
  #said = el("p", { role: "status" });
  #rows = el("tbody", { role: "rowgroup" });
  #table = el(
    "table",
    { class: "cards", role: "table", "aria-labelledby": "clients-title" },
    tableHead(COLUMNS),
    this.#rows,
  );
  #first = el("button", { onclick: () => this.#goTo([]) }, "First page");
  #following = el(
    "button",
    { onclick: () => this.#goTo([...this.#trail, this.#next ?? ""]) },
    "Next page",
  );
  #pages = el("p", { class: "row", hidden: true }, this.#first, this.#following);
  /** The cursors of the pages up to this one. @type {readonly string[]} */
  #trail = [];
  /** @type {string | null} */
  #next = null;
  #asked = 0;

  element = el(
    "section",
    { "aria-labelledby": "clients-title" },
    el("h2", { id: "clients-title" }, "Who is connected"),
    el(
      "div",
      { class: "field" },
      el("label", { for: "client-search" }, "Search by a part of the id"),
      this.#search,
    ),
    this.#count,
    this.#said,
    this.#table,
    this.#pages,
  );

  /**
   * @param {import("./api.js").Api} api
   * @param {() => number} now The time of the server.
   */
  constructor(api, now) {
    this.#api = api;
    this.#now = now;
  }

  async refresh() {
    const turn = ++this.#asked;
    const query = new URLSearchParams({ limit: String(PAGE_SIZE), search: this.#search.value });
    const after = this.#trail.at(-1);
    if (after !== undefined) query.set("after", after);
    try {
      const page = /** @type {ClientPage} */ (await this.#api.get(`/api/clients?${query}`));
      // An answer to a search that has changed since then is dropped.
      if (turn === this.#asked) this.#showPage(page);
    } catch (error) {
      if (turn === this.#asked) setText(this.#count, messageOf(error));
    }
  }

  /** @param {readonly string[]} cursors */
  #goTo(cursors) {
    this.#trail = cursors;
    this.refresh();
  }

  /** @param {ClientPage} page */
  #showPage({ total, clients, next }) {
    this.#next = next;
    const found = countText(total, "client");
    const search = this.#search.value;
    setText(this.#count, search === "" ? found : `${found} with "${visible(search)}"`);
    this.#table.hidden = clients.length === 0;
    showItems(this.#rows, clients, {
      key: ({ id }) => id,
      make: ({ id }) => this.#rowOf(id),
      update: (row, client) => this.#updateRow(row, client),
    });
    this.#pages.hidden = this.#trail.length === 0 && next === null;
    this.#first.disabled = this.#trail.length === 0;
    this.#following.disabled = next === null;
  }

  /** @param {string} id */
  #rowOf(id) {
    return el(
      "tr",
      { role: "row" },
      el("td", { role: "cell", class: "id" }),
      ...COLUMNS.slice(1, -1).map((name) => el("td", { role: "cell", "data-label": name })),
      el("td", { role: "cell", class: "action" }, this.#disconnectButton(id)),
    );
  }

  /** @type {(row: HTMLTableRowElement, client: Client) => void} */
  #updateRow(row, { id, address, connectedAt, messages }) {
    const texts = [visible(id), address, agoText(connectedAt, this.#now()), numberText(messages)];
    for (const [i, text] of texts.entries()) {
      const cell = row.cells[i];
      if (cell !== undefined) setText(cell, text);
    }
  }

  /** The first press asks, the second disconnects. @param {string} id */
  #disconnectButton(id) {
    const name = visible(id);
    const button = el("button", {
      "aria-label": `Disconnect ${name}`,
      onclick: () => {
        const isSure = button.dataset["sure"] !== undefined;
        this.#arm(button, name, !isSure);
        if (isSure) this.#disconnect(id, name);
      },
      onblur: () => this.#arm(button, name, false),
      onkeydown: (/** @type {KeyboardEvent} */ event) => {
        if (event.key === "Escape") this.#arm(button, name, false);
      },
    }, "Disconnect");
    return button;
  }

  /** @type {(button: HTMLButtonElement, name: string, isArmed: boolean) => void} */
  #arm(button, name, isArmed) {
    if (isArmed === (button.dataset["sure"] !== undefined)) return;
    if (isArmed) button.dataset["sure"] = "";
    else delete button.dataset["sure"];
    button.textContent = isArmed ? "Really?" : "Disconnect";
    button.setAttribute(
      "aria-label",
      isArmed ? `Really disconnect ${name}?` : `Disconnect ${name}`,
    );
    setText(this.#said, isArmed ? `Press again to disconnect ${name}.` : "");
  }

  /** @type {(id: string, name: string) => Promise<void>} */
  async #disconnect(id, name) {
    try {
      await this.#api.remove(`/api/client?id=${encodeURIComponent(id)}`);
      setText(this.#said, `${name} is disconnected.`);
    } catch (error) {
      setText(this.#said, `${name}: ${messageOf(error)}`);
    }
    await this.refresh();
    if (document.activeElement === document.body) this.#search.focus();
  }
}
