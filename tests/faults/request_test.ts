/**
 * Raw requests to the real program: control characters, repeated parameters, heads that are too large or do
 * not end.
 */
import { assert, assertEquals, assertMatch } from "../support/assert.ts";
import { type Child, startChild } from "../support/child.ts";
import { join } from "../support/peer_socket.ts";
import { handshake, latin1, openRaw, rawHttp, upgradeRaw } from "../support/raw_socket.ts";
import { test } from "../support/served.ts";
import { boundGrowth } from "../support/vitals.ts";

/** CR, LF, ESC and NUL. */
const CONTROLS = ["\r", "\n", "\x1b", "\0"];

/** Characters that a log line may not contain: C0, C1, and other line ends. */
const UNSAFE = /[\p{Cc}\p{Zl}\p{Zp}]/u;

const CLOSE = "Connection: close\r\n\r\n";

/** Causes a log line, after which all earlier requests are logged. */
async function logsUpToNow(child: Child, mark: string): Promise<readonly string[]> {
  using last = await openRaw(child.port, mark);
  await last.json();
  await child.nextLine((line) => line.includes(`\\"${mark}\\" connected`));
  return child.lines;
}

test.program("[FAULT-8] [OPEN-3] control characters in id, token and key are refused, in one line each", async ({ start }) => {
  await using child = await start();
  for (const control of CONTROLS) {
    const dirty = encodeURIComponent(`evil${control}{"event":"forged"}`);
    const targets: [string, number][] = [
      [`/peerjs?key=peerjs&token=t&id=${dirty}`, 4002],
      [`/peerjs?key=peerjs&id=x&token=${dirty}`, 4002],
      [`/peerjs?id=x&token=t&key=${dirty}`, 4003],
    ];
    for (const [target, code] of targets) {
      using refused = await upgradeRaw(child.port, handshake(target));
      assertEquals(Object(await refused.json()).type, "ERROR");
      assertEquals(await refused.closed(), code);
    }
  }
  const lines = await logsUpToNow(child, "mark");
  for (const line of lines) {
    assert(!UNSAFE.test(line), line);
    assert(Object(JSON.parse(line)).properties.event !== "forged", line);
  }
  const refused = lines.filter((line) => line.includes('"event":"refused"'));
  // Different ids and keys give different lines; tokens are not shown.
  assertEquals(refused.length, CONTROLS.length + 2);
});

test.program("[FAULT-8] [HTTP-4] [HTTP-7] control characters in a path and in headers do no harm", async ({ start, listener }) => {
  await using child = await start({ args: ["--log_level", "debug"] });
  for (const control of CONTROLS) {
    const escaped = encodeURIComponent(control);
    const bytes = (head: string): Promise<string> =>
      rawHttp(child.port, latin1(`${head}\r\n${CLOSE}`));
    // Percent-encoded they are ordinary characters of a path.
    assertMatch(await bytes(`GET /a${escaped}b/id HTTP/1.1\r\nHost: x`), /^HTTP\/1\.1 401 /);
    assertMatch(await bytes(`GET /${escaped} HTTP/1.1\r\nHost: x`), /^HTTP\/1\.1 404 /);
    // Raw, they make the request invalid. The text after a line feed may be read as another header.
    assertMatch(await bytes(`GET /a${control}b HTTP/1.1\r\nHost: x`), /^HTTP\/1\.1 400 /);
    for (const header of ["Origin", "X-Forwarded-For"]) {
      const reply = await bytes(`GET /peerjs/id HTTP/1.1\r\nHost: x\r\n${header}: a${control}b`);
      assertMatch(reply, /^HTTP\/1\.1 400 /);
    }
  }
  const lines = await logsUpToNow(child, "mark");
  for (const line of lines) assert(!UNSAFE.test(line), line);
  const refused = lines.filter((line) => line.includes('"event":"refused-request"'));
  // Only listener node reports data that is not a request.
  const unread = listener === "node" ? 1 : 0;
  assertEquals(refused.length, CONTROLS.length + 1 + unread, "what may be a key is not shown");
});

