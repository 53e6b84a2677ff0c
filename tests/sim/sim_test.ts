/** Simulated runs: pinned seeds, a fresh one, and servers that are broken on purpose, which have to be caught. */
import { assert, assertEquals } from "../support/assert.ts";
import { BROKEN } from "./broken.ts";
import { failureReport, type Result, simulate } from "./simulate.ts";
import { STEP } from "./watch.ts";
import { busy, varied } from "./ways.ts";

/** Seeds of `varied` for the situations that they have many of, and one that once found something. */
const PINNED: Readonly<Record<number, string>> = {
  1: "frozen readers and floods: sockets that are full, and told so once an attempt",
  // Disconnected before it has its id, the stock client opens a socket that it never closes.
  5: "sockets that turn out to be gone, and no room for any message of a source",
  6: "more clients than concurrent_limit, mailboxes of three messages",
  9: "messages that live 1 ms and find no mailbox: every failure is a refusal",
};

for (const [key, why] of Object.entries(PINNED)) {
  const seed = Number(key);
  Deno.test(`[QUEUE-5] [STATE-3] [LIFE-1] [FAULT-25] [HTTP-15] [FAULT-45] seed ${seed} keeps every rule: ${why}`, () => {
    const result = simulate({ seed, scenario: varied(seed) });
    assertSound(result, `deno task sim --seed ${seed} --varied`);
    const { came, ended, events, checked } = result.watchers;
    assert(came > 20 && ended > 0 && events > 50 && checked > 50, "hardly anybody watched");
    assert(result.meetings.made > 0 && result.events > 1_000, "hardly anything happened");
  });
}

Deno.test("[MSG-1] [MSG-2] [QUEUE-4] [OPEN-5] a fresh seed keeps every rule", () => {
  const seed = crypto.getRandomValues(new Uint32Array(1))[0] ?? 0;
  const scenario = { ...busy(), clients: 60, hours: 0.1 };
  assertSound(simulate({ seed, scenario }), `busy, 60 clients, seed ${seed}`);
  assertSound(
    simulate({ seed, scenario: varied(seed) }),
    `deno task sim --seed ${seed} --varied`,
  );
});

Deno.test("[STATE-1] the same seed gives the same run, and another seed another", () => {
  const first = simulate({ seed: 7, scenario: busy() });
  assertSound(first, "busy, seed 7");
  assertEquals(simulate({ seed: 7, scenario: busy() }), first);
  assert(simulate({ seed: 8, scenario: busy() }).digest !== first.digest);
});

for (const { name, rules, seenAs, reducer } of BROKEN) {
  const who = seenAs === STEP ? "the laws or the model" : "clients";
  Deno.test(`[${rules.join("] [")}] a server that ${name} is caught by ${who}`, () => {
    const isWatched = seenAs === STEP;
    const { failure } = simulate({ seed: 7, scenario: busy(), reducer, isWatched });
    assert(failure !== null, "it was not caught");
    assertEquals(failure.rule, seenAs, failure.lines.join("\n"));
    assert(failure.lines.length > 2, "it says what led there");
  });
}

function assertSound(result: Result, command: string): void {
  assert(result.failure === null, failureReport(result, command));
}
