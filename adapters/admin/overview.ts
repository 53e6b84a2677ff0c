/**
 * What the admin port shows of a server, whether its clients are in this thread or with several workers.
 *
 * @module
 */
import { type Millis, millis } from "../../core/mod.ts";
import { mergeAttempts, tracesOf, withHints } from "./attempt_merge.ts";
import { type AttemptQuery, type AttemptView, viewOf } from "./attempts.ts";
import type { Ask } from "./questions.ts";
import { type ClientView, type Page, type Search, viewOf as clientView } from "./roster.ts";

/** The attempts of all to connect. Instants are in milliseconds since 1970. */
export interface AttemptList {
  /** Newest first. */
  readonly attempts: readonly AttemptView[];
  readonly forgotten: number;
  readonly overlooked: number;
}

/** What is known of clients, wherever they are. */
export interface Overview {
  readonly search: (search: Search) => Promise<Page>;
  readonly client: (id: string) => Promise<ClientView | null>;
  /** Disconnects a client; `false` if nobody has the id. */
  readonly dismiss: (id: string) => Promise<boolean>;
  readonly attempts: (query: AttemptQuery) => Promise<AttemptList>;
}

export interface OverviewPorts {
  readonly ask: Ask;
  /** The wall clock in milliseconds since 1970. */
  readonly wallNow: () => number;
  /** Where a page gets TURN servers; `null` if there are none. */
  readonly icePath: string | null;
}

/** How long an answer about clients may take: of many a search takes many turns. */
const ANSWER_MAX_MS = 2_000;

export function createOverview({ ask, wallNow, icePath }: OverviewPorts): Overview {
  async function search(wanted: Search): Promise<Page> {
    const found = await ask("search", wanted, ANSWER_MAX_MS);
    const all = found.flatMap(({ clients }) => clients).sort((a, b) => a.serial - b.serial);
    const shown = all.slice(0, wanted.limit);
    const isMore = all.length > shown.length || found.some((one) => one.isMore);
    return {
      total: found.reduce((sum, one) => sum + one.total, 0),
      clients: shown.map(clientView),
      next: isMore ? String(shown.at(-1)?.serial ?? wanted.after) : null,
    };
  }

  /** While a client moves from one worker to another, both may have it. */
  async function client(id: string): Promise<ClientView | null> {
    const found = await ask("client", id, ANSWER_MAX_MS);
    return found.flatMap((one) => one ?? []).sort((a, b) => b.connectedAt - a.connectedAt)[0] ??
      null;
  }

  async function attempts(query: AttemptQuery): Promise<AttemptList> {
    const seen = await ask("attempts", query, ANSWER_MAX_MS);
    const merged = mergeAttempts(seen).slice(0, query.limit);
    const traces = seen.length < 2 ? [] : tracesOf(merged);
    const hints = traces.length === 0 ? [] : await ask("hints", traces, ANSWER_MAX_MS);
    const told = traces.length === 0 ? merged : withHints(merged, hints);
    const now = millis(wallNow());
    return {
      attempts: told.map((attempt) => rounded(viewOf(attempt, now, icePath))),
      forgotten: seen.reduce((sum, one) => sum + one.forgotten, 0),
      overlooked: seen.reduce((sum, one) => sum + one.overlooked, 0),
    };
  }

  return {
    search,
    client,
    attempts,
    dismiss: async (id) => (await ask("dismiss", id, ANSWER_MAX_MS)).includes(true),
  };
}

/** The same attempt with whole milliseconds. */
function rounded(view: AttemptView): AttemptView {
  const whole = (at: Millis): Millis => millis(Math.round(at));
  return {
    ...view,
    startedAt: whole(view.startedAt),
    updatedAt: whole(view.updatedAt),
    events: view.events.map((event) => ({ ...event, at: whole(event.at) })),
  };
}
