/**
 * The reference model: the server as `core/SPEC.md` describes it, slowly, in plain lists. What it and `reduce` want
 * done is the same, to the letter. It shares types with core/ and no value. Comments name the rules followed there.
 */
import type { CloseCode, ConnId, Event, Identity, Settings, SocketOpened } from "../../core/mod.ts";
import type { Act } from "../support/world.ts";
import {
  CALLS,
  fieldsOf,
  groupOf,
  type Message,
  named,
  parsed,
  payloadIn,
  spend,
  utf8Length,
} from "./words.ts";

/** What the server does about an event at an instant, and the earliest true deadline, or `null`. */
export type Model = Pick<Server, "step" | "nextWakeAt">;

/** A server that has just been started. */
export const createModel = (settings: Settings): Model => new Server(settings);

type Refusal = readonly [applies: boolean, code: CloseCode, sentence: string];
type Socket = { conn: ConnId; group: string; dueAt: number; lookAt: number };
type Pending = Socket & { opened: SocketOpened; frames: (string | number)[] };
type Paid = { paid: number; paidBytes: number };
type Client = Socket & Paid & {
  id: string;
  owner: string;
  endsAt: number;
  bad: number;
  told: string[];
};
type Waiting = { by: string | null; group: string; bytes: number; dueAt: number; told: boolean };
const ENDS = "Server is shutting down";
const REPLACED = "Replaced by a newer connection with the same id and token";
const ENDED = "The token has expired";
const DISMISSED = "Disconnected by the operator of this server";
const RESTARTING = "Server is restarting";
const FULL = "Server has reached its concurrent user limit";

class Server {
  now = 0;
  stopped = false;
  drain: Record<"from" | "wakeAt" | "closedBy" | "until" | "lastAt", number> | null = null;
  leaving: (Client & { leftAt: number })[] = [];
  acts: Act[] = [];
  clients: Client[] = [];
  pending: Pending[] = [];
  tries: { group: string; paid: number }[] = [];
  stored: (Message & Waiting)[] = [];
  constructor(readonly settings: Settings) {}
  holderOf = (id: string): Client | undefined => this.clients.find((client) => client.id === id);
  sockets = (): Socket[] => [...this.clients, ...this.pending];
  readonly nextWakeAt = (): number | null => {
    const dues = [...this.stored, ...this.sockets()].map(({ dueAt }) => dueAt);
    const earliest = Math.min(...dues, this.drain?.wakeAt ?? Infinity);
    return earliest === Infinity ? null : earliest;
  };

  readonly step = (event: Event, now: number): readonly Act[] => {
    [this.now, this.acts] = [now, []];
    if (event.kind === "socket-opened") this.open(event);
    if (event.kind === "token-checked") this.goOn(event.conn, event.identity);
    if (event.kind === "frame-received") this.receive(event.conn, event.text);
    if (event.kind === "binary-received") this.receive(event.conn, event.bytes);
    const mute = event.kind === "ping-unanswered" ? event.conn : null; // LIFE-4
    const why = `No answer to a ping for ${this.settings.ping_timeout} ms`;
    if (this.sockets().some(({ conn }) => conn === mute)) this.end(mute as ConnId, 4007, why, null);
    const isGone = event.kind === "socket-closed" || event.kind === "send-failed"; // LIFE-2
    if (isGone || event.kind === "ping-unanswered") this.forget(event.conn);
    const unsent = "message" in event ? event.message : null;
    if (unsent !== null && CALLS.includes(unsent.type)) {
      if (event.kind === "send-refused") this.tellOfRefusal(unsent); // LIMIT-6
      else if (!this.stopped) this.route(unsent); // MSG-12
    }
    if (event.kind === "tick") this.tick();
    const dismissed = event.kind === "client-dismissed" ? this.holderOf(event.id) : undefined; // LIFE-5
    const given = event.kind === "client-dismissed" ? event.reason : null;
    if (dismissed !== undefined) this.end(dismissed.conn, 4012, given ?? DISMISSED);
    if (event.kind === "drain-requested") this.beginDrain(event.ms);
    if (event.kind === "shutdown-requested") this.shutDown();
    return this.acts;
  };

