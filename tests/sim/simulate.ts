/**
 * One run from its seed to its report.
 *
 * @module
 */
import { reduce } from "../../core/mod.ts";
import { audit, checkEmpty } from "./audit.ts";
import { RuleBroken } from "./failure.ts";
import { type Reducer, TIMER_LATE_MAX_MS } from "./loop.ts";
import type { MeetingCounts } from "./meeting.ts";
import { FREEZE_MAX_MS } from "./person.ts";
import type { Counts } from "./session.ts";
import { instant } from "./trace.ts";
import { thief } from "./trouble.ts";
import type { Scenario } from "./ways.ts";
import { createWorld, type World } from "./world.ts";

/** What a run is made from. */
export interface RunOptions {
  readonly seed: number;
  readonly scenario: Scenario;
  /** The reducer to try; the real one by default. */
  readonly reducer?: Reducer;
}

/** What came of a run. */
export interface Result {
  readonly seed: number;
  readonly virtualMs: number;
  readonly events: number;
  readonly counts: Counts;
  readonly meetings: MeetingCounts;
  readonly letters: { readonly handed: number; readonly read: number };
  readonly expiries: number;
  readonly digest: string;
  /** The first rule that was broken, with the steps that led there; `null` where all held. */
  readonly failure: { readonly rule: string; readonly lines: readonly string[] } | null;
}

/** Runs a scenario to its end, or to the first rule that is broken. */
export function simulate(options: RunOptions): Result {
  const { seed, scenario, reducer = reduce } = options;
  const world = createWorld({ seed, scenario, reducer });
  let failure: Result["failure"] = null;
  try {
    live(world, scenario);
  } catch (error) {
    if (!(error instanceof RuleBroken)) throw error;
    failure = { rule: error.rule, lines: describe(world, error) };
  }
  const { agenda, checker, counts, digest, post } = world;
  return {
    seed,
    virtualMs: agenda.now,
    events: Object.values(checker.counts.events).reduce((sum, count) => sum + count, 0),
    counts: checker.counts,
    meetings: counts.meetings,
    letters: { handed: post.handed, read: post.read },
    expiries: checker.tells.count,
    digest: digest.toString(),
    failure,
  };
}

/** Everybody arrives and lives; then it is quiet, and the holders are who they should be; then all leave. */
function live(world: World, { hours, clients, ways }: Scenario): void {
  const { agenda, dice, people, loop, checker } = world;
  const idleCheckAt = (): Parameters<typeof audit>[0] => ({
    now: agenda.now,
    state: loop.state,
    checker,
    people,
  });
  for (const person of people) {
    agenda.after(dice.between(0, ways.arrivalMs), () => person.arrive());
  }
  for (let i = 0; i <= clients / ways.troublemakerOneIn; i++) thief(world, i);
  const endAt = hours * 3_600_000;
  while (agenda.now < endAt) {
    agenda.runUntil(Math.min(endAt, agenda.now + AUDIT_MS));
    audit(idleCheckAt());
  }
  world.isQuiet = true;
  const { alive_timeout, expire_timeout } = loop.state.settings;
  const restMs = alive_timeout + FREEZE_MAX_MS + expire_timeout + CALM_MS;
  agenda.runUntil(endAt + restMs);
  audit(idleCheckAt());
  checkAlive(world);
  for (const person of people) person.leave();
  agenda.runUntil(agenda.now + restMs + TIMER_LATE_MAX_MS);
  audit(idleCheckAt());
  checkEmpty(idleCheckAt());
}

/** After the calm every holder is somebody who believes so. */
function checkAlive({ agenda, checker, people }: World): void {
  const believers = new Set(people.flatMap(({ client }) => client?.isOpen ? [client.link] : []));
  for (const { id, link } of checker.holders.values()) {
    const isThief = link.isRough && link.isSilent;
    if (believers.has(link) || isThief || link.endpoint !== null && !link.isSilent) continue;
    throw new RuleBroken({
      rule: "LIFE-2",
      at: agenda.now,
      message: `${id} is held, but its client does not believe so`,
      peers: [id],
    });
  }
}

/** How often everything is looked at. */
const AUDIT_MS = 60_000;
const CALM_MS = 60_000;
const STEPS_SHOWN = 20;

function describe({ trace, checker }: World, { rule, at, message, peers }: RuleBroken): string[] {
  const idOf = checker.idOf.bind(checker);
  return [
    `[${rule}] at ${instant(at)}: ${message}`,
    `The last steps that concern ${[...new Set(peers)].join(", ") || "it"}:`,
    ...trace.about(peers, idOf, STEPS_SHOWN).map((line) => `  ${line}`),
  ];
}
