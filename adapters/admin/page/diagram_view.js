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
import { createRoving } from "./roving.js";

/**
 * @param {string} title
 * @returns {{ readonly element: HTMLElement, show(conversation: Conversation): void }}
 */
export function createDiagramView(title) {
  const picture = el("div", { class: "picture" });
  const roving = createRoving(picture, "[data-event]");
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

  function draw() {
    if (room === 0) return;
    const focused = picture.querySelector(":focus")?.getAttribute("data-event");
    const width = widthFor(conversation, room);
    picture.replaceChildren(
      nodeOf(diagram(conversation, { width, open, title, current: roving.place() })),
    );
    if (focused === null || focused === undefined) return;
    /** @type {SVGElement | null} */
    const again = picture.querySelector(`[data-event="${focused}"]`);
    again?.focus({ preventScroll: true });
  }

  /** @param {Event} event */
  function toggle(event) {
    const target = /** @type {Element} */ (event.target);
    const index = target.closest("[data-event]")?.getAttribute("data-event");
    if (index === null || index === undefined) return;
    event.preventDefault();
    if (!open.delete(Number(index))) open.add(Number(index));
    draw();
  }

  picture.addEventListener("click", toggle);
  picture.addEventListener("keydown", (event) => {
    if (event.key === "Enter" || event.key === " ") toggle(event);
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
        roving.reset();
      }
      conversation = next;
      hint.hidden = !next.events.some(({ detail }) => detail !== undefined);
      draw();
      table.replaceChildren(nodeOf(eventTable(conversation)));
    },
  };
}
