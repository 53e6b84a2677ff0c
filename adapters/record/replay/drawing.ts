/**
 * Draws a replay: the conversation of its clients as a sequence diagram, in one file that needs nothing else.
 *
 * A message that is relayed at once is one arrow between two clients. What waits, fails, or concerns a client without
 * a lifeline goes to or from the server.
 *
 * @module
 */
import { type Conversation, eventTable, type Happening } from "../../admin/page/conversation.js";
import diagramStyle from "../../admin/page/diagram.css" with { type: "text" };
import { diagram, widthFor } from "../../admin/page/diagram.js";
import pageStyle from "../../admin/page/page.css" with { type: "text" };
import { escapeMarkup, markupOf } from "../../admin/page/tree.js";
import viewStyle from "../../admin/page/views.css" with { type: "text" };
import { countText, visible } from "../../admin/page/words.js";
import type { Effect, Event } from "../../../core/mod.ts";
import { wallTimeOf } from "../clock.ts";
import { type Arrow, arrowsOf, SERVER } from "./arrows.ts";

export interface DrawingOptions {
  /** The clients that get a lifeline; `null` for the first ones. */
  readonly peers: readonly string[] | null;
  /** Whether the file has the content of messages too. */
  readonly payloads: boolean;
}

/** What a file has at most: a browser draws that at once. */
const ARROWS_MAX = 1_000;
const CLIENTS_MAX = 24;
const DETAIL_MAX = 8_000;

const WIDTH = 900;

export class Drawing {
  readonly #options: DrawingOptions;
  readonly #clients: Map<string, string>;
  readonly #others = new Set<string>();
  readonly #events: Happening[] = [];
  #unseen = 0;
  #silent = 0;

  constructor(options: DrawingOptions) {
    this.#options = options;
    this.#clients = new Map(options.peers?.map((id) => [id, `client ${id}`]));
  }

  /** Adds an event with its effects. */
  add(at: number, event: Event, effects: readonly Effect[]): void {
    if (event.kind === "frame-received" && effects.length === 0) this.#silent++;
    for (const arrow of arrowsOf(effects)) this.#draw(at, arrow);
  }

  #draw(at: number, arrow: Arrow): void {
    const [from, to] = [this.#keyOf(arrow.from), this.#keyOf(arrow.to)];
    const isUnseen = from === null && to === null ||
      from === null && arrow.to === SERVER || to === null && arrow.from === SERVER;
    if (isUnseen || this.#events.length >= ARROWS_MAX) {
      this.#unseen++;
      return;
    }
    const notes = [
      arrow.note,
      ...(from === null ? [`from ${String(arrow.from)}`] : []),
      ...(to === null ? [`to ${String(arrow.to)}`] : []),
    ];
    const note = notes.filter((each) => each !== "").join(", ");
    this.#events.push({
      ...{ at, from: from ?? SERVER_KEY, to: to ?? SERVER_KEY, label: arrow.label, note },
      ...(arrow.isFault ? { kind: "fault" } : {}),
      ...(this.#options.payloads && arrow.text !== "" ? { detail: cut(arrow.text) } : {}),
    });
  }

  /** The lifeline of a party; `null` for a client that has none. */
  #keyOf(party: Arrow["from"]): string | null {
    if (party === SERVER) return SERVER_KEY;
    const known = this.#clients.get(party);
    if (known !== undefined) return known;
    if (this.#options.peers !== null || this.#clients.size >= CLIENTS_MAX) {
      // Counted no further than people read.
      if (this.#others.size < OTHERS_MAX) this.#others.add(party);
      return null;
    }
    const key = `client ${party}`;
    this.#clients.set(party, key);
    return key;
  }

  /** What the file shows and what it leaves out, in sentences. */
  summary(): string {
    const clients = countText(this.#clients.size, "client");
    const drawn = `${countText(this.#events.length, "event")} of ${clients} drawn.`;
    const more = this.#others.size >= OTHERS_MAX ? "or more " : "";
    const left = [
      ...(this.#unseen > 0 ? [countText(this.#unseen, "event")] : []),
      ...(this.#others.size > 0
        ? [`the lifelines of ${this.#others.size} ${more}other clients (choose with --peers)`]
        : []),
      ...(this.#silent > 0 ? [`${countText(this.#silent, "frame")} without an effect`] : []),
      ...(this.#options.payloads ? [] : ["the content of messages (--payloads adds it)"]),
    ];
    return left.length === 0 ? drawn : `${drawn} Left out: ${left.join(", ")}.`;
  }

  /** The file. */
  html(file: string, epochMs: number): string {
    const parties = [
      { key: SERVER_KEY, name: "server" },
      ...[...this.#clients].map(([name, key]) => ({ key, name })),
    ];
    const conversation: Conversation = { parties, events: this.#events };
    const bounds = { eventsMax: ARROWS_MAX, partiesMax: CLIENTS_MAX + 1 };
    const picture = diagram(conversation, {
      ...bounds,
      width: widthFor(conversation, WIDTH, bounds),
    });
    const first = this.#events[0]?.at;
    const begin = first === undefined ? "" : ` Time 0 is ${wallTimeOf(first, epochMs)}.`;
    return PAGE
      .replace("TITLE", () => escapeMarkup(`${visible(file)} – signalbox`))
      .replace("HEADING", () => escapeMarkup(visible(file)))
      .replace("LEAD", () => escapeMarkup(this.summary() + begin))
      .replace("STYLE", () => pageStyle + viewStyle + diagramStyle)
      .replace("PICTURE", () => markupOf(picture))
      .replace("TABLE", () => markupOf(eventTable(conversation, bounds)));
  }
}

const SERVER_KEY = "server";
const OTHERS_MAX = 10_000;

function cut(text: string): string {
  return text.length <= DETAIL_MAX ? text : `${text.slice(0, DETAIL_MAX)}…`;
}

const PAGE = `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="content-security-policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>TITLE</title>
<style>
STYLE</style>
</head>
<body>
<main>
<h1 class="id">HEADING</h1>
<p class="lead">LEAD</p>
<div class="picture" role="region" aria-label="Diagram" tabindex="0">PICTURE</div>
<details class="text"><summary>The same as a table</summary><div class="wide">TABLE</div></details>
</main>
</body>
</html>
`;
