/**
 * Schemas for what a node of a cluster records: its events, and its part of the state. Typed against the core, as the
 * others in `schema.ts` are.
 *
 * @module
 */
import * as v from "valibot";
import type { ClusterEvent, Snapshot } from "../../../core/mod.ts";
import {
  type EngineAnswer,
  type NodeName,
  nodeName,
  type Notice,
} from "../../../core/cluster/mod.ts";
import { at, conn, count, entries, holder, MESSAGE, peer, type Schema } from "./values.ts";

const node: Schema<NodeName> = v.pipe(v.string(), v.transform(nodeName));

const HELD = { id: peer, seq: count };

const NOTICE: Schema<Notice> = v.variant("kind", [
  v.strictObject({ kind: v.literal("evicted"), ...HELD }),
  v.strictObject({ kind: v.literal("arrived"), ...HELD, node }),
]);

const NOTICES = { last: count, notices: v.array(NOTICE) };

const ANSWER: Schema<EngineAnswer> = v.variant("kind", [
  v.strictObject({ kind: v.literal("gone") }),
  v.strictObject({ kind: v.literal("stale"), conn: count }),
  v.strictObject({
    kind: v.literal("refused"),
    why: v.picklist(["layout", "nodes", "batch"]),
    value: count,
  }),
  v.strictObject({ kind: v.literal("joined"), generation: v.string(), op: count }),
  v.strictObject({
    kind: v.literal("beaten"),
    ...NOTICES,
    generation: v.string(),
    op: count,
    dead: v.nullable(node),
  }),
  v.strictObject({ kind: v.literal("pulled"), ...NOTICES }),
  v.strictObject({ kind: v.literal("opened"), seq: count }),
  v.strictObject({ kind: v.picklist(["past", "taken", "full", "absent", "crowded", "alive"]) }),
  v.strictObject({ kind: v.literal("wait"), ms: count }),
  v.strictObject({ kind: v.literal("closed"), count }),
  v.strictObject({ kind: v.literal("held"), node, seq: count }),
  v.strictObject({ kind: v.literal("reaped"), count, isDone: v.boolean() }),
  v.strictObject({
    kind: v.literal("restored"),
    lost: v.array(v.strictObject({ ...HELD, isOwn: v.boolean() })),
  }),
]);

const FRAME = v.strictObject({
  from: node,
  to: node,
  link: count,
  base: count,
  carried: v.array(
    v.strictObject({ number: count, seq: count, message: v.nullable(MESSAGE) }),
  ),
  ack: v.nullable(v.strictObject({
    link: count,
    below: count,
    bounced: v.array(v.strictTuple([count, v.picklist(["gone", "slow"])])),
  })),
  returned: v.array(v.strictTuple([count, MESSAGE])),
});

/** The request of a command, over a connection to the engine. */
const REQUEST = { conn: count, request: count };

export const CLUSTER_EVENTS = {
  "cluster-started": v.strictObject({
    kind: v.literal("cluster-started"),
    isNear: v.exactOptional(v.literal(true)),
  }),
  "engine-connected": v.strictObject({
    kind: v.literal("engine-connected"),
    name: node,
    generation: v.string(),
  }),
  "engine-lost": v.strictObject({ kind: v.literal("engine-lost") }),
  "engine-answered": v.strictObject({
    kind: v.literal("engine-answered"),
    ...REQUEST,
    answer: ANSWER,
  }),
  "engine-failed": v.strictObject({
    kind: v.literal("engine-failed"),
    ...REQUEST,
    why: v.string(),
  }),
  "doorbell-rang": v.strictObject({ kind: v.literal("doorbell-rang") }),
  "probe-heard": v.strictObject({ kind: v.literal("probe-heard"), number: count }),
  "link-received": v.strictObject({ kind: v.literal("link-received"), frame: FRAME }),
  "paused": v.strictObject({ kind: v.literal("paused"), ms: at }),
} as const satisfies {
  readonly [Kind in ClusterEvent["kind"]]: Schema<Extract<ClusterEvent, { readonly kind: Kind }>>;
};

const BATCH = v.array(v.strictObject(HELD));

type Question = Snapshot["clusterAsked"][number][1]["question"];