  open(event: SocketOpened): void {
    const { settings, clients, now } = this;
    const { conn, identity } = event;
    const waits = identity.kind === "pending"; // AUTH-8
    const [id, { token }, group] = [event.id ?? "", event, groupOf(event.address)];
    if ([...this.sockets(), ...this.leaving].some((socket) => socket.conn === conn)) return;
    const isSentAway = !this.stopped && now >= (this.drain?.from ?? Infinity); // LIFE-6
    if (isSentAway) return this.end(conn, 1012, RESTARTING, null);
    const holder = this.holderOf(id);
    const owner = identity.kind === "proven" ? identity.owner : token?.owner ?? ""; // AUTH-3
    const places = settings.max_sockets_per_address || Infinity;
    const hasPlace = clients.filter((socket) => socket.group === group).length < places;
    const isGuess = identity.kind !== "proven"; // LIMIT-3
    const isBlocked = isGuess && this.afterTry(group) === null;
    const blocked = "ID is taken, and its token not looked at: too many wrong ones came";
    const isFull = holder === undefined && clients.length >= settings.concurrent_limit;
    const isCrowded = this.pending.length >= settings.concurrent_limit; // LIMIT-13
    const decisions: Refusal[] = [
      [holder !== undefined && isBlocked, 4001, blocked], // LIMIT-3
      [holder !== undefined && holder.owner !== owner, 4001, "ID is taken"], // OPEN-4
      [!hasPlace && holder?.group !== group, 4029, "Too many connections from this address"], // LIMIT-2
      [holder !== undefined && holder.conn > conn, 4000, REPLACED], // OPEN-5
      [isFull, 4004, FULL], // OPEN-7
    ];
    const refusals = [
      ...this.denials(event, id),
      ...waits ? [[isCrowded, 4004, FULL] as const] : decisions,
    ];
    const [, code, sentence = ""] = refusals.find(([applies]) => applies) ?? [];
    if (code === 4001 && isGuess) this.countTry(group);
    const msg = code === 4001 ? "ID is taken" : sentence;
    if (code !== undefined) return this.end(conn, code, sentence, code === 4000 ? null : msg);
    const until = { dueAt: now + 15_000, lookAt: now + 15_000, frames: [] };
    if (waits) return void this.pending.push({ conn, group, opened: event, ...until });
    const endsAt = this.endOf(event);
    const dueAt = this.dueAfter(endsAt); // OPEN-5, OPEN-6, QUEUE-1
    const paid = { paid: now, paidBytes: now };
    const looked = { dueAt, lookAt: dueAt };
    clients.push({ conn, id, owner, group, ...looked, endsAt, ...paid, bad: 0, told: [] });
    this.send(conn, { type: "OPEN" });
    this.stored.filter(({ dst }) => dst === id).forEach(({ text }) => this.send(conn, text));
    this.stored = this.stored.filter(({ dst }) => dst !== id);
    if (holder !== undefined) this.end(holder.conn, 4000, REPLACED, null);
  }

  /** A token was checked: AUTH-8. */
  goOn(conn: ConnId, identity: Identity): void {
    const waiting = this.pending.find((socket) => socket.conn === conn);
    if (waiting === undefined) return;
    this.forget(conn);
    this.open({ ...waiting.opened, identity });
    waiting.frames.forEach((frame) => this.receive(conn, frame));
  }

  /** Keeps what comes before it is known who sent it: LIMIT-12. */
  keep({ conn, frames }: Pending, frame: string | number): void {
    frames.push(frame);
    const sum = (list: Pending["frames"]): number =>
      list.reduce<number>((sum, said) => sum + (typeof said === "string" ? said.length : 0), 0);
    const all = sum(this.pending.flatMap((socket) => socket.frames));
    const hasRoom = frames.length <= 16 && sum(frames) <= 16_384 && all <= 16_777_216;
    if (!hasRoom) this.end(conn, 4029, "Sent too much before it was admitted", null);
  }

  forget(gone: ConnId): void {
    this.clients = this.clients.filter(({ conn }) => conn !== gone);
    this.pending = this.pending.filter(({ conn }) => conn !== gone);
    this.leaving = this.leaving.filter(({ conn }) => conn !== gone);
  }

  /** When the connection is to end with its token: AUTH-6. */
  endOf({ identity }: SocketOpened): number {
    const isKept = this.settings.auth_expiry === "keep" || identity.kind !== "proven";
    return isKept ? Infinity : identity.endsAt ?? Infinity;
  }

  /** When a client is due of which nothing more is heard. */
  dueAfter = (endsAt: number): number => Math.min(this.now + this.settings.alive_timeout, endsAt);

