/** Answers that nobody reads, and handshakes of TLS that fail. */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "../support/assert.ts";
import { makeCertificate } from "../support/certificate.ts";
import { type Child, startChild } from "../support/child.ts";
import { askByStreams, askInARow, failHandshake } from "../support/greedy.ts";
import { inParallel, LOAD_MAX_MS, openLoadClient } from "../support/load.ts";
import { join, within } from "../support/peer_socket.ts";
import { latin1, openRaw, type RawSocket } from "../support/raw_socket.ts";
import { peakRss } from "../support/vitals.ts";
import { test } from "../support/served.ts";

/** Ids as long as options allow: 250 of them are a list of 3 MB. */
const LONG_IDS = ["--max_id_length", "4096", "--max_query_length", "100000", "--max_head_bytes"]
  .concat("100000", "--allow_discovery", "--proxied");
const ID_TEXT = "…".repeat(4_000);

/** Clients that are listed; each disposes of itself. */
async function longList(child: Child, count: number): Promise<AsyncDisposable> {
  const clients: RawSocket[] = await inParallel(count, 32, async (i) => {
    const client = await openRaw(child.port, `${i}${ID_TEXT}`);
    await client.json();
    return client;
  });
  return {
    [Symbol.asyncDispose]: async (): Promise<void> => {
      for (const client of clients) client[Symbol.dispose]();
      await Promise.resolve();
    },
  };
}

/** Asks for the list of peers from somewhere else than the attack. */
async function peersFrom(child: Child, address: string): Promise<Response> {
  return await fetch(`${child.url}peerjs/peers`, { headers: { "x-forwarded-for": address } });
}

async function assertListed(child: Child, address: string, count: number): Promise<void> {
  const response = await peersFrom(child, address);
  assertEquals(response.status, 200);
  const ids: unknown = await response.json();
  assert(Array.isArray(ids));
  assertEquals(ids.length, count);
}

/** Asks until the list is answered. */
async function listed(child: Child): Promise<void> {
  for (;;) {
    const response = await peersFrom(child, "192.0.2.2");
    await response.body?.cancel();
    if (response.status === 200) return;
  }
}

const MB = 1e6;

test.program("[FAULT-28] long lists that are asked for in a row, and not read, leave the server small and others served", async ({ start }) => {
  await using child = await start({ args: LONG_IDS });
  await using _list = await longList(child, 250);
  await assertListed(child, "192.0.2.2", 250);
  const before = await peakRss(child.pid);
  const greedy = await inParallel(80, 16, () => askInARow(child.port, "/peerjs/peers", 30));
  await assertListed(child, "192.0.2.2", 250);
  const growth = await peakRss(child.pid) - before;
  const refused = await child.nextLine((line) => line.includes('"status":503'));
  assertStringIncludes(refused, "Too many answers are waiting to be read: try again later");
  for (const one of greedy) one[Symbol.dispose]();
  assert(growth < 100 * MB, `grew by ${growth} bytes`);
});

Deno.test("[FAULT-28] long lists that streams of HTTP/2 ask for, and do not read, leave the server small: deno", async () => {
  await using child = await startChild({ args: LONG_IDS });
  await using _list = await longList(child, 250);
  await assertListed(child, "192.0.2.2", 250);
  const before = await peakRss(child.pid);
  const greedy = await inParallel(4, 2, () => askByStreams(child.port, "/peerjs/peers", 100));
  await assertListed(child, "192.0.2.2", 250);
  const growth = await peakRss(child.pid) - before;
  for (const one of greedy) one[Symbol.dispose]();
  assert(growth < 100 * MB, `grew by ${growth} bytes`);
});

