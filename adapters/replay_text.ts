/**
 * Events and effects as people read them: one line each, long texts shortened, nothing in them that could
 * break, forge or colour a line.
 *
 * @module
 */
import { type Effect, escape, type Event } from "../core/mod.ts";

/** An event in one line. */
export function eventText(event: Event): string {
  if (event.kind === "frame-received") {
    return `frame-received on ${event.conn}: ${shorten(event.text, TEXT_MAX)}`;
  }
  const { kind, ...rest } = event;
  const conn = "conn" in rest ? ` on ${rest.conn}` : "";
  const fields = Object.entries(rest).flatMap(([name, value]) =>
    name === "conn" ? [] : [`${name} ${shorten(JSON.stringify(value), FIELD_MAX)}`]
  );
  return `${kind}${conn}${fields.length === 0 ? "" : `: ${fields.join(", ")}`}`;
}

/** An effect in one line. */
export function effectText(effect: Effect): string {
  const { kind, conn } = effect;
  return kind === "send"
    ? `send on ${conn}: ${shorten(effect.text, TEXT_MAX)}`
    : `close ${conn}: ${effect.code} ${escape(effect.reason)}`;
}

function shorten(text: string, max: number): string {
  if (text.length <= max) return escape(text);
  return `${escape(text.slice(0, max))}… (${text.length} characters)`;
}

const TEXT_MAX = 160;
const FIELD_MAX = 60;
