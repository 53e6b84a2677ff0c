/** The log as it is printed: readable, one line an event, never a key or a token, nothing forged. */
import { createRefusalLog } from "../../adapters/observe/log_refusals.ts";
import { trafficObserver } from "../../adapters/observe/log_traffic.ts";
import { connId, type Event, millis, settingsFrom } from "../../core/mod.ts";
import { Fleet } from "../cluster/fleet.ts";
import config from "../../deno.json" with { type: "json" };
import { assert, assertEquals, assertMatch, assertStringIncludes } from "../support/assert.ts";
import { captured } from "../support/captured.ts";
import { startChild } from "../support/child.ts";
import { join, refusal } from "../support/peer_socket.ts";
import { latin1, rawHttp } from "../support/raw_socket.ts";

Deno.test("text: every line says what happened to whom, and why", async () => {
  const flags = "--key hush-key --log_level debug --expire_timeout 20 --log_format text";
  const child = await startChild({ args: flags.split(" ") });
  const id = "a\u202e b";
  const client = { key: "hush-key", token: "hush-token" };
  const a = await join(child, id, client);
  a.sendRaw("nonsense");
  await a.next();
  a.send({ type: "OFFER", dst: "nobody" });
  await a.next();
  await refusal(child, { ...client, id: "x\r\nfake" });
  await refusal(child, { ...client, id: "y", key: "hush-wrong" });
  await refusal(child, { ...client, id, token: "hush-other" });
  await (await join(child, id, client)).close();
  await child.nextLine((line) => line.includes("closed the socket"));
  await child.stop();
  const lines = child.lines.map((line) => line.replace(/^\S+ \S+ \S+ /, ""));
  assert(!lines.join("\n").includes("hush"), "a key or a token is in the log");
  const [first = "", ...rest] = lines;
  assertMatch(
    first,
    /^INF Listening on http:\/\/127\.0\.0\.1:\d+\/; a client gets here with new Peer\(\{ host: "127\.0\.0\.1", port: \d+, path: "\/", secure: false, key: "<the key you set>" \}\); signalbox \S+: auth none, pages of any origin, discovery off, listener deno$/,
  );
  assertEquals(rest, [
    'INF "a\\u{202e} b" connected from 127.0.0.1',
    'DBG "a\\u{202e} b" was sent {"type":"ERROR","payload":{"msg":"A frame must be JSON, and this is not: \\"nonsense\\"."}}',
    'DBG "a\\u{202e} b" sent OFFER to "nobody", 44 characters: stored, because the peer is not connected',
    'DBG "a\\u{202e} b" was sent {"type":"EXPIRE","src":"nobody","dst":"a\\u{202e} b"}',
    'WRN "x\\u{d}\\u{a}fake" was refused: The id has control characters in it (4002, from 127.0.0.1)',
    'WRN "y" was refused: Invalid key provided. Give new Peer the key of this server, as its option key (4003, from 127.0.0.1)',
    'WRN "a\\u{202e} b" was refused: ID is taken. Its page needs another id, or the token of the one that has it (4001, from 127.0.0.1)',
    'INF "a\\u{202e} b" disconnected: Replaced by a newer connection with the same id and token (4000 of the server)',
    'INF "a\\u{202e} b" connected from 127.0.0.1',
    'INF "a\\u{202e} b" disconnected: The client closed the socket (1005 of the client)',
    "INF Stopping, asked by SIGTERM",
  ]);
});

Deno.test("[SET-9] the first line has the version and what is in force", async () => {
  const args =
    "--listener node --cors https://a.example:443 https://*.b.example --allow_discovery yes";
  const secret = { PEERSERVER_AUTH: "JWT", PEERSERVER_AUTH_SECRET: "hush".repeat(8) };
  await using child = await startChild({ args: args.split(" "), env: secret });
  const { level, message, properties } = JSON.parse(child.lines[0] ?? "");
  const { version, auth, origins, discovery, listener } = properties;
  assertEquals([level, version, auth, discovery, listener], [
    "INFO",
    `signalbox ${config.version}`,
    "jwt",
    true,
    "node",
  ]);
  assertEquals(origins, ["https://a.example", "https://*.b.example"]);
  assertStringIncludes(
    message,
    `; signalbox ${config.version}: auth jwt, pages of https://a.example, https://*.b.example, ` +
      "discovery on, listener node",
  );
  assert(!child.lines.join("\n").includes("hush"), "a secret is in the log");
});

const CLOSE = "Connection: close\r\n\r\n";
const CUT = `${"x".repeat(256)}…`;

Deno.test("[LOG-1] [LOG-3] [LOG-4] of an id of 1,000 characters, or a method, every line shows 256, in its properties too", async () => {
  await using child = await startChild({
    args: ["--max_id_length", "4096", "--log_level", "debug", "--expire_timeout", "20"],
  });
  const long = "x".repeat(1_000);
  await using a = await join(child, long);
  a.send({ type: "OFFER", dst: `y${long}` });
  await a.next();
  await refusal(child, { id: long, token: "other" });
  await a.close();
  await child.nextLine((line) => line.includes('"disconnected"'));
  await rawHttp(child.port, latin1(`${long} /peerjs/id HTTP/1.1\r\nHost: x\r\n${CLOSE}`));
  await child.stop();
  const events: string[] = [];
  for (const line of child.lines) {
    const { message, properties } = JSON.parse(line);
    const { event, id, src, method, frame = "" } = properties;
    if (event === "listening" || event === "stopping") continue;
    events.push(event);
    const asked = `A client at 127.0.0.1 asked for "/peerjs/id": ${CUT} (405)`;
    assert(method === undefined ? message.startsWith(`"${CUT}"`) : message === asked, message);
    assertEquals(id ?? src ?? method, CUT);
    assert(frame.length <= CUT.length && message.length < 800, line);
  }
  assertEquals(
    events,
    ["connected", "message", "answered", "refused", "disconnected"].concat("refused-request"),
  );
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

Deno.test("[WORKER-11] the log says of a message whether it is stored, or went to the worker that has its peer", () => {
  const outcomes = captured(({ properties }) => properties["outcome"]);
  const observe = trafficObserver();
  const fleet = new Fleet("ab", {}, true);
  fleet.open("a", 1, "alice");
  fleet.open("b", 1, "bob");
  for (let i = 0; i < 2; i++) {
    const frame = { type: "OFFER", dst: "bob", payload: {} };
    const text = JSON.stringify(frame);
    const event: Event = { kind: "frame-received", conn: connId(1), text };
    fleet.effects.length = 0;
    fleet.step("a", event);
    const effects = [...fleet.effects];
    observe({ event, now: millis(fleet.now), effects, state: fleet.of("a") });
    fleet.run();
    fleet.pass(0);
  }
  assertEquals(outcomes, [
    "stored, because the peer is not on this node",
    "handed over to the worker that has the peer",
  ]);
});
