/**
 * What came on a socket, as an event.
 *
 * @module
 */
import type { ConnId, Event } from "../../core/mod.ts";

/** A binary message that is text means what the text means; one too large is refused for that alone. */
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
