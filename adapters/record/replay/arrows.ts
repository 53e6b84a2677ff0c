/**
 * The arrows of a step in a sequence diagram: who said what to whom. Heartbeats and the traffic of a cluster's engine
 * have none.
 *
 * @module
 */
import { bytesText } from "../../admin/page/words.js";
import { type ConnId, type Effect, type Note, type PeerId, utf8Length } from "../../../core/mod.ts";

/** The server as a party: no id is this. */
export const SERVER: unique symbol = Symbol("server");

export interface Arrow {
  readonly from: string | typeof SERVER;
  readonly to: string | typeof SERVER;
  readonly label: string;
  readonly note: string;
  readonly isFault: boolean;
  /** The content of a message; empty for the others. */
  readonly text: string;
}

/** A client that asked for no id, or for an empty one. */
const NAMELESS = "(no id)";

/** The arrows of a step: first what came in, then what the server made of it. */
export function arrowsOf(effects: readonly Effect[]): Arrow[] {
  const all = effects.flatMap((effect) => arrowsOfOne(effect, effects));
  return [...all.filter(({ to }) => to === SERVER), ...all.filter(({ to }) => to !== SERVER)];
}

function arrowsOfOne(effect: Effect, effects: readonly Effect[]): Arrow[] {
  if (effect.kind === "note") return noteArrows(effect);
  if (effect.kind === "publish") {
    return effect.frame.carried.flatMap(({ message }) =>
      message === null ? [] : [arrow(message.src, SERVER, message.type, {
        note: `for ${message.dst}, at another node`,
        text: message.text,
      })]
    );
  }
  if (effect.kind !== "send") return [];
  const { meaning, text, hasWaited, conn } = effect;
  switch (meaning.kind) {
    case "message": {
      const size = bytesText(utf8Length(text));
      const from = hasWaited ? SERVER : meaning.src;
      const note = hasWaited ? `${size}, had waited, of ${meaning.src}` : size;
      const isFault = meaning.type === "EXPIRE";
      return [arrow(from, meaning.dst, meaning.type, { note, text, isFault })];
    }
    case "open":
      return idsOf(effects, conn).map((id) => arrow(SERVER, id, "OPEN"));
    case "expire": {
      const note = `for what it sent to ${meaning.dst}`;
      return [arrow(SERVER, meaning.to, "EXPIRE", { note, isFault: true })];
    }
    case "error":
      // Its sentence can quote what the client sent: it is content.
      return meaning.to === null
        ? []
        : [arrow(SERVER, meaning.to, "ERROR", { text, isFault: true })];
    case "id-taken": // The refusal says it.
      return [];
  }
}

/** The id that a connection got in this step. */
function idsOf(effects: readonly Effect[], conn: ConnId): PeerId[] {
  return effects.flatMap((effect) =>
    effect.kind === "note" && effect.what === "admitted" && effect.conn === conn ? [effect.id] : []
  );
}

function noteArrows(note: Note): Arrow[] {
  switch (note.what) {
    case "admitted":
      return [arrow(note.id, SERVER, "opens", {
        note: note.replaces === null ? "" : "takes the id over from its older socket",
      })];
    case "refused":
      return [arrow(note.id || NAMELESS, SERVER, "refused", {
        note: `${note.code} ${note.reason}`,
        isFault: true,
      })];
    case "left":
      return note.by === "client"
        ? [arrow(note.id, SERVER, "closes", { note: String(note.code) })]
        : [arrow(SERVER, note.id, "closes", {
          note: `${note.code} ${note.reason}`,
          isFault: true,
        })];
    case "stored": {
      const { src, type, text, dst } = note.message;
      const size = bytesText(utf8Length(text));
      return [arrow(src, SERVER, type, { note: `${size}, stored, ${dst} is not connected`, text })];
    }
    case "undelivered": {
      const { src, type, text, dst } = note.message;
      return [arrow(src, SERVER, type, {
        note: `not delivered to ${dst}: ${note.why}`,
        text,
        isFault: true,
      })];
    }
    case "bad-frame":
    case "unknown-type":
      return [arrow(note.id ?? NAMELESS, SERVER, note.what.replace("-", " "), { isFault: true })];
    case "expired":
    case "drained":
    case "ignored":
    case "sent-on":
    case "passed-on":
    case "waits":
    case "node-joined":
    case "node-cut":
    case "drain-began":
    case "drain-ended":
      return [];
  }
}

function arrow(
  from: Arrow["from"],
  to: Arrow["to"],
  label: string,
  rest: Partial<Arrow> = {},
): Arrow {
  return { from, to, label, note: "", isFault: false, text: "", ...rest };
}
