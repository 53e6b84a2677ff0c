/** The log answers "why does my page not connect?": the most frequent mistakes, each through the program. */
import { assert, assertEquals, assertStringIncludes } from "../support/assert.ts";
import type { Child } from "../support/child.ts";
import { join, refusal } from "../support/peer_socket.ts";
import { openRaw } from "../support/raw_socket.ts";
import { test } from "../support/served.ts";

/** Makes a request and returns its log line. */
async function lineOf(child: Child, path: string, init: RequestInit = {}): Promise<string> {
  const seen = child.lines.length;
  const response = await fetch(`http://127.0.0.1:${child.port}${path}`, init);
  await response.body?.cancel();
  return await child.nextLine((line) => child.lines.indexOf(line) >= seen);
}

const NOTHING =
  'nothing is served there. This server\'s path is "/app/": give new Peer path: "/app/" (404)';

/** Requests, what is shown of their path, and what is said of them. */
const REQUESTS = `
GET /myapp/peerjs/id → /myapp/peerjs/id → ${NOTHING}
GET /hu%73h/id → /…/id → ${NOTHING}
POST /app/peerjs/some-id/token/offer → /app/peerjs/some-id/…/offer → ${NOTHING}
POST /app/wrong-key/some-id/token/offer → /app/…/some-id/…/offer → ${NOTHING}
POST /app/wrong-key//token/offer → /…/…//…/offer → ${NOTHING}
GET /app/wrong-key/id%3Fts=1 → /app/…/… → ${NOTHING}
GET /app/hu%73h%ff/x → /app/…/x → ${NOTHING}
GET /app/peerjs%25253Ftoken=t → /app/… → ${NOTHING}
GET /app/wrong-key/id → /app/…/id → Invalid key provided: give the client the key that this server was started with (option "key" of the Peer). (401)
GET /app/hush/peers → /app/…/peers → This server does not list its peers: its option allow_discovery is off. (401)
GET /app/peerjs?key=hush&id=a&token=t → /app/peerjs → This URL is for WebSockets. Behind a proxy, let it pass on the headers Upgrade and Connection. (426)
POST /app/hush/id → /app/…/id → POST is not a method of this URL: use one of GET, HEAD, OPTIONS. (405)`;

test.program("[LOG-1] a request that cannot be served is one warning with the remedy", async ({ start }) => {
  await using child = await start({ args: ["--path", "/app", "--key", "hush"] });
  for (const row of REQUESTS.trim().split("\n")) {
    const [method = "", path = "", shown, why] = row.split(/ → |(?<=^[A-Z]+) /);
    const line = await lineOf(child, path, { method });
    const { level, message: printed } = JSON.parse(line);
    assertEquals([level, printed], ["WARN", `A client at 127.0.0.1 asked for "${shown}": ${why}`]);
    assert(!/hush|wrong-key/i.test(line), line);
  }
});

test.program("[FAULT-23] [LOG-1] [HTTP-8] [OPEN-10] a page of an unlisted origin gets neither a socket nor CORS headers, and the log names it; one of the server's own is let in", async ({ start }) => {
  await using child = await start({ args: ["--cors", "https://app.example"] });
  const askAs = async (origin: string): Promise<[length: number, allowed: string | null]> => {
    const answer = await fetch(`${child.url}peerjs/id`, { headers: { origin } });
    return [(await answer.text()).length, answer.headers.get("access-control-allow-origin")];
  };
  assertEquals(await askAs("https://evil.example"), [36, null]);
  assertStringIncludes(
    JSON.parse(await child.nextLine((line) => line.includes('"WARN"'))).message,
    `asked for "/peerjs/id" for a page of "https://evil.example": the browser keeps the answer from ` +
      `it. If it is yours, add --cors "https://evil.example" (200)`,
  );
  using refused = await openRaw(child.port, "a", "Origin: https://evil.example\r\n");
  assertEquals(await refused.closed(), 4005);
  assertEquals(
    JSON.parse(await child.nextLine((line) => line.includes('"event":"refused"'))).message,
    '"a" was refused: Pages of this origin may not use this server: a page of "https://evil.example". ' +
      'If it is yours, add --cors "https://evil.example" (4005, from 127.0.0.1)',
  );
  // What a browser asks for by itself is not logged; a HEAD is, with its reason.
  await (await fetch(`${child.url}favicon.ico`)).body?.cancel();
  assertStringIncludes(
    await lineOf(child, "/peerjs/peers", { method: "HEAD" }),
    "allow_discovery is off",
  );
  assertEquals(await askAs("https://app.example"), [36, "https://app.example"]);
  // The raw client says that the host is x.
  for (const origin of ["https://app.example", "http://x", "https://x"]) {
    using admitted = await openRaw(child.port, origin, `Origin: ${origin}\r\n`);
    assertEquals(await admitted.json(), { type: "OPEN" }, origin);
  }
  using other = await openRaw(child.port, "other", "Origin: http://x:81\r\n");
  assertEquals(await other.closed(), 4005);
  assertEquals((await child.stop()).code, 0);
  const warnings = child.lines.filter((line) => line.includes('"WARN"'));
  assertEquals(warnings.length, 4, warnings.join("\n"));
});

