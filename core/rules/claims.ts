/**
 * The claims of a node: it claims ids for its sockets, gives them up, and restores what the engine lost.
 *
 * @module
 */
import { ENGINE_BOUNDS, type EngineAnswer, type Held, type Lost } from "../cluster/command.ts";
import { earlier, type Question, type Waiter } from "../cluster/member.ts";
import { emptyMap, mapEntries, mapGet, mapSet } from "../collections/persistent_map.ts";
import { CLOSE, type Effect, say } from "../effect.ts";
import { type ConnId, type Millis, millis, type PeerId } from "../ids.ts";
import type { State } from "../state.ts";
import { countWrongToken } from "./allowance.ts";
import { append, ask, clusterOf, type Step, withCluster } from "./ask.ts";
import { openPending } from "./open_pending.ts";
import { withoutRoute } from "./routes.ts";
import { disconnect, ID_TAKEN, refuseClaim, refuseTaken, REPLACED } from "./session.ts";

/** Claims that were given up, in each of two halves. */
export const RELEASED_MAX = 16_384;

/** How long a socket waits before it asks again for a claim that the engine failed to make. */
export const CLAIM_RETRY_MS = 500;

/** An `open` that was answered. */
export interface Claiming {
  readonly question: Extract<Question, { readonly kind: "open" }>;
  readonly socket: ConnId;
  readonly guesser: string | null;
  readonly request: number;
}

/** Handles the answer to an `open`; returns `null` if it is none. */
export function claimAnswered(
  state: State,
  { question, socket, guesser, request }: Claiming,
  answer: EngineAnswer,
  now: Millis,
): Step | null {
  const isWaiting = mapGet(state.pending, socket)?.claim === request;
  const { id, owner } = question;
  if (answer.kind === "opened") {
    const { seq } = answer;
    const former = mapGet(state.claims, id);
    // The engine has forgotten that this node waits for the id, and may forget what the new claim replaced.
    const routed = withoutRoute(state, id);
    const known = former === undefined || former.seq === seq
      ? routed
      : rememberReleased(routed, [{ id, seq: former.seq }], now);
    const [next, effects] = isWaiting ? openPending(known, socket, { seq }, now) : [known, []];
    const claim = mapGet(next.claims, id);
    if (claim?.seq === seq) return [next, effects];
    // The socket is gone, or was refused after all: the claim is another socket's of the same owner, or nobody's.
    if (claim?.owner === owner) {
      return [{ ...next, claims: mapSet(next.claims, id, { ...claim, seq }) }, effects];
    }
    return append(effects, giveUpClaims(next, [{ id, seq }], now));
  }
  switch (answer.kind) {
    case "taken": {
      // Also that of a socket that has hung up since: the token was compared.
      const counted = guesser === null ? state : countWrongToken(state, guesser, now);
      return isWaiting ? refuseTaken(counted, socket) : [counted, []];
    }
    case "full":
    case "past":
      return isWaiting ? refuseClaim(state, socket, answer.kind) : [state, []];
    case "wait":
      // If its socket is gone, nothing is asked again.
      return [wait(state, { socket, guesser, question }, answer.ms, now), []];
    default:
      return null;
  }
}

/** Asks for the claim of a socket again in `ms` milliseconds, or sooner. */
export function wait(state: State, waiter: Waiter, ms: number, now: Millis): State {
  const { waiters, waitersAt } = clusterOf(state);
  return withCluster(state, {
    waiters: [...waiters, waiter],
    waitersAt: earlier(waitersAt, millis(now + ms)),
  });
}

/** Asks again for the claims that could not be made yet. */
export function askWaiters(state: State, now: Millis): Step {
  const { waiters } = clusterOf(state);
  const effects: Effect[] = [];
  let next = withCluster(state, { waiters: [], waitersAt: null });
  for (const { socket, guesser, question } of waiters) {
    const pending = mapGet(next.pending, socket);
    if (pending === undefined) continue;
    const claim = clusterOf(next).nextRequest;
    const claiming = { ...next, pending: mapSet(next.pending, socket, { ...pending, claim }) };
    const [asked, caused] = ask(claiming, question, now, { socket, guesser });
    effects.push(...caused);
    next = asked;
  }
  return [next, effects];
}

/** Gives claims up, in batches. */
export function giveUpClaims(
  state: State,
  claims: readonly Held[],
  now: Millis,
): Step {
  return askInBatches(state, claims, (batch) => ({ kind: "close", claims: batch }), now);
}

/** Asks the same of every `batch` claims. */
function askInBatches<T>(
  state: State,
  claims: readonly T[],
  questionOf: (batch: readonly T[]) => Question,
  now: Millis,
): Step {
  const effects: Effect[] = [];
  let next = state;
  for (let from = 0; from < claims.length; from += ENGINE_BOUNDS.batch) {
    const [asked, caused] = ask(
      next,
      questionOf(claims.slice(from, from + ENGINE_BOUNDS.batch)),
      now,
    );
    effects.push(...caused);
    next = asked;
  }
  return [next, effects];
}

/** Remembers what the engine took back, for a lease at least. */
export function rememberReleased(state: State, claims: readonly Held[], now: Millis): State {
  const cluster = clusterOf(state);
  const isFull = cluster.released.size >= RELEASED_MAX;
  const isOver = now - cluster.releasedAt >= state.rules.cluster_lease;
  let released = isFull || isOver ? emptyMap<number, PeerId>() : cluster.released;
  for (const { id, seq } of claims) released = mapSet(released, seq, id);
  return withCluster(state, {
    released,
    ...(isFull || isOver) && { releasedOld: cluster.released, releasedAt: now },
  });
}

/**
 * The engine may have lost something, and cannot say what: everything is claimed again that is held, and what was given
 * up lately is given up again. Walks over all clients.
 */
export function repairClaims(state: State, now: Millis): Step {
  const { released, releasedOld } = clusterOf(state);
  const given = [...mapEntries(releasedOld), ...mapEntries(released)];
  const [closed, effects] = giveUpClaims(state, given.map(([seq, id]) => ({ id, seq })), now);
  return append(effects, restoreAll(closed, now));
}

function restoreAll(state: State, now: Millis): Step {
  const claims = Array.from(
    mapEntries(state.claims),
    ([id, { seq, owner }]) => ({ id, seq, owner }),
  );
  return askInBatches(state, claims, (batch) => ({ kind: "restore", claims: batch }), now);
}

/** Disconnects the clients whose ids others hold by now. */
export function disown(state: State, lost: readonly Lost[]): Step {
  const effects: Effect[] = [];
  let next = state;
  for (const { id, seq, isOwn } of lost) {
    const claim = mapGet(next.claims, id);
    if (claim?.seq !== seq) continue;
    if (!isOwn) effects.push(say(claim.conn, ID_TAKEN));
    const [left, caused] = isOwn
      ? disconnect(next, claim, CLOSE.replaced, REPLACED)
      : disconnect(next, claim, CLOSE.idTaken, "ID is taken");
    effects.push(...caused);
    next = left;
  }
  return [next, effects];
}
