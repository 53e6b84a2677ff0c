/**
 * The place of a node in its cluster: it joins, extends its lease, claims ids for its clients, gives them up, and
 * follows what the engine says.
 *
 * Whatever is odd about the connection to the engine ends it: the next one joins again, and what the engine lost is
 * restored.
 *
 * @module
 */
import {
  ENGINE_BOUNDS,
  type EngineAnswer,
  type Held,
  LAYOUT,
  type Notice,
  type Notices,
} from "../cluster/command.ts";
import { emptyCluster, NO_NAME, type Question } from "../cluster/member.ts";
import { must } from "../collections/must.ts";
import { mapDelete, mapEntries, mapGet, mapHas, mapSet } from "../collections/persistent_map.ts";
import { CLOSE, type Effect } from "../effect.ts";
import type { ClusterStarted, EngineAnswered, EngineConnected, EngineFailed } from "../event.ts";
import { type Millis, millis, type PeerId } from "../ids.ts";
import type { State } from "../state.ts";
import {
  afterLoss,
  append,
  ask,
  askLater,
  clusterOf,
  sendUnsent,
  type Step,
  withCluster,
} from "./ask.ts";
import {
  askWaiters,
  CLAIM_RETRY_MS,
  claimAnswered,
  disown,
  giveUpClaims,
  rememberReleased,
  repairClaims,
  wait,
} from "./claims.ts";
import { dropLinks, flush, learnRoute, retryAll, tendCourier } from "./courier.ts";
import { heldRoute, retryLater, withoutRoute, withoutRoutes } from "./routes.ts";
import { disconnect, REPLACED } from "./session.ts";

/** A lease is extended so many times while it lasts. */
export const BEATS_PER_LEASE = 5;

/** After so many beats without an answer, or probes that did not come back, the connection is given up. */
export const BEATS_MISSED_MAX = 2;

/** How long an engine that was deserted lets unknown ids wait: less than a socket waits for its claim. */
export const GRACE_MS = 2_000;

/** Makes the server a node of a cluster. */
export function startCluster(state: State, { isNear }: ClusterStarted, now: Millis): Step {
  if (state.cluster !== null) return [state, []];
  return [{ ...state, cluster: emptyCluster(now, isNear === true) }, []];
}

/** Joins over a new connection: under the name it had, or under the fresh one. */
export function engineConnected(state: State, event: EngineConnected, now: Millis): Step {
  const cluster = clusterOf(state);
  const isRenamed = cluster.name === NO_NAME;
  const joining = withCluster(afterLoss(state, { isRenamed }), {
    conn: cluster.conn + 1,
    phase: "joining",
    unanswered: 0,
    beatAt: millis(now + beatMs(state)),
    heard: cluster.probe,
    seen: null,
    ...(isRenamed && { name: event.name }),
  });
  const { cluster_lease, expire_timeout } = state.rules;
  return ask(joining, {
    kind: "join",
    layout: LAYOUT,
    generation: event.generation,
    leaseMs: cluster_lease,
    graceMs: GRACE_MS,
    // Mail that comes later than its first `route` must be remembered for as long again.
    mailMs: 2 * expire_timeout,
  }, now);
}

/** The connection to the engine is gone. */
export function engineLost(state: State): Step {
  return [withCluster(state, { phase: "lost" }), []];
}

/** Handles the answer to a command. One to a command of an earlier connection counts for nothing. */
export function engineAnswered(
  state: State,
  { conn, request, answer }: EngineAnswered,
  now: Millis,
): Step {
  const cluster = clusterOf(state);
  const asked = mapGet(cluster.asked, request);
  if (asked === undefined || conn !== cluster.conn || cluster.phase === "lost") return [state, []];
  const { question, socket, guesser, at } = asked;
  // What has no answer when the connection ends is asked again over the next one.
  if (answer.kind === "gone") {
    const [cut, effects] = dropLinks(state, now);
    const nameless = withCluster(cut, { name: NO_NAME, leaseUntil: now });
    return append(effects, giveUp(nameless, LEASE_OVER));
  }
  if (answer.kind === "stale") return giveUp(state, "A newer connection of this node has joined");
  if (answer.kind === "refused") return giveUp(state, refusalText(answer));
  const next = withCluster(state, { asked: mapDelete(cluster.asked, request) });
  switch (question.kind) {
    case "join":
      return answer.kind === "joined" ? joined(next, at, now) : odd(state, answer);
    case "beat":
      return answer.kind === "beaten" ? beaten(next, answer, at, now) : odd(state, answer);
    case "pull":
      return answer.kind === "pulled" ? notified(next, answer, now) : odd(state, answer);
    case "open":
      return claimAnswered(
        next,
        { question, socket: must(socket), guesser, request },
        answer,
        now,
      ) ??
        odd(state, answer);
    case "route":
      return routeAnswered(next, question.id, answer, now);
    case "restore":
      return answer.kind === "restored" ? disown(next, answer.lost) : odd(state, answer);
    case "reap":
      if (answer.kind !== "reaped" && answer.kind !== "alive") return odd(state, answer);
      return answer.kind === "reaped" && !answer.isDone ? ask(next, question, now) : [next, []];
    case "close":
      if (answer.kind !== "closed") return odd(state, answer);
      return [rememberReleased(next, question.claims, now), []];
    case "abandon":
      return answer.kind === "closed" ? [next, []] : odd(state, answer);
  }
}

