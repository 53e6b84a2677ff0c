/** A browser that speaks HTTP/2 with each proxy. */
import { assert, assertEquals } from "../support/assert.ts";
import { findBrowser, startBrowser } from "../support/browser.ts";
import { DAEMONS, pathOf, serveBehind, startFront } from "./fronts.ts";

/** What a script of the page finds out: the protocol by which the page came, and the first frame of its socket. */
const SCRIPT = `new Promise((resolve, reject) => {
  const [{ nextHopProtocol }] = performance.getEntriesByType("navigation");
  const url = "wss://" + location.host + "/signal/peerjs?key=peerjs&token=t&id=";
  const socket = new WebSocket(url + Math.random());
  socket.onmessage = ({ data }) => resolve([nextHopProtocol, data]);
  socket.onclose = ({ code }) => reject(new Error("closed, " + code));
})`;

Deno.test("[PROXY-6] a page that Chromium loaded by HTTP/2 opens a socket through each proxy", async () => {
  const search = findBrowser();
  if (search.kind === "missing") {
    assert(search.allowed, search.reason);
    return console.log(`left out: ${search.reason}`);
  }
  await using browser = await startBrowser(search.path);
  await using box = serveBehind();
  for (const daemon of DAEMONS) {
    const path = pathOf(daemon);
    if (path === null) continue;
    await using front = await startFront({ daemon, path }, { upstream: box.port });
    await using context = await browser.context({ ignoreHTTPSErrors: true });
    const page = await context.newPage();
    await page.goto(front.url);
    assertEquals(await page.evaluate(SCRIPT), ["h2", '{"type":"OPEN"}'], daemon);
  }
});