  /** What is refused whoever is there. */
  denials(event: SocketOpened, id: string): Refusal[] {
    const { settings } = this;
    const { key, token, origin, ownOrigin, queryLength, identity } = event;
    const page = origin?.toLowerCase().replace(/(?<=^https:.*):443\/?$|\/$/, "") ?? ""; // SET-7
    const pages = settings.cors.map((like) => like.replaceAll(".", "\\.").replace("*\\.", ".+\\."));
    const listed = ownOrigin || pages.length === 0 || pages.includes("*") ||
      pages.some((like) => RegExp(`^${like}$`).test(page));
    const odd = (name: string, length: number, most: number, isOdd?: boolean): Refusal[] => [
      [length > most, 4002, `The ${name} has ${length} characters: at most ${most} are allowed`],
      [isOdd === true, 4002, `The ${name} has control characters in it`],
    ];
    const isUnchecked = identity.kind === "unchecked" && settings.auth !== "none";
    const reason = identity.kind === "rejected" ? identity.reason : null;
    const opens = identity.kind === "proven" ? identity.ids : [id];
    return [
      [this.stopped, 1001, ENDS], // LIFE-3
      [!key || !id || !token, 4002, "No id, token, or key supplied to websocket server"], // OPEN-1
      [key !== "right", 4003, "Invalid key provided"], // OPEN-2
      [origin !== null && !listed, 4005, "Pages of this origin may not use this server"], // OPEN-10
      ...odd("query", queryLength, settings.max_query_length), // OPEN-3
      ...odd("id", id.length, settings.max_id_length, /\p{Cc}/u.test(id)),
      ...odd("token", token?.length ?? 0, settings.max_token_length, token?.hasControl),
      [reason !== null, 4006, reason ?? ""], // AUTH-2
      [isUnchecked, 4006, "The token was not checked"],
      [this.endOf(event) <= this.now, 4006, ENDED], // AUTH-6
      [!opens.includes(id), 4006, "The token is not for this id"],
    ];
  }

  /** Until when one more wrong token is paid for; `null` where the address may not try: LIMIT-3. */
  afterTry(group: string): number | null {
    const { wrong_token_rate: rate, wrong_token_burst: burst } = this.settings;
    const paid = this.tries.find((tries) => tries.group === group)?.paid ?? this.now;
    return spend(paid, this.now, { rate, burst, count: 1 });
  }

  countTry(group: string): void {
    const paid = this.afterTry(group);
    if (paid === null || this.settings.wrong_token_rate === 0) return;
    const others = this.tries.filter((tries) => tries.group !== group);
    const isFull = this.tries.length === others.length &&
      others.length >= this.settings.wrong_token_addresses; // LIMIT-5
    this.tries = [...isFull ? [] : others, { group, paid }];
  }

  receive(conn: ConnId, frame: string | number): void {
    const { frame_rate, frame_burst, max_message_bytes, max_bad_frames } = this.settings;
    const client = this.clients.find((other) => other.conn === conn);
    const waiting = this.pending.find((other) => other.conn === conn);
    if (waiting !== undefined) return this.keep(waiting, frame);
    const last = this.leaving.find((other) => other.conn === conn);
    if (last !== undefined && this.now - last.leftAt < 1_000) return this.receiveLast(last, frame);
    if (client === undefined) return; // OPEN-9
    const paid = spend(client.paid, this.now, { rate: frame_rate, burst: frame_burst, count: 1 });
    const allowed = `${frame_burst} at once and ${frame_rate} a second are allowed`;
    if (paid === null) return this.end(conn, 4029, `Too many frames: ${allowed}`);
    const bytes = typeof frame === "number" ? frame : utf8Length(frame);
    const most = `A message may have at most ${max_message_bytes} bytes`;
    if (bytes > max_message_bytes) return this.end(conn, 1009, most, `${most}: this one has more.`);
    const { byte_rate: rate, byte_burst } = this.settings;
    const count = typeof frame === "number" ? frame : frame.length;
    const burst = Math.max(byte_burst, max_message_bytes);
    const paidBytes = spend(client.paidBytes, this.now, { rate, burst, count });
    const enough = `${byte_burst} at once and ${rate} a second are allowed`;
    if (paidBytes === null) return this.end(conn, 4029, `Too many bytes: ${enough}`);
    Object.assign(client, { paid, paidBytes });
    const fault = this.obey(client, frame);
    if (typeof fault !== "string") return;
    client.bad += 1; // MSG-6, MSG-7
    const isLast = client.bad >= max_bad_frames;
    if (isLast) return this.end(conn, 4010, `Sent ${max_bad_frames} bad frames in a row`, fault);
    this.send(conn, { type: "ERROR", payload: { msg: fault } });
  }

