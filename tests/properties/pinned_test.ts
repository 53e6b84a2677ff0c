/**
 * Histories that once broke a law or a rule, each as short as it can be: pasted from what a failing run of
 * `history_test.ts` prints.
 */
import { type PartialSettings, reduce, settingsFrom } from "../../core/mod.ts";
import type { Moment } from "../history/play.ts";
import { agreement } from "../model/agreement.ts";
import { messageFrom, tokenOf } from "../support/world.ts";
import { replay } from "./check.ts";
import { all, laws } from "./laws.ts";

/** Runs a history, given as plain data, with all laws and the model looking. */
function pinned(
  given: PartialSettings,
  history: readonly (readonly [now: number, event: object])[],
): void {
  const settings = settingsFrom(given);
  const moments: Moment[] = JSON.parse(JSON.stringify(history));
  replay(settings, moments, { look: all(laws(reduce), agreement(settings)) });
}

const CLIENT = {
  kind: "socket-opened",
  token: tokenOf("t"),
  key: "right",
  address: "",
  origin: null,
  ownOrigin: false,
  queryLength: 30,
  identity: { kind: "unchecked" },
};

Deno.test("pinned: [LIFE-1] a late tick disconnects in the order of the deadlines, not of the looks", () => {
  pinned({ alive_timeout: 200 }, [
    [0, { ...CLIENT, conn: 1, id: "a" }],
    [1, { ...CLIENT, conn: 2, id: "b" }],
    [2, { kind: "frame-received", conn: 1, text: '{"type":"HEARTBEAT"}' }],
    [1_000, { kind: "tick" }],
  ]);
});

Deno.test("pinned: [LIFE-3] [MSG-12] what fails after the server stopped waits no more", () => {
  pinned({}, [
    [0, { ...CLIENT, conn: 1, id: "a" }],
    [0, { kind: "shutdown-requested" }],
    [0, { kind: "send-failed", conn: 1, message: messageFrom("a", "b") }],
  ]);
});

Deno.test("pinned: [QUEUE-4] an EXPIRE stands for what waits between two ids, whoever stored it", () => {
  pinned({ queue_limit: 1, expire_timeout: 100 }, [
    [0, { ...CLIENT, conn: 1, id: "a" }],
    [0, { kind: "frame-received", conn: 1, text: '{"type":"CANDIDATE","dst":"b"}' }],
    [0, { kind: "socket-closed", conn: 1, code: 1005 }],
    [1, { ...CLIENT, conn: 2, id: "a", token: tokenOf("u") }],
    [1, { kind: "frame-received", conn: 2, text: '{"type":"OFFER","dst":"b"}' }],
    [2, { kind: "socket-closed", conn: 2, code: 1005 }],
    [3, { ...CLIENT, conn: 3, id: "a" }],
    [100, { kind: "tick" }],
  ]);
});
