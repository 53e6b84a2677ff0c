/** The engine of the workers of a process, in its main thread. */
import { createHost, type Host } from "../../adapters/workers/host.ts";
import type { EngineSaid } from "../../adapters/workers/protocol.ts";
import { type EngineAnswer, type EngineCommand, LAYOUT, nodeName } from "../../core/cluster/mod.ts";
import { owner, peerId } from "../../core/mod.ts";
import { assertEquals } from "../support/assert.ts";

const LEASE_MS = 1_000;
const MAIL_MS = 10_000;
const [N, M] = [nodeName("n"), nodeName("m")];

/** A host, its clock, and what it said to each node since that was last taken. */
class Stage {
  now = 1_000_000;
  readonly host: Host;
  readonly #turns: (() => void)[] = [];
  readonly #said = new Map<string, EngineSaid[]>();
  #numbers = 0;

  /** Nodes n and m have joined. */
  constructor() {
    this.host = createHost({
      keptMs: LEASE_MS,
      now: () => this.now,
      tell: (node, said) => this.#said.set(node, [...this.#said.get(node) ?? [], said]),
      afterTurn: (callback) => void this.#turns.push(callback),
    });
    const times = { leaseMs: LEASE_MS, graceMs: 2_000, mailMs: MAIL_MS };
    for (const node of [N, M]) {
      this.ask({ kind: "join", node, conn: 1, layout: LAYOUT, generation: "g", ...times });
    }
  }

  /** What the host says to a node in one turn, and before it. */
  told(node: string): readonly EngineSaid[] {
    this.#turns.splice(0).forEach((call) => call());
    const said = this.#said.get(node) ?? [];
    this.#said.delete(node);
    return said;
  }

  /** The answers to commands of one node. */
  ask(...commands: readonly EngineCommand[]): EngineAnswer[] {
    const node = commands[0]?.node ?? N;
    this.told(node);
    this.host.ask(node, {
      kind: "ask",
      commands: commands.map((command) => [++this.#numbers, command]),
    });
    return this.told(node).flatMap(({ answers }) => answers.map(([, , answer]) => answer));
  }

  open(node: typeof N, id: string, who = "o", limit = 0): EngineAnswer["kind"] | undefined {
    const claim = { id: peerId(id), owner: owner(who), mayReplace: true, limit };
    return this.ask({ kind: "open", node, conn: 1, op: ++this.#numbers, ...claim })[0]?.kind;
  }

  route(node: typeof N, id: string): EngineAnswer | undefined {
    return this.ask({ kind: "route", node, conn: 1, id: peerId(id) })[0];
  }
}

Deno.test("[WORKER-1] a client may open at once, and many commands of one turn have one answer", () => {
  const s = new Stage();
  assertEquals(s.open(N, "a"), "opened");
  const ask = { node: N, conn: 1 };
  s.host.ask(N, {
    kind: "ask",
    commands: ["a", "b"].map((id, i) => [i, { kind: "route", ...ask, id: peerId(id) }]),
  });
  assertEquals(
    s.told(N).map(({ answers }) =>
      answers.map(([conn, request, { kind }]) => [conn, request, kind])
    ),
    [[[1, 0, "held"], [1, 1, "absent"]]],
  );
  assertEquals(s.host.ids(), '["a"]');
});

Deno.test("[WORKER-3] there are never more claims than the limit; those of a worker that ended count until others have reaped them", () => {
  const s = new Stage();
  assertEquals([s.open(N, "a", "o", 2), s.open(M, "b", "o", 2)], ["opened", "opened"]);
  assertEquals([s.open(N, "c", "o", 2), s.open(M, "a", "o", 2)], ["full", "opened"]);
  s.host.end(M);
  assertEquals([s.open(N, "c", "o", 2), s.host.census()], ["full", { nodes: 2, claims: 2 }]);
  s.now += LEASE_MS;
  assertEquals(s.ask({ kind: "reap", node: N, conn: 1, dead: M })[0]?.kind, "reaped");
  assertEquals([s.open(N, "c", "o", 2), s.host.census()], ["opened", { nodes: 1, claims: 1 }]);
});

Deno.test("[WORKER-4] what a worker held that has ended its clients have back at once, and others a lease later", () => {
  const s = new Stage();
  for (const id of ["a", "b"]) s.open(N, id);
  s.host.end(N);
  assertEquals([s.open(M, "b", "another"), s.open(M, "a")], ["taken", "opened"]);
  s.now += LEASE_MS - 1;
  // It ends once, or was never there.
  for (const node of [N, nodeName("stranger")]) s.host.end(node);
  assertEquals(s.open(M, "b", "another"), "taken");
  s.now += 1;
  assertEquals(s.open(M, "b", "another"), "opened");
  assertEquals(s.host.census(), { nodes: 2, claims: 2 });
});

Deno.test("[WORKER-5] a worker that the main thread has not ended is a node, however late its beats are", () => {
  const s = new Stage();
  s.open(N, "a");
  for (let i = 0; i < 100; i++) {
    s.now += LEASE_MS;
    s.host.readClock();
  }
  assertEquals([s.open(M, "a", "another"), s.open(N, "a")], ["taken", "opened"]);
  const beat = { kind: "beat", node: M, conn: 1, leaseMs: LEASE_MS, seen: 0, probe: 1 } as const;
  assertEquals(s.ask(beat)[0]?.kind, "beaten");
  s.now += LEASE_MS;
  assertEquals(s.open(M, "b"), "opened");
});

Deno.test("[WORKER-6] while the process stands still, nothing is forgotten", () => {
  const s = new Stage();
  s.route(N, "late");
  for (let i = 0; i < 3; i++) {
    s.now += 100 * MAIL_MS;
    s.route(N, `other ${i}`);
  }
  s.open(M, "late");
  const answer = s.ask({ kind: "pull", node: N, conn: 1, seen: 0 })[0];
  const notices = answer?.kind === "pulled" ? answer.notices : [];
  assertEquals(notices.map(({ kind, id }) => [kind, id]), [["arrived", peerId("late")]]);
});

Deno.test("[WORKER-1] a bell rings once until its node asks for something", () => {
  const s = new Stage();
  const bells = (): boolean[] => s.told(N).map(({ isRung }) => isRung);
  for (const id of ["a", "b", "c"]) s.open(N, id);
  s.told(N);
  s.open(M, "a");
  assertEquals(bells(), [true]);
  s.open(M, "b");
  assertEquals(bells(), []);
  s.ask({ kind: "pull", node: N, conn: 1, seen: 2 });
  s.open(M, "c");
  assertEquals(bells(), [true]);
});
