/**
 * The sequence diagram: one lifeline for each party, one arrow for each event, time downwards. It is a function of its
 * data and of the width, and knows no document.
 *
 * @typedef {object} Picture
 * @property {number} width
 * @property {ReadonlySet<number>} [open] The events whose detail is shown, by their index.
 * @property {number} [current] Which of the events with a detail Tab reaches; by default the first.
 * @property {string} [title]
 *
 * @typedef {import("./conversation.js").Conversation} Conversation
 * @typedef {import("./conversation.js").Happening} Happening
 * @typedef {import("./tree.js").Tree} Tree
 *
 * @module
 */
import { PARTIES_MAX, selection } from "./conversation.js";
import { tree } from "./tree.js";
import { countText, durationText, fit, visible, visibleLines } from "./words.js";

/** Pixels. */
const LEFT = 58;
const RIGHT = 8;
const COLUMN_MIN = 84;
const HEAD = 44;
const ROW = 34;
const LINE = 15;
const DETAIL_LINES_MAX = 14;

/** Widths of a character, a little more than the fonts have: texts are cut by them, because nothing measures here. */
const BOLD_WIDTH = 8;
const NOTE_WIDTH = 6.6;

/**
 * The width of the picture in a place of a width: names and labels need some.
 *
 * @param {Conversation} conversation
 * @param {number} room
 * @param {import("./conversation.js").Bounds} [bounds]
 * @returns {number}
 */
export function widthFor({ parties }, room, { partiesMax = PARTIES_MAX } = {}) {
  return Math.max(room, LEFT + RIGHT + Math.min(parties.length, partiesMax) * COLUMN_MIN);
}

/**
 * The picture.
 *
 * @param {Conversation} conversation
 * @param {Picture & import("./conversation.js").Bounds} options
 * @returns {Tree}
 */
export function diagram(conversation, options) {
  const { width, open = new Set(), current = 0, title = "Sequence diagram" } = options;
  const { names, shown, origin, leftOut } = selection(conversation, options);
  const spacing = (width - LEFT - RIGHT) / Math.max(1, names.length);
  const xs = names.map((_, place) => Math.round(LEFT + spacing * (place + 0.5)));
  let y = HEAD + 8;
  let details = 0;
  const rows = shown.map((each) => {
    const { index, event, from, to } = each;
    const words = sentenceOf(event, event.at - origin, names[from] ?? "", names[to] ?? "");
    const row = rowOf(each, {
      ...{ y, width, words, isOpen: open.has(index) },
      isStop: event.detail !== undefined && details++ === current,
      ...{ from: xs[from] ?? 0, to: xs[to] ?? 0, time: durationText(event.at - origin) },
    });
    y += row.height;
    return row.tree;
  });
  const end = y + 6;
  const more = leftOut > 0 ? [moreText(leftOut, end)] : [];
  const height = end + (leftOut > 0 ? 28 : 6);
  return tree(
    "svg",
    {
      class: "diagram",
      role: "group",
      "aria-label": `${title}; ${countText(shown.length, "event")}. A table with the same follows.`,
      viewBox: `0 0 ${width} ${height}`,
      width,
      height,
      xmlns: "http://www.w3.org/2000/svg",
    },
    ...names.map((name, place) => lifeline(name, xs[place] ?? 0, spacing, end)),
    ...rows,
    ...more,
  );
}

/**
 * @param {string} name
 * @param {number} x
 * @param {number} spacing
 * @param {number} end
 * @returns {Tree}
 */
function lifeline(name, x, spacing, end) {
  const shown = fit(name, Math.max(3, Math.floor((spacing - 14) / BOLD_WIDTH)));
  const boxWidth = Math.min(spacing - 6, [...shown].length * BOLD_WIDTH + 16);
  return tree(
    "g",
    { class: "party", "aria-hidden": "true" },
    tree("title", {}, name),
    tree("line", { x1: x, x2: x, y1: 34, y2: end }),
    tree("rect", {
      x: (x - boxWidth / 2).toFixed(1),
      y: 6,
      width: boxWidth.toFixed(1),
      height: 28,
      rx: 6,
    }),
    tree("text", { x, y: 25, "text-anchor": "middle" }, shown),
  );
}

/**
 * @typedef {object} Place
 * @property {number} y
 * @property {number} width
 * @property {number} from Where the arrow begins.
 * @property {number} to
 * @property {string} time
 * @property {string} words The event as a sentence.
 * @property {boolean} isOpen
 * @property {boolean} isStop Whether Tab reaches it.
 *
 * @param {import("./conversation.js").Shown} shown
 * @param {Place} place
 * @returns {{ tree: Tree, height: number }}
 */