test.program("[LOG-4] a client's close is logged with its own code, a lost connection with 1006, whichever side noticed", async ({ start }) => {
  await using child = await start();
  const endOf = async (id: string): Promise<unknown> => {
    const isIt = (line: string): boolean =>
      line.includes(`"id":"${id}"`) && line.includes('"disconnected"');
    const { by, code, reason } = JSON.parse(await child.nextLine(isIt)).properties;
    return [by, code, reason];
  };
  {
    using lost = await openRaw(child.port, "lost");
    assertEquals(await lost.json(), { type: "OPEN" });
  }
  assertEquals(await endOf("lost"), ["client", 1006, "The connection was lost"]);
  for (const code of [1000, 4321]) {
    await (await join(child, `a${code}`)).close(code);
    assertEquals(await endOf(`a${code}`), ["client", code, "The client closed the socket"]);
  }
});

test.program("[LOG-2] a repeated line is counted, and logged at the end", async ({ start }) => {
  await using child = await start();
  for (let i = 0; i < 5; i++) await (await fetch(`${child.url}nothing`)).text();
  for (let i = 0; i < 3; i++) await refusal(child, { key: "x" });
  assertEquals((await child.stop()).code, 0);
  const events = child.lines.map((line) => JSON.parse(line).properties);
  assertEquals(events.filter(({ event }) => event === "refused-request").length, 1);
  assertEquals(events.filter(({ event }) => event === "refused").length, 1);
  const omitted = events.filter(({ event }) => event === "omitted");
  assertEquals(omitted.map(({ kind, count }) => [kind, count]), [["request 404", 4], [
    "socket 4003",
    2,
  ]]);
});

test.program("[LOG-3] at level debug each message is a line with its outcome", async ({ start }) => {
  await using child = await start({ args: ["--log_level", "debug", "--expire_timeout", "60000"] });
  const [a, b] = [await join(child, "a"), await join(child, "b")];
  a.send({ type: "HEARTBEAT" });
  a.send({ type: "OFFER", dst: "b", payload: "hush" });
  a.send({ type: "OFFER", dst: "a" });
  a.send({ type: "CANDIDATE", dst: "c" });
  a.send({ type: "LEAVE", dst: "c" });
  a.send({ type: "OFFER", dst: "" });
  a.send({ type: "CANDIDATE", dst: "" });
  a.send({ ping: "once" });
  await a.fence();
  await child.stop();
  await Promise.all([a.closed, b.closed]);
  const lines = child.lines.map((line) => JSON.parse(line))
    .filter(({ properties }) => /^(?:message|unknown-type)$/.test(properties.event))
    .map(({ message }) => String(message));
  assertEquals(lines.slice(0, 7), [
    '"a" sent OFFER to "b", 53 characters: handed over',
    '"a" sent OFFER to "a", 36 characters: handed over',
    '"a" sent CANDIDATE to "c", 40 characters: stored, because the peer is not connected',
    '"a" sent LEAVE to "c", 36 characters: dropped, because the peer is not connected',
    '"a" sent OFFER to "", 35 characters: refused, and the sender told so',
    '"a" sent CANDIDATE to "", 39 characters: refused; the sender knows from an earlier refusal',
    '"a" sent a message of unknown type: dropped',
  ]);
  assert(!child.lines.join("").includes("hush"), "what peers say is theirs");
});
