/**
 * What only the whole can say: whether the ends of the sockets believe what the server believes, and whether those
 * who keep the habits of the stock client are left in peace.
 */
import {
  CLOSE,
  type CloseCode,
  mapEntries,
  mapGet,
  peerId,
  sizes,
  violations,
} from "../../core/mod.ts";
import type { Link } from "./link.ts";
import { RuleBroken } from "./watch.ts";
import type { World } from "./world.ts";

export function holderOf({ loop, sockets }: World, id: string): Link | undefined {
  const claim = mapGet(loop.state.claims, peerId(id));
  return claim === undefined ? undefined : sockets.linkOf(claim.conn);
}

export function audit(world: World): void {
  const { agenda: { now }, loop: { state }, sockets, people, post, watchers } = world;
  const [first] = violations(state);
  if (first !== undefined) throw new RuleBroken("STATE-3", now, first, []);
  for (const [id, { conn }] of mapEntries(state.claims)) {
    if (sockets.linkOf(conn)?.id === id) continue;
    throw new RuleBroken("LIFE-2", now, `${id} is held by ${conn}, which is closed`, [id]);
  }
  for (const { client } of people) {
    const link = client?.link;
    if (client?.isOpen !== true || !link?.isSound || holderOf(world, link.id) === link) continue;
    const what = `${link.id} believes to be connected, and does not hold it`;
    throw new RuleBroken("OPEN-6", now, what, [link.id]);
  }
  watchers.check();
  post.forget(now - KEPT_MS);
}

/** How long letters are remembered: longer than any is under way. */
const KEPT_MS = 900_000;

/** After the calm every id is held by a client that is there, or by a thief. */
export function checkAlive(world: World): void {
  const { agenda: { now }, loop: { state } } = world;
  for (const [id] of mapEntries(state.claims)) {
    const link = holderOf(world, id);
    if (link === undefined || link.endpoint !== null || link.isRough && link.isSilent) continue;
    throw new RuleBroken("LIFE-2", now, `${id} is held, and its client is gone`, [id]);
  }
}

/** Everybody is gone: nothing is left, wrong tokens apart. */
export function checkEmpty({ agenda: { now }, loop: { state } }: World): void {
  const { wrongTokens: _, ...rest } = sizes(state);
  const left = Object.entries(rest).filter(([, size]) => size > 0);
  if (left.length === 0) return;
  throw new RuleBroken("STATE-3", now, `${left.join("; ")}: left, and everybody is gone`, []);
}

/** The server closes a socket: not that of a client whom nothing disturbs and that keeps its habits. */
export function checkClose(world: World, link: Link, code: CloseCode): void {
  const { now } = world.agenda;
  if (code === CLOSE.replaced && holderOf(world, link.id)?.token !== link.token) {
    throw new RuleBroken("OPEN-4", now, `${link.id} was given to a wrong token`, [link.id]);
  }
  const rule = FAULTS[code];
  if (rule === undefined || !link.isSound || link.isSilent) return;
  if (rule === "LIMIT-1" && link.isRough) return;
  const what = `${link.id} keeps its habits, and was closed with ${code}`;
  throw new RuleBroken(rule, now, what, [link.id]);
}

/** Why a client is closed that does not keep to the rules, and what is broken where it does. */
const FAULTS: Partial<Record<CloseCode, string>> = {
  [CLOSE.timedOut]: "LIFE-1",
  [CLOSE.unanswered]: "LIFE-4",
  [CLOSE.left]: "LIMIT-1",
  [CLOSE.badFrames]: "LIMIT-1",
  [CLOSE.tooMany]: "LIMIT-1",
};