/** Handles a command that the engine refused with an error: it did not run. */
export function engineFailed(
  state: State,
  { conn, request }: EngineFailed,
  now: Millis,
): Step {
  const cluster = clusterOf(state);
  const asked = mapGet(cluster.asked, request);
  if (asked === undefined || conn !== cluster.conn) return [state, []];
  const next = withCluster(state, { asked: mapDelete(cluster.asked, request) });
  const { question, socket, guesser } = asked;
  switch (question.kind) {
    case "open":
      return [wait(next, { socket: must(socket), guesser, question }, CLAIM_RETRY_MS, now), []];
    case "close":
    case "restore":
      return [askLater(next, question, now), []];
    case "route":
      return absent(next, question.id, now);
    default:
      // The next beat asks again.
      return [next, []];
  }
}

/** Asks for notices. */
export function doorbell(state: State, now: Millis): Step {
  const { phase, seen } = clusterOf(state);
  return phase === "joined" ? ask(state, { kind: "pull", seen: seen ?? 0 }, now) : [state, []];
}

/** The node hears what is published to it. */
export function probeHeard(state: State, number: number): Step {
  const { heard } = clusterOf(state);
  return [withCluster(state, { heard: Math.max(heard, number) }), []];
}

/** The process was suspended: the lease ran on, but the time of the loop did not. */
export function paused(state: State, ms: number, now: Millis): Step {
  const { asked, leaseUntil, phase } = clusterOf(state);
  let earlier = asked;
  for (const [request, one] of mapEntries(asked)) {
    // A lease that is answered later counts from before the pause.
    earlier = mapSet(earlier, request, { ...one, at: millis(one.at - ms) });
  }
  return [
    withCluster(state, {
      asked: earlier,
      leaseUntil: millis(leaseUntil - ms),
      ...(phase !== "lost" && { beatAt: now }),
    }),
    [],
  ];
}

/** Does what is due: a beat, claims to ask for again, and the work of the links. */
export function tendCluster(state: State, now: Millis): Step {
  const effects: Effect[] = [];
  let next = state;
  let caused: readonly Effect[];
  const { beatAt, waitersAt } = clusterOf(state);
  if (beatAt !== null && beatAt <= now) {
    [next, caused] = beat(next, now);
    effects.push(...caused);
  }
  if (waitersAt !== null && waitersAt <= now) {
    [next, caused] = askWaiters(next, now);
    effects.push(...caused);
  }
  [next, caused] = tendCourier(next, now);
  return [next, [...effects, ...caused]];
}

/** After an event: gives up the claims of clients that left, and sends on what was stored. */
export function settle(before: State, [state, effects]: Step, now: Millis): Step {
  const given: Held[] = [];
  const more: Effect[] = [];
  let next = state;
  for (const effect of effects) {
    if (effect.kind !== "note") continue;
    if (effect.what === "left" && !mapHas(state.claims, effect.id)) {
      const claim = mapGet(before.claims, effect.id);
      if (claim !== undefined) given.push({ id: effect.id, seq: claim.seq });
    } else if (effect.what === "stored" || effect.what === "expired") {
      const dst = effect.what === "stored" ? effect.message.dst : effect.dst;
      const [flushed, caused] = flush(next, dst, now);
      more.push(...caused);
      next = flushed;
    }
  }
  const [closed, caused] = giveUpClaims(next, given, now);
  return [closed, [...effects, ...more, ...caused]];
}

const LEASE_OVER = "The lease of this node is over";

function beatMs({ rules }: State): number {
  return rules.cluster_lease / BEATS_PER_LEASE;
}

/** Ends the connection to the engine; the adapter makes another. */
function giveUp(state: State, why: string): Step {
  return [withCluster(state, { phase: "lost" }), [{ kind: "reconnect-engine", why }]];
}

function odd(state: State, { kind }: EngineAnswer): Step {
  return giveUp(state, `The engine answered with ${kind}, which is no answer to what was asked`);
}

function refusalText({ why, value }: Extract<EngineAnswer, { readonly kind: "refused" }>): string {
  switch (why) {
    case "layout":
      return `The cluster has layout ${value}, and this version of the server has ${LAYOUT}: ` +
        "stop the nodes of the other version, or give this one another cluster_namespace";
    case "nodes":
      return `The cluster has ${value} nodes already`;
    case "batch":
      return `A command had ${value} claims: at most ${ENGINE_BOUNDS.batch} are allowed`;
  }
}

