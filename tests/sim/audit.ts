/**
 * What is looked at now and then, because it takes a walk over everybody: whether the state is sound, whether
 * the silent are gone, and whether the holders of ids are who they should be.
 *
 * @module
 */
import { mapEntries, type State, violations } from "../../core/mod.ts";
import type { Checker } from "./checker.ts";
import { RuleBroken } from "./failure.ts";
import { TIMER_LATE_MAX_MS } from "./loop.ts";
import type { Person } from "./person.ts";

/** What an audit looks at. */
export interface Audited {
  readonly now: number;
  readonly state: State;
  readonly checker: Checker;
  readonly people: readonly Person[];
}

/**
 * Looks at everything.
 *
 * @throws {RuleBroken} Where something is not as it should be.
 */
export function audit(audited: Audited): void {
  checkState(audited);
  checkSilent(audited);
  checkHolders(audited);
  forget(audited);
}

/** Throws where a state contradicts itself. */
export function checkState({ state, now }: Pick<Audited, "state" | "now">): void {
  const [first] = violations(state);
  if (first !== undefined) throw wrong("STATE-3", now, first);
}

/** Throws where something is left though everybody is gone: all maps are empty, wrong tokens apart. */
export function checkEmpty({ state, now, checker }: Audited): void {
  const [held] = checker.holders.keys();
  if (held !== undefined) {
    throw wrong("LIFE-2", now, `${held} is held, and everybody is gone`, [held]);
  }
  const { wrongTokens: _, ...rest } = state;
  for (const [name, value] of Object.entries(rest)) {
    const isMap = typeof value === "object" && value !== null && "size" in value;
    if (isMap && value.size !== 0) {
      throw wrong("STATE-3", now, `${value.size} are left in ${name}, and everybody is gone`);
    }
  }
  if (state.idleCheckAt !== null || state.storedBytes !== 0) {
    throw wrong("STATE-3", now, "Deadlines or bytes are left, and everybody is gone");
  }
  if (checker.holders.size !== 0) {
    throw wrong("LIFE-2", now, "An id is held, and everybody is gone");
  }
}

function checkSilent({ now, state, checker }: Audited): void {
  const { alive_timeout } = state.settings;
  for (const session of checker.sessions.values()) {
    const { phase, heardAt, attachedAt, id } = session;
    if (phase === "holder" && now - heardAt > alive_timeout + TIMER_LATE_MAX_MS) {
      throw wrong("LIFE-1", now, `${id} was silent for ${now - heardAt} ms`, [id]);
    }
    if (phase === "opened" && now - attachedAt > OPENING_MAX_MS) {
      throw wrong("OPEN-6", now, `${id} waits for an answer since ${attachedAt}`, [id]);
    }
  }
}

/** Who holds an id is a client that believes so, or whose socket the server cannot know to be dead. */
function checkHolders({ now, state, checker, people }: Audited): void {
  for (const [id, { conn }] of mapEntries(state.claims)) {
    const session = checker.sessions.get(conn);
    if (session === undefined || checker.holders.get(id) !== session) {
      throw wrong("LIFE-2", now, `${id} is held by connection ${conn}, which should not`, [id]);
    }
    if (session.link.serverEnd === "gone") {
      throw wrong("LIFE-2", now, `${id} is held by connection ${conn}, which is closed`, [id]);
    }
  }
  for (const { client } of people) {
    const link = client?.link;
    if (client?.isOpen !== true || !link?.isSound) continue;
    if (checker.holders.get(link.id)?.link !== link) {
      throw wrong("OPEN-6", now, `${link.id} believes to be connected, and does not hold it`, [
        link.id,
      ]);
    }
  }
}

function forget({ now, checker }: Audited): void {
  const before = now - KEPT_MS;
  checker.post.forget(before);
  checker.tells.forget(before);
  for (const [conn, { closedAt }] of checker.sessions) {
    if (closedAt < before) checker.sessions.delete(conn);
  }
}

/** How long it is remembered what is over: longer than anything is under way. */
const KEPT_MS = 900_000;
const OPENING_MAX_MS = 1_000;

function wrong(rule: string, at: number, message: string, peers: string[] = []): RuleBroken {
  return new RuleBroken({ rule, at, message, peers });
}
