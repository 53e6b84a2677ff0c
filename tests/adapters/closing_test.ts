/** Sockets that were told to close, and take their time. */
import { ANSWER_MAX_MS, Closing } from "../../adapters/sockets/closing.ts";
import { Link, type LinkEvents } from "../../adapters/sockets/link.ts";
import { connId } from "../../core/mod.ts";
import { assertEquals } from "../support/assert.ts";
import { fakeSocket } from "../support/fake_socket.ts";

const DEAF: LinkEvents = {
  opened: () => {},
  received: () => {},
  closed: () => {},
  failed: () => {},
  pingUnanswered: () => {},
};

function linkOf(serial: number, address: string): Link {
  const link = new Link(connId(serial), fakeSocket(), DEAF);
  link.addressGroup = address;
  return link;
}

Deno.test("[FAULT-31] [FAULT-5] a close that is never answered takes a place for so long, and one of its address for good", () => {
  let now = 0;
  let stuck = 0;
  let timer: { readonly at: number; readonly callback: () => void } | null = null;
  const closing = new Closing({
    max: 20,
    now: () => now,
    schedule: (callback, delayMs) => {
      timer = { at: now + delayMs, callback };
      return () => timer = null;
    },
    onStuck: () => stuck++,
  });
  const wake = (): void => {
    const due = timer;
    timer = null;
    now = due?.at ?? now;
    due?.callback();
  };
  const links = [1, 2, 3, 4].map((serial) => linkOf(serial, serial < 3 ? "a" : "b"));
  links.slice(0, 3).forEach((link) => closing.add(link));
  for (let i = 0; i < 16; i++) closing.add(linkOf(10 + i, `other ${i}`));
  assertEquals([closing.hasRoom("d"), closing.hasRoom("a")], [true, false]);
  now = 10;
  closing.add(linkOf(5, "c"));
  assertEquals([closing.hasRoom("d"), closing.hasRoom("a")], [false, false]);
  wake();
  assertEquals([now, stuck], [ANSWER_MAX_MS, 19]);
  assertEquals([closing.hasRoom("d"), closing.hasRoom("a"), closing.hasRoom("b")], [
    true,
    false,
    true,
  ]);
  wake();
  assertEquals([now, stuck, timer], [ANSWER_MAX_MS + 10, 20, null]);
  for (const link of links.slice(0, 2)) closing.delete(link);
  assertEquals(closing.hasRoom("a"), true, "it was answered after all");
});
