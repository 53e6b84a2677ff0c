/**
 * What a node asks the engine of its cluster, in the order in which the engine runs it.
 *
 * Over a new connection reads are asked anew and writes are sent again, with the numbers they had: the engine runs
 * each once.
 *
 * @module
 */
import { type Asked, type Cluster, emptyCluster, type Question } from "../cluster/member.ts";
import { must } from "../collections/must.ts";
import { emptyMap, mapDelete, mapEntries, mapGet, mapSet } from "../collections/persistent_map.ts";
import type { AskEngine, Effect } from "../effect.ts";
import type { Millis } from "../ids.ts";
import type { State } from "../state.ts";

/** What comes of an event, or of a part of it. */
export type Step = readonly [State, readonly Effect[]];

/** A step whose effects come after others. */
export function append(before: readonly Effect[], [state, effects]: Step): Step {
  return [state, [...before, ...effects]];
}

/** The cluster of a state that has one. */
export function clusterOf(state: State): Cluster {
  return must(state.cluster);
}

/** Replaces fields of the cluster. */
export function withCluster(state: State, fields: Partial<Cluster>): State {
  return { ...state, cluster: { ...clusterOf(state), ...fields } };
}

/** A node that serves nobody any more, and still gives its claims up. */
export function withoutWork(cluster: Cluster): Cluster {
  const { name, conn, phase, leaseUntil, op, nextRequest, asked, isNear } = cluster;
  return {
    ...emptyCluster(leaseUntil, isNear),
    ...{ name, conn, phase, op, nextRequest, asked },
  };
}

const NOBODY = { socket: null, guesser: null } as const;

/** Asks the engine. Without a joined connection a write waits for one; a read may not be asked then. */
export function ask(
  state: State,
  question: Question,
  now: Millis,
  { socket, guesser }: Pick<Asked, "socket" | "guesser"> = NOBODY,
): Step {
  const cluster = clusterOf(state);
  const request = cluster.nextRequest;
  const op = isWrite(question) ? cluster.op + 1 : 0;
  const isSent = cluster.phase === "joined" || question.kind === "join";
  const asked: Asked = { question, op, at: now, socket, guesser, isSent, wasSent: isSent };
  const next = withCluster(state, {
    nextRequest: request + 1,
    op: Math.max(cluster.op, op),
    asked: mapSet(cluster.asked, request, asked),
  });
  return [next, isSent ? [askEngine(cluster, request, asked)] : []];
}

/** Lets a write wait for the next beat. */
export function askLater(state: State, question: Question, now: Millis): State {
  const { nextRequest, op, asked } = clusterOf(state);
  const never = { isSent: false, wasSent: false };
  const unsent: Asked = { question, op: op + 1, at: now, ...NOBODY, ...never };
  return withCluster(state, {
    nextRequest: nextRequest + 1,
    op: op + 1,
    asked: mapSet(asked, nextRequest, unsent),
  });
}

/** Sends every write that was not sent over this connection, in order. */
export function sendUnsent(state: State, now: Millis): Step {
  const cluster = clusterOf(state);
  let { asked } = cluster;
  const effects: Effect[] = [];
  for (const [request, one] of inOrder(cluster)) {
    if (one.isSent) continue;
    const sent: Asked = { ...one, isSent: true, wasSent: true, at: now };
    asked = mapSet(asked, request, sent);
    effects.push(askEngine(cluster, request, sent));
  }
  return [withCluster(state, { asked }), effects];
}

/**
 * What is left to ask once the connection is gone: the writes. Under another name only claims for sockets that are
 * still pending count: the engine gives up all that the old name had.
 */
export function afterLoss(state: State, { isRenamed }: { readonly isRenamed: boolean }): State {
  const cluster = clusterOf(state);
  let asked: Cluster["asked"] = emptyMap();
  for (const [request, one] of inOrder(cluster)) {
    const { question, op, socket } = one;
    const isPending = socket !== null && mapGet(state.pending, socket)?.claim === request;
    // Every join restores.
    if (
      op === 0 || question.kind === "restore" ||
      (isRenamed && !(question.kind === "open" && isPending))
    ) continue;
    const left = question.kind === "open" && !isPending ? abandoned(one, question) : one;
    if (left !== null) asked = mapSet(asked, request, { ...left, isSent: false });
  }
  return withCluster(state, { asked });
}

/** Takes back the claim of a socket that is no longer pending. While its answer is awaited, that decides. */
export function forgetUnsent(state: State, request: number): State {
  const { asked } = clusterOf(state);
  const one = mapGet(asked, request);
  if (one === undefined || one.isSent || one.question.kind !== "open") return state;
  const left = abandoned(one, one.question);
  return withCluster(state, {
    asked: left === null ? mapDelete(asked, request) : mapSet(asked, request, left),
  });
}

type Opening = Extract<Question, { readonly kind: "open" }>;

/**
 * What is left to ask of a claim that nobody wants any more: if the engine may have run it, that it be taken back. To
 * ask for it again could evict whoever has the id by now.
 */
function abandoned(one: Asked, { id }: Opening): Asked | null {
  return one.wasSent ? { ...one, question: { kind: "abandon", id }, socket: null } : null;
}

function askEngine(
  { name, conn }: Cluster,
  request: number,
  { question, op }: Asked,
): AskEngine {
  // A write has its number, and a read none.
  const command = { ...question, node: name, conn, ...(op > 0 && { op }) } as AskEngine["command"];
  return { kind: "ask-engine", request, command };
}

function isWrite({ kind }: Question): boolean {
  return kind === "open" || kind === "close" || kind === "restore";
}

function inOrder({ asked }: Cluster): (readonly [number, Asked])[] {
  return [...mapEntries(asked)].sort(([a], [b]) => a - b);
}
