import { bounceOf, createUnheard, KNOWN_MAX } from "../../adapters/cluster/unheard.ts";
import { type LinkFrame, nodeName } from "../../core/cluster/mod.ts";
import { assertEquals } from "../support/assert.ts";

/** A frame of a link that carries these numbers, all of which but those before `base` are open. */
function frame(
  link: number,
  numbers: readonly number[],
  base = numbers[0] ?? 0,
  to = "there",
): LinkFrame {
  const carried = numbers.map((number) => ({ number, seq: 7, message: null }));
  return { from: nodeName("here"), to: nodeName(to), link, base, carried, ack: null };
}

Deno.test("[CLUSTER-25] what a link carries bounces only if no frame of it was ever heard", () => {
  const { isWorthSending, isUnheard } = createUnheard();
  const first = frame(1, [1, 2]);
  assertEquals([isWorthSending(first), isUnheard(first, 0)], [true, true]);
  // It was on its way already when that was known; whoever has come meanwhile takes no number 3 of a new link.
  assertEquals(isUnheard(frame(1, [3]), 1), true);
  assertEquals(isWorthSending(frame(1, [1, 2, 3])), false);

  for (const receivers of [1, null]) {
    const link = receivers === 1 ? 2 : 3;
    const again = frame(link, [1]);
    assertEquals([isWorthSending(again), isUnheard(again, receivers)], [true, false]);
    assertEquals([isWorthSending(again), isUnheard(again, 0)], [true, false]);
  }
});

Deno.test("[CLUSTER-25] a node that was forgotten, or a frame that carries nothing, says nothing of what was heard", () => {
  const { isWorthSending, isUnheard } = createUnheard();
  const first = frame(1, [1]);
  isWorthSending(first);
  for (let i = 0; i < KNOWN_MAX; i++) isWorthSending(frame(2 + i, [1], 1, `node ${i}`));
  assertEquals([isWorthSending(first), isUnheard(first, 0)], [true, false]);
  const ack = frame(9_999, []);
  assertEquals([isWorthSending(ack), isUnheard(ack, 0)], [true, false]);
});

Deno.test("[CLUSTER-25] a bounce is about everything that is open, up to the last number of its frame", () => {
  assertEquals(bounceOf(frame(4, [3, 4], 2)), {
    ...frame(0, [], 0, "here"),
    from: nodeName("there"),
    ack: { link: 4, below: 5, bounced: [[2, "gone"], [3, "gone"], [4, "gone"]] },
  });
});
