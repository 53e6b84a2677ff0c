/**
 * What is said between parties: the data of a sequence diagram, its bounds, and the same as a table.
 *
 * @typedef {object} Happening
 * @property {number} at Milliseconds; the first one is the origin of the times.
 * @property {string} from The key of a party.
 * @property {string} to The key of a party; the same as `from` for what happens at one party alone.
 * @property {string} label
 * @property {string} [note] More words, below the arrow.
 * @property {string} [detail] What opens on demand; lines are kept.
 * @property {"frame" | "data" | "fault"} [kind] `data` goes from peer to peer, `fault` went wrong; else `frame`.
 *
 * @typedef {object} Party
 * @property {string} key What events name it by: an id may be the word "server" too.
 * @property {string} name Shown; as it came.
 *
 * @typedef {object} Conversation
 * @property {readonly Party[]} parties In the order of their lifelines.
 * @property {readonly Happening[]} events
 *
 * @typedef {object} Bounds
 * @property {number} [eventsMax]
 * @property {number} [partiesMax]
 *
 * @typedef {import("./tree.js").Tree} Tree
 *
 * @module
 */
import { tree } from "./tree.js";
import { countText, durationText, visible, visibleLines } from "./words.js";

/** What is shown at most, unless the bounds say otherwise. */
export const EVENTS_MAX = 200;
export const PARTIES_MAX = 24;

/**
 * What of a conversation is shown, and how many events are not: those beyond the bound, and those of a party beyond it.
 *
 * @typedef {object} Shown
 * @property {number} index Of the event, in the conversation.
 * @property {Happening} event
 * @property {number} from The place of its party among the names.
 * @property {number} to
 *
 * @param {Conversation} conversation
 * @param {Bounds} [bounds]
 * @returns {{ names: readonly string[], shown: readonly Shown[], origin: number, leftOut: number }}
 */
export function selection(
  { parties, events },
  { eventsMax = EVENTS_MAX, partiesMax = PARTIES_MAX } = {},
) {
  const some = parties.slice(0, partiesMax);
  const places = new Map(some.map(({ key }, place) => [key, place]));
  /** @type {Shown[]} */
  const shown = [];
  for (const [index, event] of events.entries()) {
    if (shown.length >= eventsMax) break;
    const [from, to] = [places.get(event.from), places.get(event.to)];
    if (from !== undefined && to !== undefined) shown.push({ index, event, from, to });
  }
  return {
    names: some.map(({ name }) => visible(name)),
    shown,
    origin: shown[0]?.event.at ?? 0,
    leftOut: events.length - shown.length,
  };
}

/**
 * The same as a table, for those who do not see the picture, and for copying.
 *
 * @param {Conversation} conversation
 * @param {Bounds} [bounds]
 * @returns {Tree}
 */
export function eventTable(conversation, bounds) {
  const { names, shown, origin, leftOut } = selection(conversation, bounds);
  const columns = ["Time", "From", "To", "What", "Note"];
  const head = columns.map((name) => tree("th", { scope: "col", role: "columnheader" }, name));
  const rows = shown.map(({ event: { at, label, note = "", detail }, from, to }) =>
    tree(
      "tr",
      { role: "row" },
      cell("number", durationText(at - origin)),
      cell("id", names[from] ?? ""),
      cell("id to", from === to ? "" : names[to] ?? ""),
      cell("what", visible(label)),
      cell("rest", visible(note), ...(detail === undefined ? [] : [contentOf(detail)])),
    )
  );
  const rest = leftOut === 0
    ? []
    : [tree("caption", {}, `${countText(leftOut, "more event is", "more events are")} not shown.`)];
  return tree(
    "table",
    { class: "events", role: "table" },
    ...rest,
    tree("thead", { role: "rowgroup" }, tree("tr", { role: "row" }, ...head)),
    tree("tbody", { role: "rowgroup" }, ...rows),
  );
}

/**
 * The roles stand here because a narrow window shows a row as a line: without them it would be no table any more.
 *
 * @param {string} name
 * @param {readonly (Tree | string)[]} content
 * @returns {Tree}
 */
function cell(name, ...content) {
  return tree("td", { role: "cell", class: name }, ...content);
}

/**
 * @param {string} detail
 * @returns {Tree}
 */
function contentOf(detail) {
  return tree(
    "details",
    {},
    tree("summary", {}, "Content"),
    tree("pre", { class: "detail", tabindex: 0 }, visibleLines(detail)),
  );
}
