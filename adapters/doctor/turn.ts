/**
 * Asks the STUN and TURN servers that a server hands out for an answer. Sends no credentials.
 *
 * @module
 */
import { createSocket } from "node:dgram";
import { lookup } from "node:dns/promises";
import { scheduleTimeout } from "../clock.ts";
import type { Reached, TurnFinding } from "./findings.ts";
import { isError } from "./findings.ts";
import { probeTcp } from "./http.ts";

/** Tries each URL of an answer of `/ice`; empty if it is no such answer. Never rejects. */
export async function probeTurn(ice: Reached): Promise<TurnFinding[]> {
  const urls = ice.kind === "answer" && ice.status === 200 ? urlsIn(ice.body) : [];
  return await Promise.all(urls.map(async (url) => ({ url, answers: await isAnswering(url) })));
}

function urlsIn(body: string): string[] {
  try {
    const { iceServers } = Object(JSON.parse(body));
    const servers: unknown[] = Array.isArray(iceServers) ? iceServers : [];
    const urls: unknown[] = servers.flatMap((server) => Object(server).urls ?? []);
    const texts = urls.filter((url) => typeof url === "string" && url.length <= URL_MAX_LENGTH);
    return [...new Set(texts.map(String))].slice(0, URLS_MAX);
  } catch {
    return [];
  }
}

const URL_MAX_LENGTH = 256;
const URLS_MAX = 8;

async function isAnswering(url: string): Promise<boolean> {
  const [, scheme = "", address, name, digits, transport = "udp"] =
    /^(stuns?|turns?):(?:\[([0-9a-f:.]+)\]|([^:?[\]]+))(?::(\d{1,5}))?(?:\?transport=(udp|tcp))?$/i
      .exec(url) ?? [];
  const host = address ?? name;
  const isTls = /s$/i.test(scheme);
  const port = Number(digits ?? (isTls ? 5_349 : 3_478));
  if (host === undefined || port < 1 || port > 65_535) return false;
  if (isTls || /tcp/i.test(transport)) {
    return !isError(await probeTcp({ host, port, maxMs: ANSWER_MAX_MS }));
  }
  return await answersStun(host, port).catch(() => false);
}

/** Sends a binding request of STUN (RFC 8489), which TURN servers answer too, and repeats it: UDP loses packets. */
async function answersStun(host: string, port: number): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const cancel = scheduleTimeout(() => resolve(false), ANSWER_MAX_MS);
  const request = new Uint8Array([0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42, ...new Uint8Array(12)]);
  crypto.getRandomValues(request.subarray(8));
  const isAnswer = (packet: Uint8Array): boolean =>
    packet[0] === 1 && request.slice(4).every((byte, i) => packet[i + 4] === byte);
  const found = await Promise.race([lookup(host), promise.then(() => null)]);
  if (found === null) return false;
  const socket = createSocket(found.family === 6 ? "udp6" : "udp4");
  socket.on("message", (packet: Uint8Array) => isAnswer(packet) && resolve(true));
  socket.on("error", () => resolve(false));
  const send = (): void => socket.send(request, port, found.address);
  const repeat = setInterval(send, REPEAT_MS);
  send();
  try {
    return await promise;
  } finally {
    cancel();
    clearInterval(repeat);
    socket.close();
  }
}

const ANSWER_MAX_MS = 3_000;
const REPEAT_MS = 500;
