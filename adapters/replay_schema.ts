/**
 * What a recording must look like to be read: schemas for every line. They are typed against the core, so an
 * event of a new kind, or a new field of the state, without a schema here does not compile.
 *
 * @module
 */
import * as v from "valibot";
import {
  connId,
  escape,
  type Event,
  millis,
  owner,
  peerId,
  type Settings,
  settingsFrom,
  type Snapshot,
} from "../core/mod.ts";
import { messageOf } from "./log.ts";
import { FORMAT, frameTextIn, type Header, VERSION } from "./record_format.ts";

/** An event as it was recorded. */
export interface Recorded {
  readonly at: number;
  /** The digest of its effects. */
  readonly crc: number;
  readonly event: Event;
}

/** What a line has, or what is wrong with it. */
export type Read<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly problem: string };

/** Reads the first line of a recording. */
export function readHeader(line: string): Read<Header> {
  return read(HEADER, line);
}

/** Reads any other line. */
export function readEvent(line: string): Read<Recorded> {
  const text = frameTextIn(line);
  if (text === null) return read(EVENT_LINE, line);
  const found = read(FRAME_LINE, line);
  if (!found.ok) return found;
  const { at, crc, conn } = found.value;
  return { ok: true, value: { at, crc, event: { kind: "frame-received", conn, text } } };
}

type Schema<T> = v.GenericSchema<unknown, T>;

const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const conn = v.pipe(count, v.transform(connId));
const at = v.pipe(v.number(), v.finite(), v.transform(millis));
const peer = v.pipe(v.string(), v.transform(peerId));

const holder = v.pipe(v.string(), v.transform(owner));

const IDENTITY = v.variant("kind", [
  v.strictObject({ kind: v.literal("unchecked") }),
  v.strictObject({
    kind: v.literal("proven"),
    subject: v.string(),
    peers: v.array(v.string()),
    endsAt: v.nullable(at),
  }),
  v.strictObject({ kind: v.literal("rejected"), reason: v.string() }),
]);

const EVENTS = {
  "socket-opened": v.strictObject({
    kind: v.literal("socket-opened"),
    conn,
    id: v.nullable(v.string()),
    token: v.nullable(v.string()),
    key: v.nullable(v.string()),
    address: v.string(),
    origin: v.nullable(v.string()),
    ownOrigin: v.boolean(),
    queryLength: count,
    identity: IDENTITY,
  }),
  "frame-received": v.strictObject({
    kind: v.literal("frame-received"),
    conn,
    text: v.string(),
  }),
  "binary-received": v.strictObject({ kind: v.literal("binary-received"), conn, bytes: count }),
  "socket-closed": v.strictObject({ kind: v.literal("socket-closed"), conn, code: count }),
  "ping-unanswered": v.strictObject({ kind: v.literal("ping-unanswered"), conn }),
  "send-failed": v.strictObject({
    kind: v.literal("send-failed"),
    conn,
    texts: v.array(v.string()),
  }),
  "send-refused": v.strictObject({ kind: v.literal("send-refused"), conn, text: v.string() }),
  "tick": v.strictObject({ kind: v.literal("tick") }),
  "shutdown-requested": v.strictObject({ kind: v.literal("shutdown-requested") }),
} as const satisfies {
  readonly [Kind in Event["kind"]]: Schema<Extract<Event, { readonly kind: Kind }>>;
};

const EVENT: Schema<Event> = v.variant("kind", Object.values(EVENTS));
const EVENT_LINE = v.strictObject({ at, crc: count, event: EVENT });
const FRAME_LINE = v.strictObject({ at, crc: count, conn, frame: v.unknown() });

function entries<K, V>(key: Schema<K>, value: Schema<V>): Schema<(readonly [K, V])[]> {
  return v.array(v.strictTuple([key, value]));
}

/** A snapshot, which a header has in it. */
export const SNAPSHOT: Schema<Snapshot> = v.strictObject({
  claims: entries(
    peer,
    v.strictObject({ conn, owner: holder, endsAt: v.nullable(at) }),
  ),
  connections: entries(
    conn,
    v.strictObject({
      id: peer,
      heardAt: at,
      lookAt: at,
      badFrames: count,
      paidUntil: at,
      address: v.string(),
      toldFull: v.array(peer),
    }),
  ),
  stored: entries(
    count,
    v.strictObject({
      src: peer,
      owner: v.nullable(holder),
      dst: peer,
      text: v.string(),
      bytes: count,
      expiresAt: at,
    }),
  ),
  firstSerial: count,
  nextSerial: count,
  storedBytes: count,
  mailboxes: entries(peer, v.strictObject({ serials: v.array(count), bytes: count })),
  sources: entries(peer, v.strictObject({ count, bytes: count })),
  pairs: entries(v.string(), v.strictObject({ count, toldBefore: count })),
  addresses: entries(v.string(), count),
  wrongTokens: entries(v.string(), at),
  unknownTypes: count,
  stopping: v.boolean(),
});

/** The table of options knows best what a setting may be. */
const SETTINGS: Schema<Settings> = v.pipe(
  v.record(v.string(), v.union([v.string(), v.number(), v.boolean(), v.array(v.string())])),
  v.rawTransform(({ dataset, addIssue, NEVER }) => {
    try {
      const given: Record<string, unknown> = dataset.value;
      return settingsFrom(given);
    } catch (error) {
      addIssue({ message: messageOf(error) });
      return NEVER;
    }
  }),
);

const HEADER: Schema<Header> = v.strictObject({
  format: v.literal(FORMAT),
  version: v.literal(VERSION),
  wallZero: v.pipe(v.number(), v.finite()),
  at,
  settings: SETTINGS,
  snapshot: v.nullable(SNAPSHOT),
});

function read<T>(schema: Schema<T>, line: string): Read<T> {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (error) {
    return { ok: false, problem: `expected JSON: ${escape(messageOf(error))}` };
  }
  const found = v.safeParse(schema, value, { abortEarly: true });
  if (found.success) return { ok: true, value: found.output };
  const [issue] = found.issues;
  const place = v.getDotPath(issue) ?? "the line";
  return { ok: false, problem: escape(`at ${place}: ${issue.message}`) };
}
