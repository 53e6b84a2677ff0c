/**
 * However long a text is that comes from outside, a line shows 256 characters of it, and takes no longer to make
 * than to read the text once.
 */
import { createRefusalLog } from "../../adapters/observe/log_refusals.ts";
import { settingsFrom } from "../../core/mod.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { captured } from "../support/captured.ts";
import { startChild } from "../support/child.ts";
import { join, openSocket } from "../support/peer_socket.ts";

const CUT = `${"x".repeat(256)}…`;

Deno.test("[LOG-1] [LOG-3] [LOG-4] of an id of 1,000 characters every line shows 256, in its properties too", async () => {
  await using child = await startChild({
    args: ["--max_id_length", "4096", "--log_level", "debug", "--expire_timeout", "20"],
  });
  const { wsUrl } = child;
  const long = "x".repeat(1_000);
  await using a = await join({ wsUrl }, long);
  a.send({ type: "OFFER", dst: `y${long}` });
  await a.next();
  await using b = await openSocket({ wsUrl, key: "peerjs", id: long, token: "other" });
  await b.closed;
  await a.close();
  await child.nextLine((line) => line.includes('"disconnected"'));
  await child.stop();
  const events: string[] = [];
  for (const line of child.lines) {
    const { message, properties } = JSON.parse(line);
    const { event, id, src, frame = "" } = properties;
    if (event === "listening" || event === "stopping") continue;
    events.push(event);
    assert(message.startsWith(`"${CUT}"`), message);
    assertEquals(id ?? src, CUT);
    assert(frame.length <= CUT.length && message.length < 800, line);
  }
  assertEquals(events, ["connected", "message", "answered", "refused", "disconnected"]);
});

Deno.test("[LOG-1] of a method of 5,000 characters a line shows 256", async () => {
  await using child = await startChild();
  using connection = await Deno.connect({ hostname: "127.0.0.1", port: child.port });
  const request = `${"X".repeat(5_000)} /peerjs/id HTTP/1.1\r\nHost: x\r\n\r\n`;
  await connection.write(new TextEncoder().encode(request));
  const line = await child.nextLine((line) => line.includes('"refused-request"'));
  const { message, properties } = JSON.parse(line);
  assertEquals(properties.method, `${"X".repeat(256)}…`);
  assertEquals(message, `A client at 127.0.0.1 asked for "/peerjs/id": ${"X".repeat(256)}… (405)`);
});

Deno.test("[LOG-1] [FAULT-30] a path of a million parts takes one look at each", () => {
  const lines = captured(({ properties }) => properties["path"]);
  const log = createRefusalLog(settingsFrom({ key: "hush" }), {
    now: () => 0,
    schedule: () => () => {},
  });
  const path = "/x".repeat(1_000_000); // With two looks at each pair this would take an hour.
  log.request(
    { method: "GET", path, query: "", header: () => null, remoteAddress: "192.0.2.1" },
    { status: 404, headers: {}, body: "" },
  );
  assertEquals(lines, [`${"/x".repeat(128)}…`]);
});
