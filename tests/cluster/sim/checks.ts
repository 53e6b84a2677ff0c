/**
 * What must be so once nothing is wrong any more.
 *
 * @module
 */
import { mapValues } from "../../../core/collections/persistent_map.ts";
import { mapEntries, mapGet, peerId } from "../../../core/mod.ts";
import { BEATS_PER_LEASE } from "../../../core/rules/membership.ts";
import { knownNodes } from "./engine_host.ts";
import type { Fleet } from "./fleet.ts";
import type { SimNode } from "./sim_node.ts";
import { auditUntil } from "./simulate.ts";
import { Broken } from "./watch.ts";

function broken({ agenda }: Fleet, rule: string, what: string): Broken {
  return new Broken(rule, agenda.now, what);
}

/** Sockets and claims agree, nothing is left over, and whoever wants to be connected is. */
export function checkWhole(fleet: Fleet): void {
  const { nodes, host, people } = fleet;
  for (const node of nodes) checkNode(fleet, node);
  const names = nodes.map(({ state }) => state.cluster?.name ?? "").sort();
  if (names.join() !== knownNodes(host).sort().join()) {
    throw broken(
      fleet,
      "CLUSTER-5",
      `the engine knows ${knownNodes(host)}, and there are ${names}`,
    );
  }
  const held = nodes.reduce((sum, { state }) => sum + state.claims.size, 0);
  for (const [id, { node }] of mapEntries(host.engine.claims)) {
    const holder = nodes.find(({ state }) => state.cluster?.name === node);
    if (holder === undefined || mapGet(holder.state.claims, id) === undefined) {
      throw broken(fleet, "CLUSTER-1", `${id} is claimed for ${node}, and nobody holds it`);
    }
  }
  if (held !== host.engine.claims.size) {
    throw broken(fleet, "CLUSTER-1", `${held} clients, and ${host.engine.claims.size} claims`);
  }
  for (const person of people) {
    if (!person.wants) continue;
    const { id, conn, node } = person;
    if (conn === null) throw broken(fleet, "OPEN-6", `${id} wants to be connected, and is not`);
    const claim = node === null ? undefined : mapGet(node.state.claims, peerId(id));
    if (claim?.conn !== conn) {
      throw broken(fleet, "OPEN-6", `${id} believes to be connected, and does not hold it`);
    }
  }
}

/** Within this time the engine answers, where nothing is wrong. */
const ANSWERED_MS = 100;

function checkNode(fleet: Fleet, { state, label, now }: SimNode): void {
  const { cluster } = state;
  if (cluster?.phase !== "joined") throw broken(fleet, "CLUSTER-5", `${label} has not joined`);
  const left = Object.entries({
    ...{ flights: cluster.flights.size, links: cluster.links.size, retries: cluster.retries.size },
    ...{ waiters: cluster.waiters.length, pending: state.pending.size },
    ...{ stored: state.stored.size, mailboxes: state.mailboxes.size },
  }).filter(([, count]) => count > 0);
  for (const { at, question } of mapValues(cluster.asked)) {
    if (at >= now - ANSWERED_MS) continue;
    throw broken(fleet, "STATE-3", `${label} has no answer to ${JSON.stringify(question)}`);
  }
  if (left.length > 0) throw broken(fleet, "STATE-3", `${label} has left ${left.join("; ")}`);
  for (const [id, { seq }] of mapEntries(state.claims)) {
    const claim = mapGet(fleet.host.engine.claims, id);
    if (claim?.node === cluster.name && claim.seq === seq) continue;
    const what = claim === undefined ? "nobody" : `${claim.node} with ${claim.seq}`;
    throw broken(fleet, "CLUSTER-1", `${label} holds ${id} with ${seq}; the engine says ${what}`);
  }
}

/** Each reaches each. */
export function checkReach(fleet: Fleet): void {
  const { people, agenda, dice } = fleet;
  const here = people.filter(({ wants }) => wants);
  const sent: (readonly [n: number, src: string, dst: (typeof here)[number]])[] = [];
  for (const src of here) {
    for (const dst of here) {
      agenda.after(
        dice.between(0, 5_000),
        () => sent.push([src.say("OFFER", dst.id), src.id, dst]),
      );
    }
  }
  auditUntil(fleet, agenda.now + 12_000);
  for (const [n, src, dst] of sent) {
    if (dst.received.has(n)) continue;
    throw broken(fleet, "MSG-2", `message ${n} of ${src} has not reached ${dst.id}`);
  }
}

/** Nobody does anything: nodes beat, and that is all. */
export function checkIdle(fleet: Fleet): void {
  const { host, agenda, settings, nodes } = fleet;
  auditUntil(fleet, agenda.now + settings.expire_timeout);
  const before = { ...host.commands };
  const { published } = host;
  const leases = 3;
  auditUntil(fleet, agenda.now + leases * settings.cluster_lease);
  for (const [kind, count] of Object.entries(host.commands)) {
    const more = count - (before[kind] ?? 0);
    const allowed = kind === "beat" ? nodes.length * (leases * BEATS_PER_LEASE + 1) : 0;
    if (more > allowed) {
      throw broken(fleet, "CLUSTER-5", `${more} ${kind} while nobody did anything`);
    }
  }
  if (host.published > published) {
    throw broken(fleet, "CLUSTER-5", "frames while nobody did anything");
  }
}
