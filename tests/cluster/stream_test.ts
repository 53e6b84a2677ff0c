/** A stream of messages from one client to one of another node, each sent when the last one has arrived. */
import { assertEquals } from "../support/assert.ts";
import { faultTest as test } from "./stage.ts";

test("[CLUSTER-24] a fast stream from one to one finds room all the time: an acknowledgement that is due waits for no timer", async (stage) => {
  const [one, two] = await stage.pair(await stage.redis());
  const [a, b] = [await stage.enter(one, "a"), await stage.enter(two, "b")];
  for (let payload = 1; payload <= 1_000; payload++) {
    a.send({ type: "OFFER", dst: "b", payload });
    assertEquals(await b.next(), { type: "OFFER", src: "a", dst: "b", payload });
  }
});