test.program("[FAULT-28] a list that changes while nobody reads it is kept only within the bound", async ({ start, listener }) => {
  await using child = await start({ args: [...LONG_IDS, "--max_answer_bytes", "8000000"] });
  // Larger than what the kernels of both sides take.
  await using _list = await longList(child, 700);
  const before = await peakRss(child.pid);
  const greedy: Disposable[] = [];
  for (let i = 0; i < 40; i++) {
    await using _one = await openLoadClient({ wsUrl: child.wsUrl, id: `one ${i}` });
    const from = `X-Forwarded-For: 198.51.100.${i}\r\n`;
    greedy.push(await askInARow(child.port, "/peerjs/peers", 1, from));
  }
  const growth = await peakRss(child.pid) - before;
  const { status } = await peersFrom(child, "192.0.2.2").then(async (response) => {
    await response.body?.cancel();
    return response;
  });
  for (const one of greedy) one[Symbol.dispose]();
  assertEquals(status, 503, listener);
  assert(growth < 100 * MB, `grew by ${growth} bytes`);
});

test.program("[FAULT-28] short answers that are asked for in a row, and not read, leave the server small", async ({ start }) => {
  await using child = await start();
  await using bystander = await openLoadClient({ wsUrl: child.wsUrl, id: "bystander" });
  await bystander.reached("OPEN", 1);
  const before = await peakRss(child.pid);
  const greedy = await inParallel(100, 16, () => askInARow(child.port, "/peerjs/id", 5_000));
  await bystander.roundTrip();
  const growth = await peakRss(child.pid) - before;
  for (const one of greedy) one[Symbol.dispose]();
  assert(growth < 150 * MB, `grew by ${growth} bytes`);
});

test.program("[FAULT-28] there is room again when a list that nobody reads is given up", async ({ start, listener }) => {
  const args = [...LONG_IDS, "--max_answer_bytes", "1024", "--answer_timeout", "500"];
  await using child = await start({ args });
  await using _list = await longList(child, 700);
  const unread = await askInARow(child.port, "/peerjs/peers", 1);
  const refused = await peersFrom(child, "192.0.2.2");
  assertEquals(refused.status, 503);
  assertMatch(await refused.text(), /^Too many answers are waiting/);
  // Node ends its connection in time; what Deno.serve has taken of an answer is there while its client is.
  if (listener === "deno") unread[Symbol.dispose]();
  await within(listed(child), LOAD_MAX_MS, "There is no room");
  if (listener === "node") assert(await unread.drain() < 8 * MB);
  if (listener === "node") unread[Symbol.dispose]();
});

test.program("[FAULT-29] handshakes of TLS that fail leave the server small", async ({ start }) => {
  await using certificate = await makeCertificate();
  const { key, cert, pem } = certificate;
  await using child = await start({ args: ["--sslkey", key, "--sslcert", cert] });
  const before = await peakRss(child.pid);
  const noHandshake = latin1("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  for (let wave = 0; wave < 4; wave++) {
    await inParallel(4_000, 32, () => failHandshake(child.port, noHandshake));
  }
  using client = Deno.createHttpClient({ caCerts: [pem] });
  const about = await fetch(`https://localhost:${child.port}/`, { client });
  assertEquals((await about.json()).name, "PeerJS Server");
  const growth = await peakRss(child.pid) - before;
  assert(growth < 240 * MB, `grew by ${growth} bytes`);
});

Deno.test("[FAULT-29] a handshake of TLS that takes too long is ended, what came of others is not: node", async () => {
  await using certificate = await makeCertificate();
  const { key, cert, pem } = certificate;
  const tls = ["--sslkey", key, "--sslcert", cert, "--head_timeout", "300"];
  await using child = await startChild({ args: ["--listener", "node", ...tls] });
  using client = Deno.createHttpClient({ caCerts: [pem] });
  const wsUrl = `wss://localhost:${child.port}/peerjs`;
  await using socket = await join({ wsUrl }, "a", { options: { client } });
  // The record of a handshake that never comes; its time ends after that of the socket's.
  await failHandshake(child.port, Uint8Array.from([0x16, 3, 1, 1, 0]));
  socket.send({ type: "OFFER", dst: "a", payload: 1 });
  assertEquals(await socket.next(), { type: "OFFER", src: "a", dst: "a", payload: 1 });
});