function rowOf({ event, index }, { y, width, from, to, time, words, isOpen, isStop }) {
  const { detail, kind = "frame" } = event;
  const note = visible(event.note ?? "");
  const label = visible(event.label);
  const isInline = from !== to && note !== "" &&
    [...label].length * BOLD_WIDTH + ([...note].length + 2) * NOTE_WIDTH < Math.abs(to - from) - 16;
  const noteLines = isInline ? [] : linesOf(note, Math.floor((width - LEFT) / NOTE_WIDTH), 3);
  const arrowHeight = ROW + noteLines.length * LINE;
  const detailTree = isOpen && detail !== undefined
    ? detailBox(detail, { x: LEFT - 8, y: y + arrowHeight, width: width - LEFT })
    : null;
  const mark = from === to
    ? tree("circle", { cx: from, cy: y + 22, r: 4 })
    : arrow(from, to, y + 22);
  const children = [
    tree("rect", { class: "hit", x: 0, y, width, height: arrowHeight }),
    tree(
      "text",
      { class: "time", x: LEFT - 10, y: y + 26, "text-anchor": "end" },
      time,
    ),
    mark,
    labelOf(label, isInline ? note : "", { from, to, y, width }),
    ...noteLines.map((line, i) => noteOf(line, from, to, { y: y + 37 + i * LINE, width })),
  ];
  const isButton = detail !== undefined;
  const group = tree(
    "g",
    {
      class: `event ${kind}${isButton ? " more" : ""}`,
      ...(isButton
        ? {
          role: "button",
          tabindex: isStop ? 0 : -1,
          "data-event": index,
          "aria-expanded": String(isOpen),
          "aria-label": words,
        }
        : { "aria-hidden": "true" }),
    },
    ...children,
  );
  const height = arrowHeight + (detailTree === null ? 0 : detailTree.height + 6);
  return { tree: detailTree === null ? group : tree("g", {}, group, detailTree.tree), height };
}

/**
 * @param {Happening} event
 * @param {number} ms
 * @param {string} from
 * @param {string} to
 * @returns {string}
 */
function sentenceOf({ label, note = "" }, ms, from, to) {
  const who = from === to ? from : `${from} to ${to}`;
  return `${durationText(ms)}: ${who}, ${visible(label)}${note === "" ? "" : `, ${visible(note)}`}`;
}

/**
 * @param {number} from
 * @param {number} to
 * @param {number} y
 * @returns {Tree}
 */
function arrow(from, to, y) {
  const way = to > from ? 1 : -1;
  const tip = to - way;
  return tree(
    "g",
    {},
    tree("line", { x1: from, x2: tip - way * 6, y1: y, y2: y }),
    tree("path", {
      d: `M${tip} ${y}L${tip - way * 9} ${y - 5}L${tip - way * 9} ${y + 5}Z`,
    }),
  );
}

/**
 * @param {string} label
 * @param {string} note What stands beside it.
 * @param {{ from: number, to: number, y: number, width: number }} place
 * @returns {Tree}
 */
function labelOf(label, note, { from, to, y, width }) {
  if (from !== to) {
    const room = Math.max(3, Math.floor((Math.abs(to - from) - 8) / BOLD_WIDTH));
    return tree(
      "text",
      { class: "label", x: (from + to) / 2, y: y + 16, "text-anchor": "middle" },
      note === "" ? fit(label, room) : label,
      ...(note === "" ? [] : [tree("tspan", { class: "note", dx: 6 }, note)]),
    );
  }
  const isLeft = from < width / 2;
  const room = Math.max(3, Math.floor(((isLeft ? width - from : from) - 18) / BOLD_WIDTH));
  const x = isLeft ? from + 10 : from - 10;
  return tree(
    "text",
    { class: "label", x, y: y + 26, "text-anchor": isLeft ? "start" : "end" },
    fit(label, room),
  );
}

/**
 * A line of a note, where it has the most room: below the arrow, held inside of the picture.
 *
 * @param {string} line
 * @param {number} from
 * @param {number} to
 * @param {{ y: number, width: number }} place
 * @returns {Tree}
 */
function noteOf(line, from, to, { y, width }) {
  const half = [...line].length * NOTE_WIDTH / 2;
  const middle = Math.min(Math.max((from + to) / 2, LEFT + half), Math.max(LEFT, width - half));
  return tree("text", { class: "note", x: middle.toFixed(1), y, "text-anchor": "middle" }, line);
}

/**
 * Breaks a text at spaces, or within a word that is longer than a line; what does not fit ends in an ellipsis.
 *
 * @param {string} text
 * @param {number} columns
 * @param {number} linesMax
 * @returns {readonly string[]}
 */
export function linesOf(text, columns, linesMax) {
  /** @type {string[]} */
  const lines = [];
  const width = Math.max(8, columns);
  let rest = text.trim();
  while (rest !== "" && lines.length < linesMax) {
    const characters = [...rest];
    if (characters.length <= width) return [...lines, rest];
    if (lines.length === linesMax - 1) {
      return [...lines, `${characters.slice(0, width - 1).join("")}…`];
    }
    const room = characters.slice(0, width + 1).join("");
    const space = room.lastIndexOf(" ");
    const cut = space > 0 ? space : characters.slice(0, width).join("").length;
    lines.push(rest.slice(0, cut));
    rest = rest.slice(cut).trim();
  }
  return lines;
}

/**
 * @param {string} detail
 * @param {{ x: number, y: number, width: number }} place
 * @returns {{ tree: Tree, height: number }}
 */
function detailBox(detail, { x, y, width }) {
  const count = Math.min(DETAIL_LINES_MAX, detail.split("\n").length);
  const height = count * 17 + 20;
  const box = tree(
    "foreignObject",
    { x, y, width, height },
    tree(
      "pre",
      {
        xmlns: "http://www.w3.org/1999/xhtml",
        class: "detail",
        tabindex: 0,
        role: "region",
        "aria-label": "Content",
      },
      visibleLines(detail),
    ),
  );
  return { tree: box, height };
}

/**
 * @param {number} count
 * @param {number} y
 * @returns {Tree}
 */
function moreText(count, y) {
  const text = `${countText(count, "more event is", "more events are")} not drawn.`;
  return tree("text", { class: "rest", x: LEFT, y: y + 16 }, text);
}