  /** What a client had said before it heard of a drain: LIFE-8. */
  receiveLast(client: Client, frame: string | number): void {
    const { settings, now } = this;
    if (typeof frame === "number" || utf8Length(frame) > settings.max_message_bytes) return;
    const { byte_rate: rate, byte_burst, max_message_bytes, frame_rate, frame_burst } = settings;
    const paid = spend(client.paid, now, { rate: frame_rate, burst: frame_burst, count: 1 });
    const burst = Math.max(byte_burst, max_message_bytes);
    const paidBytes = spend(client.paidBytes, now, { rate, burst, count: frame.length });
    const [type, dst] = fieldsOf(parsed(frame), "type", "dst");
    const isMessage = [...CALLS, "EXPIRE", "LEAVE"].some((each) => each === type);
    const isOdd = Array.isArray(parsed(frame)) || (type === "LEAVE" && (dst ?? "") === "");
    if (paid === null || paidBytes === null || !isMessage || isOdd) return;
    Object.assign(client, { paid, paidBytes });
    this.say(client, String(type), dst, frame);
  }

  /** Does what a frame asks for, or returns what is wrong with it: MSG-6. */
  obey(client: Client, given: string | number): string | void {
    const binary = `A binary frame must hold UTF-8 text: got ${given} bytes that are none.`;
    if (typeof given === "number") return binary;
    const frame = parsed(given);
    if (frame === undefined) return `A frame must be JSON, and this is not: ${named(given)}.`;
    const isObject = frame instanceof Object && !Array.isArray(frame);
    if (!isObject) return `A frame must be a JSON object: got ${named(frame)}.`;
    const [type, dst] = fieldsOf(frame, "type", "dst");
    if (typeof type !== "string") return; // MSG-8
    const isOurs = ["OPEN", "ID-TAKEN", "ERROR"].includes(type);
    if (isOurs) return `A frame of type "${type}" is for the server to send, not for a client.`;
    const valid = { dueAt: this.dueAfter(client.endsAt), bad: 0 };
    if (type === "HEARTBEAT") Object.assign(client, valid); // MSG-5, MSG-7
    if (![...CALLS, "EXPIRE", "LEAVE"].includes(type)) return; // MSG-8
    if (type === "LEAVE" && (dst ?? "") === "") return this.end(client.conn, 4009, "Left", null); // MSG-4
    Object.assign(client, valid);
    this.say(client, type, dst, given);
  }

  /** Passes on a message of a client. */
  say(client: Client, type: string, dst: unknown, given: string): void {
    const most = this.settings.max_id_length;
    const whole = dst instanceof Object ? `${{}.toString.call(dst)}` : `${dst ?? ""}`; // MSG-13
    const isUsable = whole !== "" && whole === dst && whole.length <= most &&
      !/\p{Cc}/u.test(whole);
    const to = whole.length > most ? `${whole.slice(0, most)}…` : whole;
    const head = JSON.stringify({ type, src: client.id, dst: to }).slice(0, -1); // MSG-1
    const sent = { type, src: client.id, dst: to, text: `${head}${payloadIn(given)}}` }; // MSG-2
    const begun = type === "OFFER" || type === "ANSWER" ? to : null; // QUEUE-4
    client.told = client.told.filter((id) => id !== begun);
    if (isUsable) return this.route(sent);
    if (type !== "LEAVE") this.tellOfRefusal(sent);
  }

  route(sent: Message): void {
    const { settings } = this;
    const { type, src, dst, text } = sent;
    const receiver = this.holderOf(dst);
    const isPassed = receiver !== undefined || type !== "LEAVE";
    const ends = this.drain === null || !isPassed ? [] : [this.holderOf(src), receiver]; // LIFE-7
    for (const end of ends) if (end !== undefined) end.lookAt = end.dueAt;
    if (receiver !== undefined) return this.send(receiver.conn, text); // MSG-2, MSG-11
    if (type === "LEAVE") return; // MSG-3
    const { owner: by, group } = this.holderOf(src) ?? { owner: null, group: "" }; // QUEUE-3, QUEUE-8
    const dueAt = this.now + settings.expire_timeout;
    const bytes = text.length * (utf8Length(text) === text.length ? 1 : 3) + 512;
    const all = [...this.stored, { ...sent, by, group, bytes, dueAt, told: false }]; // QUEUE-2
    const there = all.filter((message) => message.dst === dst);
    const mine = all.filter((message) => message.src === src);
    const both = mine.filter((message) => message.dst === dst); // QUEUE-7
    const near = all.filter((message) => message.group === group); // QUEUE-8
    const sum = (list: typeof all): number => list.reduce((sum, { bytes }) => sum + bytes, 0);
    const hasRoom = there.length <= settings.queue_limit &&
      mine.length <= settings.source_queue_limit && sum(mine) <= settings.source_queue_bytes &&
      sum(all) <= settings.max_queue_bytes && sum(there) <= settings.max_unsent_bytes / 2 &&
      (both.length === 1 || both.length <= Math.floor(settings.queue_limit / 4)) &&
      sum(both) <= settings.max_unsent_bytes * 0.375 && sum(near) * 4 <= settings.max_queue_bytes;
    if (!hasRoom) return this.tellOfRefusal(sent);
    this.stored = all;
  }

