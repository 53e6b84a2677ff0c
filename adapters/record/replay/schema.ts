/**
 * Schemas for the lines of a recording. They are typed against the core: a new kind of event, or a new field of the
 * state, does not compile without a schema here.
 *
 * @module
 */
import { messageOf } from "../../errors.ts";
import * as v from "valibot";
import {
  type Event,
  isRuleName,
  type Rules,
  rulesOf,
  settingsFrom,
  type Snapshot,
} from "../../../core/mod.ts";
import { FORMAT, frameTextIn, type Header, VERSION } from "../format.ts";
import type { MapName, Outline } from "../format.ts";
import { CLUSTER, CLUSTER_EVENTS, CLUSTER_MAPS } from "./cluster_schema.ts";
import { shorten } from "./text.ts";
import { at, conn, count, entries, holder, MESSAGE, peer, type Schema } from "./values.ts";

/** The content of an event's line. */
export interface Recorded {
  readonly at: number;
  /** The digest of its effects, see `crcOf`. */
  readonly crc: number;
  readonly event: Event;
}

/** The content of a line, or its problem as the end of a sentence. */
export type Parsed<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly problem: string };

/** Parses the first line of a recording. */
export function readHeader(line: string): Parsed<Header> {
  return read(HEADER, line);
}

/** The content of a snapshot line: some entries of one map. */
export type Part = { [Map in MapName]: PartOf<Map> }[MapName];

export interface PartOf<Map extends MapName> {
  readonly map: Map;
  readonly entries: Snapshot[Map];
}

/** Parses a line of the snapshot. */
export function readPart(line: string): Parsed<Part> {
  return read(PART, line);
}

/** Parses the line of an event. */
export function readEvent(line: string): Parsed<Recorded> {
  const text = frameTextIn(line);
  if (text === null) return read(EVENT_LINE, line);
  const found = read(FRAME_LINE, line);
  if (!found.ok) return found;
  const { at, crc, conn } = found.value;
  return { ok: true, value: { at, crc, event: { kind: "frame-received", conn, text } } };
}

const IDENTITY = v.variant("kind", [
  v.strictObject({ kind: v.literal("unchecked") }),
  v.strictObject({
    kind: v.literal("proven"),
    owner: holder,
    ids: v.array(v.string()),
    endsAt: v.nullable(at),
  }),
  v.strictObject({ kind: v.literal("rejected"), reason: v.string() }),
]);

const EVENTS = {
  "socket-opened": v.strictObject({
    kind: v.literal("socket-opened"),
    conn,
    id: v.nullable(v.string()),
    token: v.nullable(v.strictObject({ owner: holder, length: count, hasControl: v.boolean() })),
    key: v.nullable(v.picklist(["right", "wrong"])),
    address: v.string(),
    origin: v.nullable(v.string()),
    ownOrigin: v.boolean(),
    queryLength: count,
    identity: v.union([IDENTITY, v.strictObject({ kind: v.literal("pending") })]),
  }),
  "token-checked": v.strictObject({ kind: v.literal("token-checked"), conn, identity: IDENTITY }),
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
    message: v.nullable(MESSAGE),
  }),
  "send-refused": v.strictObject({ kind: v.literal("send-refused"), conn, message: MESSAGE }),
  "tick": v.strictObject({ kind: v.literal("tick") }),
  "client-dismissed": v.strictObject({
    kind: v.literal("client-dismissed"),
    id: peer,
    reason: v.nullable(v.string()),
  }),
  "drain-requested": v.strictObject({ kind: v.literal("drain-requested"), ms: at }),
  "shutdown-requested": v.strictObject({ kind: v.literal("shutdown-requested") }),
  ...CLUSTER_EVENTS,
} as const satisfies {
  readonly [Kind in Event["kind"]]: Schema<Extract<Event, { readonly kind: Kind }>>;
};

const EVENT: Schema<Event> = v.variant("kind", Object.values(EVENTS));
const EVENT_LINE = v.strictObject({ at, crc: count, event: EVENT });
const FRAME_LINE = v.strictObject({ at, crc: count, conn, frame: v.unknown() });

const MAPS = {
  claims: entries(
    peer,
    v.strictObject({ conn, owner: holder, seq: count, endsAt: v.nullable(at) }),
  ),
  connections: entries(
    conn,
    v.strictObject({
      id: peer,
      heardAt: at,
      idleCheckAt: at,
      badFrames: count,
      paidUntil: at,
      bytesPaidUntil: at,
      address: v.string(),
      refusalsTold: v.array(peer),
      leftAt: v.nullable(at),
    }),
  ),
  pending: entries(
    conn,
    v.strictObject({
      opened: EVENTS["socket-opened"],
      claim: v.nullable(count),
      until: at,
      frames: v.array(v.variant("kind", [EVENTS["frame-received"], EVENTS["binary-received"]])),
      length: count,
    }),
  ),
  stored: entries(
    count,
    v.strictObject({
      message: MESSAGE,
      owner: v.nullable(holder),
      address: v.string(),
      bytes: count,
      expiresAt: at,
    }),
  ),
  mailboxes: entries(peer, v.strictObject({ serials: v.array(count), bytes: count })),
  sources: entries(peer, v.strictObject({ count, bytes: count })),
  pairs: entries(v.string(), v.strictObject({ count, bytes: count, expireSentBelow: count })),
  addressBytes: entries(v.string(), count),
  addresses: entries(v.string(), count),
  wrongTokens: entries(v.string(), at),
  ...CLUSTER_MAPS,
} as const satisfies { readonly [Map in MapName]: Schema<Snapshot[Map]> };

