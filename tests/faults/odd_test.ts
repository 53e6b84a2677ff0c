/** FAULT-2 and FAULT-7: deeply nested payloads and odd ids, through the program. */
import { assertEquals } from "../support/assert.ts";
import { join } from "../support/peer_socket.ts";
import { test } from "../support/served.ts";

test.program("[FAULT-2] [MSG-10] a payload 30,000 deep is passed on, and both stay", async ({ start }) => {
  await using child = await start();
  await using a = await join(child, "a");
  await using b = await join(child, "b");
  const deep = "[".repeat(30_000) + "]".repeat(30_000);
  a.sendRaw(`{"type":"OFFER","dst":"b","payload":${deep}}`);
  const [told, passed] = [await a.fence(), await b.fence()];
  assertEquals([told.closed, passed.closed], [null, null]);
  assertEquals([told.frames.length, passed.frames.length], [0, 1]);
});

test.program("[FAULT-7] [OPEN-8] odd ids are ordinary ids", async ({ start }) => {
  await using child = await start();
  const ids = ["__proto__", "constructor", "a b", "👩‍👩‍👧", "x".repeat(256), '"', "{}", "%41"];
  await using caller = await join(child, "caller");
  for (const id of ids) {
    await using odd = await join(child, id);
    caller.send({ type: "OFFER", dst: id });
    assertEquals(await odd.next(), { type: "OFFER", src: "caller", dst: id });
    odd.send({ type: "ANSWER", dst: "caller" });
    assertEquals(await caller.next(), { type: "ANSWER", src: id, dst: "caller" });
  }
});