  tellOfRefusal({ src, dst }: Message): void {
    const source = this.holderOf(src);
    if (source === undefined || source.told.includes(dst)) return;
    source.told = [...source.told, dst].slice(-64); // QUEUE-4
    this.sendExpire(source, dst);
  }

  sendExpire({ conn, id }: Client, dst: string): void {
    this.send(conn, { type: "EXPIRE", src: dst, dst: id });
    for (const sent of this.stored) sent.told ||= sent.src === id && sent.dst === dst; // QUEUE-4
  }

  tick(): void {
    const isDue = ({ dueAt }: { dueAt: number }): boolean => dueAt <= this.now;
    const inTurn = (a: Socket, b: Socket): number => a.dueAt - b.dueAt || a.conn - b.conn;
    for (const message of this.stored.filter(isDue)) { // QUEUE-3
      this.stored = this.stored.filter((other) => other !== message);
      const source = this.holderOf(message.src);
      if (source?.owner === message.by && !message.told) this.sendExpire(source, message.dst);
    }
    const silence = `No valid message for ${this.settings.alive_timeout} ms`; // LIFE-1
    for (const { conn, dueAt } of this.sockets().filter(isDue).sort(inTurn)) {
      const client = this.clients.find((other) => other.conn === conn);
      if (client === undefined) this.end(conn, 4006, "The token could not be checked in time");
      else if (client.endsAt === dueAt) this.end(conn, 4011, ENDED); // AUTH-6
      else this.end(conn, 4008, silence, null);
    }
    for (const client of this.clients) if (client.lookAt <= this.now) client.lookAt = client.dueAt;
    if (this.drain !== null && this.drain.wakeAt <= this.now) this.closeNext(this.drain);
  }

  beginDrain(ms: number): void { // LIFE-6
    const [now, until] = [this.now, this.now + ms];
    if (this.stopped || this.drain !== null) return;
    const from = now + ms / 4;
    this.drain = { from, wakeAt: from, closedBy: now + ms * 3 / 4, until, lastAt: now };
  }

  closeNext(drain: NonNullable<Server["drain"]>): void { // LIFE-6, LIFE-7
    const now = this.now;
    const line = this.sockets().sort((a, b) => a.lookAt - b.lookAt || a.conn - b.conn);
    const leftMs = drain.closedBy - now;
    const share = leftMs > 20 ? Math.ceil(line.length * 20 / leftMs) : Infinity;
    for (const { conn } of line.slice(0, Math.min(256, share))) {
      const client = this.clients.find((other) => other.conn === conn);
      this.forget(conn);
      const act = { kind: "close", conn, code: 1012, reason: RESTARTING } as const;
      this.acts.push(client === undefined ? act : { ...act, readsOn: true });
      this.leaving.push(...client === undefined ? [] : [{ ...client, leftAt: now }]);
      drain.lastAt = now;
    }
    const [left, answers] = [this.sockets().length, this.leaving.length];
    const isAnswered = answers === 0 || now - drain.lastAt >= 1_000;
    const isOver = now >= drain.until || (left === 0 && isAnswered);
    const next = Math.min(drain.until, now + Math.max(20, left === 0 ? 0 : leftMs / left));
    drain.wakeAt = isOver ? Infinity : next;
  }

  shutDown(): void { // LIFE-3
    this.sockets().sort((a, b) => a.conn - b.conn).forEach(({ conn }) =>
      this.end(conn, 1001, ENDS, null)
    );
    [this.tries, this.stored, this.leaving, this.stopped] = [[], [], [], true];
    Object.assign(this.drain ?? {}, { wakeAt: Infinity });
  }

  send(conn: ConnId, frame: string | object): void {
    const text = typeof frame === "string" ? frame : JSON.stringify(frame);
    this.acts.push({ kind: "send", conn, text });
  }

  /** Closes a socket, after a frame that says why if there is one: Texts. */
  end(conn: ConnId, code: CloseCode, why: string, msg: string | null = why): void {
    const type = code === 4001 ? "ID-TAKEN" : "ERROR";
    if (msg !== null) this.send(conn, { type, payload: { msg } });
    const { read } = new TextEncoder().encodeInto(why, new Uint8Array(120));
    const reason = utf8Length(why) > 123 ? `${why.slice(0, read)}…` : why;
    this.forget(conn);
    this.acts.push({ kind: "close", conn, code, reason });
  }
}
