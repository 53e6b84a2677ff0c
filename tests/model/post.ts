/**
 * The reference model's post: the sections Messages and Queue.
 *
 * @module
 */
import type { BinaryReceived, FrameReceived } from "../../core/event.ts";
import { encode, excerpt, jsonOf, ownField, utf8Length } from "./words.ts";
import {
  type Client,
  close,
  forget,
  holderOf,
  refuse,
  send,
  sendError,
  sendExpire,
  type Stored,
  type World,
} from "./world.ts";

/** What happens to a message of a client. */
export function receive(world: World, event: FrameReceived | BinaryReceived): void {
  const { settings, now } = world;
  const client = world.clients.find(({ conn }) => conn === event.conn);
  if (client === undefined) return; // OPEN-9, LIMIT-4
  // LIMIT-1
  if (settings.frame_rate > 0) {
    const price = 1000 / settings.frame_rate;
    client.paidUntil = Math.max(client.paidUntil, now) + price;
    if (client.paidUntil > now + (settings.frame_burst + 0.5) * price) {
      const { frame_burst, frame_rate } = settings;
      const allowed = `${frame_burst} at once and ${frame_rate} a second are allowed`;
      forget(world, client.conn);
      return refuse(world, client.conn, 4029, `Too many frames: ${allowed}`);
    }
  }
  // MSG-9
  const bytes = event.kind === "binary-received" ? event.bytes : utf8Length(event.text);
  if (bytes > settings.max_message_bytes) {
    const sentence = `A message may have at most ${settings.max_message_bytes} bytes`;
    forget(world, client.conn);
    sendError(world, client.conn, `${sentence}: this one has more.`);
    return close(world, client.conn, 1009, sentence);
  }
  if (event.kind === "frame-received") return receiveText(world, client, event.text);
  bad(world, client, `A frame must be text: got ${bytes} bytes of binary data.`);
}

function receiveText(world: World, client: Client, text: string): void {
  // MSG-6
  const frame = jsonOf(text);
  if (frame === undefined) {
    return bad(world, client, `A frame must be JSON, and this is not: ${excerpt(text)}.`);
  }
  if (typeof frame !== "object" || frame === null || Array.isArray(frame)) {
    return bad(world, client, `A frame must be a JSON object: got ${excerpt(frame)}.`);
  }
  const [type, dst] = [ownField(frame, "type"), ownField(frame, "dst")];
  if (typeof type !== "string") {
    return bad(world, client, `The "type" of a frame must be a string: got ${excerpt(type)}.`);
  }
  if (["OPEN", "ID-TAKEN", "ERROR"].includes(type)) {
    const sentence = `A frame of type "${type}" is for the server to send, not for a client.`;
    return bad(world, client, sentence);
  }
  // MSG-5
  if (type === "HEARTBEAT") return valid(world, client);
  // MSG-8
  if (!["OFFER", "ANSWER", "CANDIDATE", "EXPIRE", "LEAVE"].includes(type)) return;
  // MSG-4
  if (type === "LEAVE" && (dst === undefined || dst === null || dst === "")) {
    forget(world, client.conn);
    return close(world, client.conn, 4009, "Left");
  }
  // MSG-6
  if (typeof dst !== "string" || dst === "") {
    const must = `The "dst" of a frame of type "${type}" must be a peer's id`;
    return bad(world, client, `${must}: got ${excerpt(dst)}.`);
  }
  // MSG-1, MSG-2, MSG-10
  const message = { type, src: client.id, dst, payload: ownField(frame, "payload") };
  const encoded = encode(message);
  if (encoded === null) {
    const sentence = `The payload of this ${type} is nested too deeply to be passed on.`;
    return bad(world, client, sentence);
  }
  valid(world, client);
  // QUEUE-4: these begin an attempt.
  if (type === "OFFER" || type === "ANSWER") {
    client.told = client.told.filter((told) => told !== dst);
  }
  route(world, type, client.id, dst, encoded);
}

/** MSG-5, MSG-7: what every valid message does. */
function valid(world: World, client: Client): void {
  client.silentSince = world.now;
  client.badFrames = 0;
}

/** MSG-6, MSG-7: what every bad frame does. */
function bad(world: World, client: Client, sentence: string): void {
  const most = world.settings.max_bad_frames;
  client.badFrames += 1;
  sendError(world, client.conn, sentence);
  if (client.badFrames < most) return;
  forget(world, client.conn);
  close(world, client.conn, 4010, `Sent ${most} bad frames in a row`);
}

function route(world: World, type: string, src: string, dst: string, text: string): void {
  const { settings, now } = world;
  // MSG-2, MSG-11
  const receiver = holderOf(world, dst);
  if (receiver !== undefined) return send(world, receiver.conn, text);
  // MSG-3
  if (type === "LEAVE") return;
  // QUEUE-2
  const bytes = utf8Length(text) + 512;
  const all = world.stored;
  const there = all.filter((message) => message.dst === dst);
  const mine = all.filter((message) => message.src === src);
  if (
    there.length >= settings.queue_limit || mine.length >= settings.source_queue_limit ||
    sum(all) + bytes > settings.max_queue_bytes ||
    sum(there) + bytes > settings.max_unsent_bytes / 2
  ) return tellOfRefusal(world, src, dst);
  const by = holderOf(world, src)?.owner ?? null;
  const expiresAt = now + settings.expire_timeout;
  world.stored.push({ src, dst, by, text, bytes, expiresAt, announced: false });
}

function sum(messages: readonly Stored[]): number {
  return messages.reduce((bytes, message) => bytes + message.bytes, 0);
}

/** QUEUE-4: tells who holds `src` of a refusal, once an attempt. */
function tellOfRefusal(world: World, src: string, dst: string): void {
  const source = holderOf(world, src);
  if (source === undefined || source.told.includes(dst)) return;
  source.told = [...source.told, dst].slice(-64);
  sendExpire(world, source, dst);
}

/** MSG-12: what could not be handed over is sent anew. */
export function sendAnew(world: World, text: string): void {
  const message = callOf(text);
  if (message === null || world.stopped) return;
  route(world, message.type, message.src, message.dst, text);
}

/** LIMIT-6: what was not taken is refused. */
export function refuseSent(world: World, text: string): void {
  const message = callOf(text);
  if (message !== null) tellOfRefusal(world, message.src, message.dst);
}

/** The `OFFER`, `ANSWER` or `CANDIDATE` that a text of the server's is; `null` for others. */
function callOf(text: string): { type: string; src: string; dst: string } | null {
  const frame = jsonOf(text);
  if (typeof frame !== "object" || frame === null) return null;
  const [type, src, dst] = ["type", "src", "dst"].map((name) => ownField(frame, name));
  if (type !== "OFFER" && type !== "ANSWER" && type !== "CANDIDATE") return null;
  return typeof src === "string" && typeof dst === "string" ? { type, src, dst } : null;
}
