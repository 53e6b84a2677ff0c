/** What a reload of each proxy does to sockets that are open. */
import { assertEquals } from "../support/assert.ts";
import { proxyTest, serveBehind, startFront } from "./fronts.ts";

proxyTest(
  "[PROXY-5] a socket outlives a reload of the proxy, or is closed with 1001, and new ones are let in at once",
  async (given) => {
    await using box = serveBehind();
    await using front = await startFront(given, { upstream: box.port });
    await using old = await front.join("old");
    await front.reload();
    await using young = await front.join("young");
    assertEquals((await young.fence()).closed, null);
    if (given.daemon === "caddy") {
      assertEquals((await old.closed).code, 1001);
      await using back = await front.join("old");
      assertEquals((await back.fence()).closed, null);
    } else {
      young.send({ type: "CANDIDATE", dst: "old", payload: "through the old worker" });
      assertEquals(await old.next(), {
        type: "CANDIDATE",
        src: "young",
        dst: "old",
        payload: "through the old worker",
      });
    }
  },
);