/** The names of the maps of a snapshot. */
export const MAP_NAMES: readonly MapName[] = Object.keys(MAPS).filter(isMapName);

function isMapName(name: string): name is MapName {
  return Object.hasOwn(MAPS, name);
}

const REST = {
  firstSerial: count,
  nextSerial: count,
  storedBytes: count,
  pendingLength: count,
  stopping: v.boolean(),
  drain: v.nullable(
    v.strictObject({
      closesFrom: at,
      wakeAt: v.nullable(at),
      closedBy: at,
      until: at,
      lastCloseAt: at,
    }),
  ),
  cluster: CLUSTER,
} as const satisfies {
  readonly [Field in Exclude<keyof Snapshot, MapName>]: Schema<Snapshot[Field]>;
};

export const SNAPSHOT: Schema<Snapshot> = v.strictObject({ ...MAPS, ...REST });

/** The core loops over missing serials: this many take ten seconds, and no real server has as many. */
const SERIALS_MAX = 1_000_000_000;

const OUTLINE: Schema<Outline> = v.pipe(
  v.strictObject({
    ...REST,
    claims: count,
    connections: count,
    pending: count,
    stored: count,
    mailboxes: count,
    sources: count,
    pairs: count,
    addressBytes: count,
    addresses: count,
    wrongTokens: count,
    clusterAsked: count,
    clusterReleased: count,
    clusterReleasedOld: count,
    clusterYoung: count,
    clusterOld: count,
    clusterFlights: count,
    clusterOnWay: count,
    clusterLinks: count,
    clusterIncoming: count,
    clusterRetries: count,
  }),
  v.check(
    ({ firstSerial, nextSerial }) => nextSerial - firstSerial <= SERIALS_MAX,
    `Expected at most ${SERIALS_MAX} serials from firstSerial to nextSerial`,
  ),
);

const PART: Schema<Part> = v.variant("map", [
  partOf("claims", MAPS.claims),
  partOf("connections", MAPS.connections),
  partOf("pending", MAPS.pending),
  partOf("stored", MAPS.stored),
  partOf("mailboxes", MAPS.mailboxes),
  partOf("sources", MAPS.sources),
  partOf("pairs", MAPS.pairs),
  partOf("addressBytes", MAPS.addressBytes),
  partOf("addresses", MAPS.addresses),
  partOf("wrongTokens", MAPS.wrongTokens),
  partOf("clusterAsked", MAPS.clusterAsked),
  partOf("clusterReleased", MAPS.clusterReleased),
  partOf("clusterReleasedOld", MAPS.clusterReleasedOld),
  partOf("clusterYoung", MAPS.clusterYoung),
  partOf("clusterOld", MAPS.clusterOld),
  partOf("clusterFlights", MAPS.clusterFlights),
  partOf("clusterOnWay", MAPS.clusterOnWay),
  partOf("clusterLinks", MAPS.clusterLinks),
  partOf("clusterIncoming", MAPS.clusterIncoming),
  partOf("clusterRetries", MAPS.clusterRetries),
]);

function partOf<Map extends MapName>(
  map: Map,
  of: Schema<Snapshot[Map]>,
): v.StrictObjectSchema<
  { readonly map: v.LiteralSchema<Map, undefined>; readonly entries: Schema<Snapshot[Map]> },
  undefined
> {
  return v.strictObject({ map: v.literal(map), entries: of });
}

/**
 * Validated by the table of options. It demands a secret for `auth: jwt`, which is not in a recording: this one is
 * made up.
 */
const RULES: Schema<Rules> = v.pipe(
  v.record(
    v.pipe(v.string(), v.check(isRuleName, "Expected an option that is a rule")),
    v.union([v.string(), v.number(), v.boolean(), v.array(v.string())]),
  ),
  v.rawTransform(({ dataset, addIssue, NEVER }) => {
    try {
      const given: Record<string, unknown> = dataset.value;
      const secret = given["auth"] === "jwt" ? { auth_secret: "*".repeat(32) } : {};
      return rulesOf(settingsFrom({ ...given, ...secret }));
    } catch (error) {
      addIssue({ message: messageOf(error) });
      return NEVER;
    }
  }),
);

const HEADER: Schema<Header> = v.strictObject({
  format: v.literal(FORMAT),
  version: v.literal(VERSION),
  epochMs: v.pipe(v.number(), v.finite()),
  at,
  rules: RULES,
  snapshot: v.nullable(OUTLINE),
});

function read<T>(schema: Schema<T>, line: string): Parsed<T> {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (error) {
    return { ok: false, problem: `expected JSON: ${shorten(messageOf(error), PROBLEM_MAX)}` };
  }
  const found = v.safeParse(schema, value, { abortEarly: true });
  if (found.success) return { ok: true, value: found.output };
  const [issue] = found.issues;
  const place = v.getDotPath(issue) ?? "the line";
  return { ok: false, problem: shorten(`at ${place}: ${issue.message}`, PROBLEM_MAX) };
}

/** The most characters of a problem, which can quote the line. */
const PROBLEM_MAX = 300;
