/** Answers that nobody reads, and handshakes of TLS that fail. */
import { assert, assertEquals, assertStringIncludes } from "../support/assert.ts";
import { makeCertificate } from "../support/certificate.ts";
import { type Child, startChild } from "../support/child.ts";
import { askByStreams, askInARow } from "../support/greedy.ts";
import { admit, inParallel, LOAD_MAX_MS } from "../support/load.ts";
import { LONG_IDS, longList } from "../support/long_list.ts";
import { join, within } from "../support/peer_socket.ts";
import { latin1, rawHttp } from "../support/raw_socket.ts";
import { boundGrowth } from "../support/vitals.ts";
import { test } from "../support/served.ts";

/** Asks for the list of peers from somewhere else than the attack. */
async function peersFrom(child: Child, address: string): Promise<Response> {
  return await fetch(`${child.url}peerjs/peers`, { headers: { "x-forwarded-for": address } });
}

/** Asks for it, and reads of the answer its status only. */
async function listStatus(child: Child): Promise<number> {
  const response = await peersFrom(child, "192.0.2.2");
  await response.body?.cancel();
  return response.status;
}

async function assertListed(child: Child, count: number): Promise<void> {
  const response = await peersFrom(child, "192.0.2.2");
  assertEquals([response.status, (await response.json()).length], [200, count]);
}

/** Asks until the list is answered. */
async function listed(child: Child): Promise<void> {
  while (await listStatus(child) !== 200);
}

const MB = 1e6;

test.program("[FAULT-28] long lists that are asked for in a row, or by streams of HTTP/2 with deno, and not read, leave the server small and others served", async ({ start, listener }) => {
  await using child = await start({ args: LONG_IDS });
  using _list = await longList(child, 250);
  await assertListed(child, 250);
  const assertGrowth = await boundGrowth(child);
  if (listener === "deno") {
    using streams = new DisposableStack();
    const byStreams = (): Promise<Disposable> => askByStreams(child.port, "/peerjs/peers", 100);
    for (const one of await inParallel(4, 2, byStreams)) streams.use(one);
    await assertListed(child, 250);
    await assertGrowth(100 * MB, "by streams it");
  }
  using greedy = new DisposableStack();
  const inARow = (): Promise<Disposable> => askInARow(child.port, "/peerjs/peers", 30);
  for (const one of await inParallel(80, 16, inARow)) greedy.use(one);
  await assertListed(child, 250);
  await assertGrowth(100 * MB);
  const refused = await child.nextLine((line) => line.includes('"status":503'));
  assertStringIncludes(refused, "Too many answers are waiting to be read: try again later");
});

test.program("[FAULT-28] a list that changes while nobody reads it is kept only within the bound", async ({ start, listener }) => {
  await using child = await start({ args: [...LONG_IDS, "--max_answer_bytes", "8000000"] });
  // Larger than what the kernels of both sides take.
  using _list = await longList(child, 700);
  using greedy = new DisposableStack();
  const assertGrowth = await boundGrowth(child);
  for (let i = 0; i < 40; i++) {
    await using _one = await admit(child, `one ${i}`);
    const from = `X-Forwarded-For: 198.51.100.${i}\r\n`;
    greedy.use(await askInARow(child.port, "/peerjs/peers", 1, from));
  }
  await assertGrowth(100 * MB);
  assertEquals(await listStatus(child), 503, listener);
});

test.program("[FAULT-28] short answers that are asked for in a row, and not read, leave the server small", async ({ start }) => {
  await using child = await start();
  await using bystander = await admit(child, "bystander");
  using greedy = new DisposableStack();
  const assertGrowth = await boundGrowth(child);
  const inARow = (): Promise<Disposable> => askInARow(child.port, "/peerjs/id", 5_000);
  for (const one of await inParallel(100, 16, inARow)) greedy.use(one);
  await bystander.roundTrip();
  await assertGrowth(150 * MB);
});

test.program("[FAULT-28] there is room again when a list that nobody reads is given up", async ({ start, listener }) => {
  const args = [...LONG_IDS, "--max_answer_bytes", "1024", "--answer_timeout", "500"];
  await using child = await start({ args });
  using _list = await longList(child, 700);
  const unread = await askInARow(child.port, "/peerjs/peers", 1);
  assertEquals(await listStatus(child), 503);
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
  const assertGrowth = await boundGrowth(child);
  const noHandshake = latin1("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  for (let wave = 0; wave < 4; wave++) {
    await inParallel(4_000, 32, () => rawHttp(child.port, noHandshake));
  }
  using client = Deno.createHttpClient({ caCerts: [pem] });
  const about = await fetch(`https://localhost:${child.port}/`, { client });
  assertEquals((await about.json()).name, "PeerJS Server");
  await assertGrowth(240 * MB);
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
  await rawHttp(child.port, Uint8Array.from([0x16, 3, 1, 1, 0]));
  socket.send({ type: "OFFER", dst: "a", payload: 1 });
  assertEquals(await socket.next(), { type: "OFFER", src: "a", dst: "a", payload: 1 });
});