test.program("[FAULT-9] [OPEN-6] of repeated parameters the first counts", async ({ start }) => {
  await using child = await start({ args: ["--allow_discovery"] });
  const target = "/peerjs?id=first&key=peerjs&token=t&id=second&key=x&token=&key=";
  using first = await upgradeRaw(child.port, handshake(target));
  assertEquals(await first.json(), { type: "OPEN" });
  assertEquals(await (await fetch(`${child.url}peerjs/peers`)).json(), ["first"]);
  using refused = await upgradeRaw(child.port, handshake(`/peerjs?id=&${target.slice(8)}`));
  await refused.json();
  assertEquals(await refused.closed(), 4002);
});

test.program("[FAULT-10] a URL of 100 kB and 5,000 headers get a 4xx", async ({ start }) => {
  await using child = await start();
  const assertGrowth = await boundGrowth(child);
  const headers = Array.from({ length: 5_000 }, (_, i) => `h${i}: v\r\n`).join("");
  const requests = [
    `GET /peerjs/id?${"a".repeat(100_000)} HTTP/1.1\r\nHost: x\r\n${CLOSE}`,
    `GET /peerjs/id HTTP/1.1\r\nHost: x\r\n${headers}${CLOSE}`,
  ];
  for (const request of requests) {
    assertMatch(await rawHttp(child.port, latin1(request)), /^HTTP\/1\.1 4\d\d /);
    const upgrade = request.replace(CLOSE, "").replace("/peerjs/id", "/peerjs");
    const bytes = latin1(`${upgrade}Upgrade: websocket\r\nConnection: Upgrade\r\n\r\n`);
    using refused = await upgradeRaw(child.port, bytes);
    assertMatch(refused.head, /^HTTP\/1\.1 4\d\d /);
  }
  await assertGrowth(16 * 1_048_576);
});

Deno.test("[FAULT-15] a client that sends HTTP requests without end, and reads no answer, is cut off: node", async () => {
  await using child = await startChild({ args: ["--listener", "node"] });
  const assertGrowth = await boundGrowth(child);
  using connection = await Deno.connect({ hostname: "127.0.0.1", port: child.port });
  const requests = latin1("GET /peerjs/id HTTP/1.1\r\nHost: x\r\n\r\n".repeat(1_000));
  let left = 1_000;
  try {
    for (; left > 0; left--) await connection.write(requests);
  } catch {
    // The client was cut off.
  }
  assert(left > 0, "it was not cut off");
  await assertGrowth(32 * 1_048_576);
});

// Deno.serve waits for the rest of a head without a time limit, and has its own bound on its size.
Deno.test("[FAULT-10] a head that does not end, or does not begin, is cut off: node", async () => {
  await using child = await startChild({ args: ["--listener", "node", "--head_timeout", "300"] });
  for (const part of ["", "GET", "GET /peerjs/id HTTP/1.1\r\nHost: x\r\n", "POST / HTTP/1.1\r\n"]) {
    const reply = await rawHttp(child.port, latin1(part));
    assertMatch(reply, /^HTTP\/1\.1 408 /, part);
  }
});

Deno.test("[FAULT-10] [LOG-1] max_head_bytes bounds heads, and the log has the client's address: node", async () => {
  await using child = await startChild({
    args: ["--listener", "node", "--max_head_bytes", "2000"],
  });
  const request = (bytes: number): Promise<string> =>
    rawHttp(child.port, latin1(`GET / HTTP/1.1\r\nX: ${"x".repeat(bytes)}\r\nHost: x\r\n${CLOSE}`));
  assertMatch(await request(1_800), /^HTTP\/1\.1 200 /);
  assertMatch(await request(2_200), /^HTTP\/1\.1 431 /);
  await child.nextLine((line) =>
    line.includes(
      "A client at 127.0.0.1 sent an invalid request: The head of the request is too large.",
    )
  );
});

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