const QUESTION: Schema<Question> = v.variant("kind", [
  v.strictObject({
    kind: v.literal("join"),
    layout: count,
    generation: v.string(),
    leaseMs: at,
    graceMs: at,
    mailMs: at,
  }),
  v.strictObject({ kind: v.literal("beat"), leaseMs: at, seen: count, probe: count }),
  v.strictObject({ kind: v.literal("pull"), seen: count }),
  v.strictObject({
    kind: v.literal("open"),
    id: peer,
    owner: holder,
    mayReplace: v.boolean(),
    limit: count,
  }),
  v.strictObject({ kind: v.literal("close"), claims: BATCH }),
  v.strictObject({ kind: v.literal("abandon"), id: peer }),
  v.strictObject({ kind: v.literal("route"), id: peer }),
  v.strictObject({ kind: v.literal("reap"), dead: node }),
  v.strictObject({
    kind: v.literal("restore"),
    claims: v.array(v.strictObject({ ...HELD, owner: holder })),
  }),
]);

const ROUTE = v.variant("kind", [
  v.strictObject({ kind: v.literal("asked"), conn: count }),
  v.strictObject({ kind: v.literal("absent"), until: at }),
  v.strictObject({ kind: v.literal("held"), node, seq: count, until: at }),
]);

/** -1 for a number that is empty. */
const SERIAL = v.pipe(v.number(), v.safeInteger(), v.minValue(-1));

export const CLUSTER_MAPS = {
  clusterAsked: entries(
    count,
    v.strictObject({
      question: QUESTION,
      op: count,
      at,
      socket: v.nullable(conn),
      guesser: v.nullable(v.string()),
      isSent: v.boolean(),
      wasSent: v.boolean(),
    }),
  ),
  clusterReleased: entries(count, peer),
  clusterReleasedOld: entries(count, peer),
  clusterYoung: entries(peer, ROUTE),
  clusterOld: entries(peer, ROUTE),
  clusterFlights: entries(count, v.strictObject({ node, seq: count, sentAt: at })),
  clusterOnWay: entries(peer, v.strictObject({ node, seq: count, number: count, sentAt: at })),
  clusterLinks: entries(
    node,
    v.strictObject({
      link: count,
      next: count,
      open: v.array(v.array(v.strictObject({
        ...{ number: count, serial: SERIAL, seq: count, bytes: count },
        direct: v.nullable(v.strictObject({
          ...{ type: MESSAGE.entries.type, src: peer, dst: peer },
          ...{ owner: v.nullable(holder), expiresAt: at },
        })),
      }))),
      bytes: count,
      resendAt: at,
      isSilent: v.boolean(),
    }),
  ),
  clusterIncoming: entries(
    node,
    v.strictObject({
      link: count,
      expected: count,
      base: count,
      bounced: v.array(
        v.strictObject({
          ...{ number: count, why: v.picklist(["gone", "slow"]), dst: peer },
          message: v.nullable(MESSAGE),
        }),
      ),
      recent: v.array(v.strictObject({ number: count, message: MESSAGE })),
      ackAt: v.nullable(at),
      heardAt: at,
    }),
  ),
  clusterRetries: entries(peer, v.literal(true)),
} as const satisfies {
  readonly [Map in Exclude<keyof Snapshot & `cluster${string}`, "cluster">]: Schema<Snapshot[Map]>;
};

export const CLUSTER: Schema<Snapshot["cluster"]> = v.nullable(v.strictObject({
  isNear: v.boolean(),
  name: node,
  conn: count,
  phase: v.picklist(["lost", "joining", "joined"]),
  leaseUntil: at,
  isCut: v.boolean(),
  beatAt: v.nullable(at),
  unanswered: count,
  probe: count,
  heard: count,
  seen: v.nullable(count),
  op: count,
  releasedAt: at,
  nextRequest: count,
  waiters: v.array(
    v.strictObject({ socket: conn, guesser: v.nullable(v.string()), question: QUESTION }),
  ),
  waitersAt: v.nullable(at),
  nextLink: count,
  retryAt: v.nullable(at),
  lookAt: v.nullable(at),
}));