function beat(state: State, now: Millis): Step {
  const cluster = clusterOf(state);
  const { phase, unanswered, probe, heard, leaseUntil, seen } = cluster;
  const isCut = leaseUntil <= now;
  const counted = withCluster(state, {
    beatAt: millis(now + beatMs(state)),
    unanswered: unanswered + 1,
    isCut,
  });
  const note: Effect[] = isCut && !cluster.isCut ? [{ kind: "note", what: "node-cut" }] : [];
  if (phase === "lost") return [counted, note];
  if (unanswered >= BEATS_MISSED_MAX) return append(note, giveUp(counted, SILENT));
  if (phase === "joining") return [counted, note];
  if (probe - heard >= BEATS_MISSED_MAX) return append(note, giveUp(counted, DEAF));
  const [unsent, sent] = sendUnsent(withCluster(counted, { probe: probe + 1 }), now);
  const { cluster_lease: leaseMs } = state.rules;
  const question: Question = { kind: "beat", leaseMs, seen: seen ?? 0, probe: probe + 1 };
  return append([...note, ...sent], ask(unsent, question, now));
}

const SILENT = `The engine left ${BEATS_MISSED_MAX} beats unanswered`;
const DEAF = `The subscription carried none of the last ${BEATS_MISSED_MAX} probes`;

/**
 * Asks for notices first: what others took over meanwhile must not be restored. The engine runs a write only if its
 * number is above all before: those that wait come first.
 */
function joined(state: State, askedAt: Millis, now: Millis): Step {
  const [sent, effects] = sendUnsent(leased(withCluster(state, { phase: "joined" }), askedAt), now);
  const note = { kind: "note", what: "node-joined", node: clusterOf(state).name } as const;
  return append([...effects, note], ask(retryAll(sent, now), { kind: "pull", seen: 0 }, now));
}

/** The engine may have lost something: claims, or that mail waits here. */
function repair(state: State, now: Millis): Step {
  return repairClaims(retryAll(withoutRoutes(state), now), now);
}

function leased(state: State, askedAt: Millis): State {
  const leaseUntil = millis(askedAt + state.rules.cluster_lease);
  return withCluster(state, { leaseUntil, unanswered: 0, isCut: false });
}

function beaten(
  state: State,
  answer: Extract<EngineAnswer, { readonly kind: "beaten" }>,
  askedAt: Millis,
  now: Millis,
): Step {
  const { isCut } = clusterOf(state);
  const { dead } = answer;
  const [notifiedState, effects] = notified(leased(state, askedAt), answer, now);
  const next = isCut ? retryAll(notifiedState, now) : notifiedState;
  return dead === null ? [next, effects] : append(effects, ask(next, { kind: "reap", dead }, now));
}

/**
 * Handles notices. A gap in their numbers shows that some were dropped; what happened before the first ones over a
 * connection is not known.
 */
function notified(state: State, { last, notices }: Notices, now: Millis): Step {
  const { seen } = clusterOf(state);
  const first = last - notices.length + 1;
  const effects: Effect[] = [];
  let next = withCluster(state, { seen: last });
  let caused: readonly Effect[];
  for (const [i, notice] of notices.entries()) {
    // An engine that lost some has given their numbers again: over a new connection each of them is handled.
    if (seen !== null && first + i <= seen) continue;
    [next, caused] = noticed(next, notice, now);
    effects.push(...caused);
  }
  const mayHaveLost = seen === null || first > seen + 1;
  return mayHaveLost ? append(effects, repair(next, now)) : [next, effects];
}

function noticed(state: State, notice: Notice, now: Millis): Step {
  const { id, seq } = notice;
  if (notice.kind === "arrived") {
    return learnRoute(state, id, heldRoute(notice.node, seq, now), now);
  }
  const claim = mapGet(state.claims, id);
  if (claim?.seq !== seq) return [state, []];
  return disconnect(state, claim, CLOSE.replaced, REPLACED);
}

function routeAnswered(state: State, id: PeerId, answer: EngineAnswer, now: Millis): Step {
  switch (answer.kind) {
    case "held":
      return answer.node === clusterOf(state).name
        ? heldHere(state, { id, seq: answer.seq }, now)
        : learnRoute(state, id, heldRoute(answer.node, answer.seq, now), now);
    case "absent":
    case "crowded":
      return absent(state, id, now);
    default:
      return odd(state, answer);
  }
}

/** The engine says that this node holds an id: it did, or will in a moment, or the claim is left over. */
function heldHere(state: State, held: Held, now: Millis): Step {
  const { id } = held;
  const next = retryLater(withoutRoute(state, id), id, now);
  return mapHas(state.claims, id) ? [next, []] : giveUpClaims(next, [held], now);
}

function absent(state: State, id: PeerId, now: Millis): Step {
  const until = millis(now + state.rules.expire_timeout);
  return learnRoute(state, id, { kind: "absent", until }, now);
}
