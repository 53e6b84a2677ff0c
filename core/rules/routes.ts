/**
 * Where messages go, as far as a node knows, and which mailboxes it looks at again.
 *
 * @module
 */
import type { NodeName } from "../cluster/command.ts";
import { type Cluster, earlier, type Route } from "../cluster/member.ts";
import { must } from "../collections/must.ts";
import { emptyMap, mapDelete, mapGet, mapHas, mapSet } from "../collections/persistent_map.ts";
import { type Millis, millis, type PeerId } from "../ids.ts";
import type { Mailbox, State } from "../state.ts";
import { clusterOf, withCluster } from "./ask.ts";

type Held = Extract<Route, { readonly kind: "held" }>;

/** Routes that are remembered, in each of two halves. */
export const ROUTES_MAX = 16_384;

/** How long the engine's word counts: a message that goes to a node that has ended is lost. */
export const ROUTE_MS = 3_000;

/** How long what bounced waits before it is routed again: the claim that it looks for may be on its way. */
export const RETRY_MS = 50;

/** The route to an id whose holder the engine has just named. */
export function heldRoute(node: NodeName, seq: number, now: Millis): Held {
  return { kind: "held", node, seq, until: millis(now + ROUTE_MS) };
}

/** Whether a message can reach a peer of another node at once. */
export function hasRoute(state: State, dst: PeerId, now: Millis): boolean {
  return state.cluster !== null && routeTo(state.cluster, dst, now)?.kind === "held";
}

/** What of a mailbox is on no link, after the last message that is on one. */
export function waitingIn({ flights }: Cluster, { serials }: Mailbox): readonly number[] {
  // Most often nothing or everything is on a link.
  let from = serials.length;
  while (from > 0 && !mapHas(flights, must(serials[from - 1]))) from--;
  return serials.slice(from);
}

/** The route to an id; `undefined` if the engine must be asked. */
export function routeTo(cluster: Cluster, dst: PeerId, now: Millis): Route | undefined {
  const route = mapGet(cluster.young, dst) ?? mapGet(cluster.old, dst);
  switch (route?.kind) {
    case undefined:
      return undefined;
    case "asked":
      return route.conn === cluster.conn && cluster.phase === "joined" ? route : undefined;
    case "absent":
      return route.until > now ? route : undefined;
    case "held":
      return route.until <= now || mapGet(cluster.links, route.node)?.isSilent === true
        ? undefined
        : route;
  }
}

/** Remembers a route. */
export function withRoute(state: State, dst: PeerId, route: Route): State {
  const { young } = clusterOf(state);
  if (young.size < ROUTES_MAX || mapHas(young, dst)) {
    return withCluster(state, { young: mapSet(young, dst, route) });
  }
  return withCluster(state, { young: mapSet(emptyMap(), dst, route), old: young });
}

/** Forgets a route. */
export function withoutRoute(state: State, dst: PeerId): State {
  const { young, old } = clusterOf(state);
  return withCluster(state, { young: mapDelete(young, dst), old: mapDelete(old, dst) });
}

/** Forgets all routes. */
export function withoutRoutes(state: State): State {
  return withCluster(state, { young: emptyMap(), old: emptyMap() });
}

/** Looks at the mailbox of an id again, at this instant or sooner. */
export function retryAtLatest(state: State, dst: PeerId, at: Millis): State {
  const { retries, retryAt } = clusterOf(state);
  return withCluster(state, {
    retries: mapSet(retries, dst, true),
    retryAt: earlier(retryAt, at),
  });
}

/** Looks at the mailbox of an id again after `RETRY_MS`, or sooner. */
export function retryLater(state: State, dst: PeerId, now: Millis): State {
  return retryAtLatest(state, dst, millis(now + RETRY_MS));
}
