/**
 * The sequence diagram in the page: as wide as there is room, with contents that open, and the same as a table.
 *
 * @typedef {import("./conversation.js").Conversation} Conversation
 *
 * @module
 */
import { eventTable } from "./conversation.js";
import { diagram, widthFor } from "./diagram.js";
import { el, nodeOf } from "./dom.js";

/**
 * @param {string} title
 * @returns {{ readonly element: HTMLElement, show(conversation: Conversation): void }}
 */
export function createDiagramView(title) {
  const picture = el("div", { class: "picture" });
  const table = el("div", { class: "wide" });
  const hint = el("p", { class: "quiet", hidden: true }, "Press an arrow to read its frame.");
  const element = el(
    "div",
    { class: "sequence" },
    hint,
    picture,
    el("details", { class: "text" }, el("summary", {}, "The same as a table"), table),
  );
  /** @type {Conversation} */
  let conversation = { parties: [], events: [] };
  /** @type {Set<number>} */
  const open = new Set();
  let room = 0;
  /** The event that Tab reaches, as a place among those with a content: the arrow keys move to the others. */
  let current = 0;

  function draw() {
    if (room === 0) return;
    const focused = picture.querySelector(":focus")?.getAttribute("data-event");
    const width = widthFor(conversation, room);
    picture.replaceChildren(nodeOf(diagram(conversation, { width, open, title, current })));
    if (focused === null || focused === undefined) return;
    /** @type {SVGElement | null} */
    const again = picture.querySelector(`[data-event="${focused}"]`);
    again?.focus({ preventScroll: true });
  }

  /** @returns {SVGElement[]} */
  const buttons = () =>
    [...picture.querySelectorAll("[data-event]")].filter((one) => one instanceof SVGElement);

  /** @param {Event} event */
  const buttonAt = ({ target }) =>
    buttons().findIndex((button) => target instanceof Node && button.contains(target));

  /** @param {number} place */
  function moveTo(place) {
    const all = buttons();
    current = Math.min(Math.max(0, place), all.length - 1);
    for (const [i, button] of all.entries()) {
      button.setAttribute("tabindex", i === current ? "0" : "-1");
    }
  }

  /** @param {Event} event */
  function toggle(event) {
    const place = buttonAt(event);
    if (place < 0) return;
    event.preventDefault();
    moveTo(place);
    const index = Number(buttons()[place]?.getAttribute("data-event"));
    if (!open.delete(index)) open.add(index);
    draw();
  }

  /** @type {Readonly<Record<string, (place: number) => number>>} */
  const moves = {
    ArrowDown: (place) => place + 1,
    ArrowUp: (place) => place - 1,
    Home: () => 0,
    End: () => Infinity,
  };

  picture.addEventListener("click", toggle);
  picture.addEventListener("keydown", (event) => {
    if (event.key === "Enter" || event.key === " ") return toggle(event);
    const place = buttonAt(event);
    const move = moves[event.key];
    if (place < 0 || move === undefined) return;
    event.preventDefault();
    moveTo(move(place));
    buttons()[current]?.focus();
  });
  new ResizeObserver(() => {
    const next = Math.floor(picture.clientWidth);
    if (next === room) return;
    room = next;
    draw();
  }).observe(picture);

  return {
    element,
    show(next) {
      if (next.events.length < conversation.events.length) {
        open.clear();
        current = 0;
      }
      conversation = next;
      hint.hidden = !next.events.some(({ detail }) => detail !== undefined);
      draw();
      table.replaceChildren(nodeOf(eventTable(conversation)));
    },
  };
}
