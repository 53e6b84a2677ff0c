import { createUnheard, KNOWN_MAX } from "../../adapters/cluster/unheard.ts";
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
  return { from: nodeName("here"), to: nodeName(to), link, base, carried, ack: null, returned: [] };
}

Deno.test("[CLUSTER-25] what a link carries bounces only if no frame of it was ever heard, and none is on its way", () => {
  const { isWorthSending, published, isUnheard } = createUnheard();
  const send = (one: LinkFrame): boolean => {
    const isWorth = isWorthSending(one);
    if (isWorth) published(one);
    return isWorth;
  };
  const [first, second] = [frame(1, [1, 2]), frame(1, [3], 1)];
  assertEquals([send(first), send(second)], [true, true]);
  assertEquals([isUnheard(first, 0), isUnheard(second, 0)], [false, true]);
  assertEquals(send(frame(1, [1, 2, 3])), false);

  for (const [link, receivers] of [[2, 1], [3, null]] as const) {
    const [one, again] = [frame(link, [1]), frame(link, [1])];
    assertEquals([send(one), send(again)], [true, true]);
    // It was sent again before anything was known of it.
    assertEquals([isUnheard(one, 0), isUnheard(again, receivers)], [false, false]);
    assertEquals([send(again), isUnheard(again, 0)], [true, false]);
  }
});

Deno.test("[CLUSTER-25] a node that was forgotten, or a frame that carries nothing, says nothing of what was heard", () => {
  const { isWorthSending, published, isUnheard } = createUnheard();
  const first = frame(1, [1]);
  isWorthSending(first);
  published(first);
  for (let i = 0; i < KNOWN_MAX; i++) isWorthSending(frame(2 + i, [1], 1, `node ${i}`));
  assertEquals([isWorthSending(first), isUnheard(first, 0)], [true, false]);
  const ack = frame(9_999, []);
  assertEquals([isWorthSending(ack), isUnheard(ack, 0)], [true, false]);
});

Deno.test("[CLUSTER-25] one bounce is about everything that is open by then, so that the link ends", () => {
  const { isWorthSending, published, isUnheard, beginBounce, bounceFor } = createUnheard();
  const first = frame(4, [1, 2]);
  isWorthSending(first);
  published(first);
  isUnheard(first, 0);
  assertEquals([beginBounce(first), beginBounce(first)], [true, false]);
  for (const number of [3, 4]) {
    const later = frame(4, [number], 2);
    assertEquals([isWorthSending(later), beginBounce(later)], [false, false]);
  }
  const bounce = {
    ...frame(0, [], 0, "here"),
    from: nodeName("there"),
    ack: { link: 4, below: 5, bounced: [[2, "gone"], [3, "gone"], [4, "gone"]] },
  };
  assertEquals<unknown>(bounceFor(first), bounce);
  assertEquals(beginBounce(first), true);
  isWorthSending(frame(5, [1]));
  assertEquals(bounceFor(first), null);
});
