/**
 * Formats events and effects as lines for people, and states as JSON. No input can break, forge or colour a line. Long
 * texts are shortened, except in JSON.
 *
 * @module
 */
import { type Effect, escape, type Event, type Snapshot } from "../../../core/mod.ts";

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

export function effectText(effect: Effect): string {
  if (effect.kind === "send") return `send on ${effect.conn}: ${shorten(effect.text, TEXT_MAX)}`;
  if (effect.kind === "close") {
    return `close ${effect.conn}: ${effect.code} ${escape(effect.reason)}`;
  }
  if (effect.kind === "check-token") return `check-token of ${effect.conn}`;
  if (effect.kind !== "note") {
    const { kind, ...rest } = effect;
    return `${kind}: ${shorten(JSON.stringify(rest), TEXT_MAX)}`;
  }
  const { kind: _kind, what, ...rest } = effect;
  return `note ${what}: ${shorten(JSON.stringify(rest), TEXT_MAX)}`;
}

/** A state as JSON, one map entry per line, because the whole can be too long for one string. */
export function* stateLines(snapshot: Snapshot): Generator<string> {
  const fields = Object.entries(snapshot);
  yield "{";
  for (const [i, [name, value]] of fields.entries()) {
    const comma = i < fields.length - 1 ? "," : "";
    const entries: readonly unknown[] = Array.isArray(value) ? value : [];
    if (entries.length === 0) {
      yield `  "${name}": ${jsonText(value)}${comma}`;
      continue;
    }
    yield `  "${name}": [`;
    for (const [k, entry] of entries.entries()) {
      yield `    ${jsonText(entry)}${k < entries.length - 1 ? "," : ""}`;
    }
    yield `  ]${comma}`;
  }
  yield "}";
}

/** Encodes a value as JSON, with JSON escapes for what {@linkcode escape} would write out. */
function jsonText(value: unknown): string {
  return JSON.stringify(value).replace(UNPRINTABLE, (character) => {
    const units = Array.from({ length: character.length }, (_, i) => character.charCodeAt(i));
    return units.map((unit) => `\\u${unit.toString(16).padStart(4, "0")}`).join("");
  });
}

/** Escapes a text, and shortens it to `max` characters. */
export function shorten(text: string, max: number): string {
  if (text.length <= max) return escape(text);
  return `${escape(text.slice(0, max))}… (${text.length} characters)`;
}

const UNPRINTABLE = /[\p{C}\p{Zl}\p{Zp}]/gu;
const TEXT_MAX = 160;
const FIELD_MAX = 60;
