/** The checks of an engine see each contradiction and each bound that is exceeded. */
import { type Engine, ENGINE_BOUNDS, engineViolations, nodeName } from "../../core/cluster/mod.ts";
import { mapGet, millis, peerId } from "../../core/mod.ts";
import { mapDelete, mapSet } from "../../core/collections/persistent_map.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { directory } from "./directory.ts";

const [A, X] = [peerId("a"), peerId("x")];
const [N, M] = [nodeName("n"), nodeName("m")];

/** A consistent engine: n holds a and b, m waits for x and was told that it lost a. */
function sound(): { engine: Engine; now: number } {
  const d = directory("n", "m");
  d.claim("m", "a");
  d.claim("n", "a");
  d.claim("n", "b");
  d.route("m", "x");
  return d;
}

function bounded(bounds: Partial<Engine["bounds"]>): (engine: Engine) => Engine {
  return (engine) => ({ ...engine, bounds: { ...ENGINE_BOUNDS, ...bounds } });
}

function withMail(id: typeof A, ...waiters: readonly (typeof N)[]): (engine: Engine) => Engine {
  return ({ mail, ...engine }) => ({
    ...engine,
    mail: { ...mail, young: mapSet(mail.young, id, waiters) },
  });
}

const BREAKS: readonly (readonly [sentence: RegExp, (engine: Engine) => Engine])[] = [
  [/^a is held by n, which is not known$/, (e) => ({ ...e, nodes: mapDelete(e.nodes, N) })],
  [/^n does not know that it holds x as 1$/, (e) => {
    const claim = mapGet(e.claims, A);
    assert(claim !== undefined);
    return { ...e, claims: mapSet(e.claims, X, { ...claim, seq: 1 }) };
  }],
  [/^a has seq \d+, above the fence 0$/, (e) => ({ ...e, fence: 0 })],
  [/^1 claims, but nodes hold 2$/, (e) => ({ ...e, claims: mapDelete(e.claims, A) })],
  [/^mail waits for a, who is here$/, withMail(A, M)],
  [/^nobody waits for x$/, withMail(X)],
  [/^a node waits twice for x$/, withMail(X, M, M)],
  [/^too many nodes$/, bounded({ nodes: 1 })],
  [/^too many notices for m$/, bounded({ notices: 0 })],
  [/^m has more notices than it was given$/, (e) => {
    const node = mapGet(e.nodes, M);
    assert(node !== undefined);
    return { ...e, nodes: mapSet(e.nodes, M, { ...node, told: 0 }) };
  }],
  [/^too much mail is remembered$/, bounded({ waiting: 0 })],
  [/^too much mail is remembered$/, bounded({ waiters: 0 })],
];

Deno.test("[CLUSTER-1] [CLUSTER-12] an engine that contradicts itself, or exceeds a bound, is noticed", () => {
  const { engine, now } = sound();
  assertEquals(engineViolations(engine, millis(now)), []);
  for (const [sentence, broken] of BREAKS) {
    const found = engineViolations(broken(engine), millis(now));
    assert(found.some((one) => sentence.test(one)), `${sentence}: ${found}`);
  }
  const later = millis(now + 1_000);
  assertEquals(engineViolations(withMail(A, M)(engine), later), [], "whose holder is dead");
});
