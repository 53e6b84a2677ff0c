/**
 * Translates the data of a WebSocket message into an event of the core.
 *
 * @module
 */
import type { ConnId, Event } from "../../core/mod.ts";

/**
 * The event for a message. A binary message of valid UTF-8 is treated as text; one of more than `maxBytes` is not
 * decoded, because the core refuses it by its length.
 */
export function messageEvent(conn: ConnId, data: unknown, maxBytes: number): Event {
  if (typeof data === "string") return { kind: "frame-received", conn, text: data };
  const bytes = data instanceof ArrayBuffer ? data.byteLength : 0;
  const text = data instanceof ArrayBuffer && bytes <= maxBytes ? decodeUtf8(data) : null;
  return text === null
    ? { kind: "binary-received", conn, bytes }
    : { kind: "frame-received", conn, text };
}

function decodeUtf8(bytes: ArrayBuffer): string | null {
  try {
    return UTF_8.decode(bytes);
  } catch {
    return null;
  }
}

const UTF_8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
