/** What holds for the attempts of every history, however odd: bounds, no text of a payload, no state that is kept. */
import fc from "fast-check";
import {
  adviceFor,
  type Attempts,
  attemptsOf,
  noAttempts,
  retireAttempts,
  watchAttempts,
} from "../../core/attempts/mod.ts";
import { initialState, millis, reduce, retire, settingsFrom } from "../../core/mod.ts";
import { EVENTS_MAX } from "../../core/attempts/attempt.ts";
import { ATTEMPTS_MAX, PAIR_MAX, PEER_MAX } from "../../core/attempts/attempts.ts";
import { createAttemptWatch } from "../../adapters/admin/attempt_watch.ts";
import { viewOf } from "../../adapters/admin/attempts.ts";
import { ALONE } from "../../adapters/admin/whose.ts";
import { histories } from "../history/history.ts";
import { play } from "../history/play.ts";
import { WORLDS } from "../history/worlds.ts";
import { IDS } from "../history/oddities.ts";
import { assert, assertEquals } from "../support/assert.ts";

/** Stands in every payload, and in no id. */
const MARK = "MARK";

const types = fc.constantFrom(
  "OFFER",
  "OFFER",
  "ANSWER",
  "CANDIDATE",
  "CANDIDATE",
  "EXPIRE",
  "LEAVE",
);
const texts = fc.constantFrom(
  ...[MARK, "data", "media", `candidate:${MARK} 1 udp 1 ${MARK}.local 1 typ host`, "", null, 7],
  `m=audio 9 ${MARK}\r\na=${MARK}\r\na=candidate:1 1 udp 1 ${MARK} 1 typ relay`,
);
const payload = fc.record({
  sdp: fc.oneof(texts, fc.record({ type: texts, sdp: texts })),
  candidate: fc.oneof(texts, fc.record({ candidate: texts, sdpMid: texts })),
  connectionId: fc.oneof(texts, fc.constantFrom(`${MARK}1`, `${MARK}2`)),
  type: texts,
  metadata: texts,
});
const call = fc.tuple(types, fc.constantFrom(...IDS, ""), fc.option(payload))
  .map(([type, dst, payload]) => JSON.stringify({ type, dst, payload }));
const junk = fc.constantFrom("[]", `{"type":"OFFER","dst":"a","payload":["${MARK}"]}`, MARK);
const frames = fc.oneof({ weight: 9, arbitrary: call }, { weight: 1, arbitrary: junk });

/** All that attempts have, as text. */
function contentOf({ byId, pairs, peers, ...rest }: Attempts): string {
  const maps = [byId, pairs, peers].map(({ native }) => [...native ?? []]);
  return JSON.stringify([maps, rest]);
}

function check(attempts: Attempts): void {
  const { byId, pairs, peers, nextId, forgotten } = attempts;
  assert(byId.size <= ATTEMPTS_MAX && nextId === byId.size + forgotten);
  for (const { ids } of pairs.native?.values() ?? []) {
    assert(ids.length > 0 && ids.length <= PAIR_MAX && ids.every((id) => byId.native?.has(id)));
  }
  for (const ids of peers.native?.values() ?? []) {
    assert(ids.length > 0 && ids.length <= PEER_MAX && ids.every((id) => byId.native?.has(id)));
  }
  for (const { events, sides: { caller, callee } } of byId.native?.values() ?? []) {
    assert(events.length <= EVENTS_MAX && caller.unnoted >= 0 && callee.unnoted >= 0);
    assert(events.every(({ at }, i) => at >= (events[i - 1]?.at ?? 0)), "in order");
  }
}

Deno.test("[WHY-3] [WHY-4] [WHY-5] attempts of any history are bounded, and have no text of a payload", () => {
  let seen = 0;
  for (const world of ["calm", "small", "defaults"] as const) {
    const settings = settingsFrom(WORLDS[world] ?? {});
    fc.assert(
      fc.property(histories("everything", 100, { frames }), (commands) => {
        let state = initialState(settings);
        let attempts = noAttempts();
        const watch = createAttemptWatch({ of: ALONE, zero: () => 0 });
        for (const [now, event] of play(settings, commands)) {
          const [next, effects] = reduce(state, event, now);
          retire(state, next);
          state = next;
          const step = { event, now, effects, state };
          const watched = watchAttempts(attempts, step);
          retireAttempts(attempts, watched);
          attempts = watched;
          watch.observe(step);
          for (const attempt of attemptsOf(attempts)) adviceFor(attempt, now);
        }
        check(attempts);
        const { attempts: found } = watch.find({ peer: null, limit: 200 });
        const views = found.map((attempt) => viewOf(attempt, millis(0)));
        const texts = [contentOf(attempts), JSON.stringify([found, views])];
        for (const text of texts) assertEquals(text.includes(MARK), false, text);
        seen += attempts.byId.size;
      }),
      { numRuns: 150 },
    );
  }
  assert(seen > 100, `histories had ${seen} attempts`);
});
