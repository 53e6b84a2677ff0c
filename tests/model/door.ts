/**
 * The reference model's door: the sections Open and Who may come in, and the limits of an address.
 *
 * @module
 */
import type { CloseCode } from "../../core/effect.ts";
import type { SocketOpened } from "../../core/event.ts";
import type { ConnId } from "../../core/ids.ts";
import { addressGroup } from "./words.ts";
import { close, forget, holderOf, idTaken, refuse, send, type World } from "./world.ts";

/** What happens to a socket that was opened. */
export function open(world: World, event: SocketOpened): void {
  const { settings, now } = world;
  const { conn, id, token } = event;
  // Open: a socket that is a client's or waits already is not opened a second time.
  if ([...world.clients, ...world.waiting].some((socket) => socket.conn === conn)) return;
  const denial = denialOf(world, event);
  if (denial !== null) return refuse(world, conn, denial[0], denial[1]);
  if (id === null || token === null) return; // OPEN-1 has refused it.
  const owner = event.identity.kind === "proven" ? event.identity.subject : token; // AUTH-3
  const group = addressGroup(event.address); // LIMIT-10
  const holder = holderOf(world, id);
  // LIMIT-4
  if (world.waiting.length >= settings.max_waiting_sockets && usedUp(world, group)) {
    return refuse(world, conn, 4029, "Too many wrong tokens from this address: try again later");
  }
  // OPEN-4, LIMIT-3
  if (holder !== undefined && holder.owner !== owner) return wrongToken(world, conn, group);
  // LIMIT-2
  if (!hasPlace(world, group) && holder?.group !== group) {
    return refuse(world, conn, 4029, "Too many connections from this address");
  }
  // OPEN-5
  const replaced = "Replaced by a newer connection with the same id and token";
  if (holder !== undefined && holder.conn > conn) return close(world, conn, 4000, replaced);
  // OPEN-7
  if (holder === undefined && world.clients.length >= settings.concurrent_limit) {
    return refuse(world, conn, 4004, "Server has reached its concurrent user limit");
  }
  // OPEN-5, OPEN-6, QUEUE-1
  if (holder !== undefined) forget(world, holder.conn);
  const times = { silentSince: now, paidUntil: now };
  world.clients.push({ conn, id, owner, group, ...times, badFrames: 0, told: [] });
  send(world, conn, '{"type":"OPEN"}');
  world.stored.filter((m) => m.dst === id).forEach((m) => send(world, conn, m.text));
  world.stored = world.stored.filter((m) => m.dst !== id);
  if (holder !== undefined) close(world, holder.conn, 4000, replaced);
}

/** Why a socket may not come in, whoever is there, in the order that the section Open gives. */
function denialOf(world: World, event: SocketOpened): [CloseCode, string] | null {
  const { settings } = world;
  const { id, token, key, origin, queryLength, identity } = event;
  const tooLong = (name: string, length: number, most: number): [CloseCode, string] | null =>
    length <= most
      ? null
      : [4002, `The ${name} has ${length} characters: at most ${most} are allowed`];
  const controlled = (name: string, text: string): [CloseCode, string] | null =>
    /\p{Cc}/u.test(text) ? [4002, `The ${name} has control characters in it`] : null;
  // LIFE-3
  if (world.stopped) return [1001, "Server is shutting down"];
  // OPEN-1
  if (!key || !id || !token) return [4002, "No id, token, or key supplied to websocket server"];
  // OPEN-2
  if (key !== settings.key) return [4003, "Invalid key provided"];
  // OPEN-10
  const listed = settings.cors.map((allowed) => allowed.toLowerCase());
  if (
    origin !== null && listed.length > 0 && !listed.includes("*") &&
    !listed.includes(origin.toLowerCase())
  ) return [4005, "Pages of this origin may not use this server"];
  // OPEN-3
  const wrong = tooLong("query", queryLength, settings.max_query_length) ??
    tooLong("id", id.length, settings.max_id_length) ?? controlled("id", id) ??
    tooLong("token", token.length, settings.max_token_length) ?? controlled("token", token);
  if (wrong !== null) return wrong;
  // AUTH-1, AUTH-2
  if (identity.kind === "rejected") return [4006, identity.reason];
  if (identity.kind === "unchecked") {
    return settings.auth === "none" ? null : [4006, "The token was not checked"];
  }
  return identity.subject === id || identity.peers.includes(id)
    ? null
    : [4006, "The token is not for this id"];
}

/** LIMIT-3: whether an address has used up its tries. */
function usedUp(world: World, group: string): boolean {
  return world.tries.some((tries) =>
    tries.group === group && world.now < tries.since + world.settings.wrong_token_window &&
    tries.count >= world.settings.wrong_token_limit
  );
}

/** LIMIT-2: whether an address may have one more socket. */
function hasPlace(world: World, group: string): boolean {
  const most = world.settings.max_sockets_per_address;
  const sockets = [...world.clients, ...world.waiting].filter((socket) => socket.group === group);
  return most === 0 || sockets.length < most;
}

/** OPEN-4: what happens to a socket that brings another token than the holder's. */
function wrongToken(world: World, conn: ConnId, group: string): void {
  const { settings, now } = world;
  // LIMIT-3: each one counts, answered or not, in a window from the first of them.
  world.tries = world.tries.filter((tries) =>
    tries.group !== group || now < tries.since + settings.wrong_token_window
  );
  let mine = world.tries.find((tries) => tries.group === group);
  if (mine === undefined) world.tries.push(mine = { group, since: now, count: 0 });
  mine.count += 1;
  // LIMIT-5
  world.tries = world.tries.slice(-settings.wrong_token_addresses);
  // OPEN-4
  const beyond = mine.count - settings.wrong_token_limit;
  if (beyond <= 0) return idTaken(world, conn);
  const delay = Math.min(100 * 2 ** (beyond - 1), settings.max_wrong_token_delay);
  if (delay === 0) return idTaken(world, conn);
  // LIMIT-4
  if (world.waiting.length >= settings.max_waiting_sockets || !hasPlace(world, group)) {
    return refuse(world, conn, 4029, "Too many wrong tokens from this address: try again later");
  }
  world.waiting.push({ conn, group, answerAt: now + delay, hungUp: false });
}
