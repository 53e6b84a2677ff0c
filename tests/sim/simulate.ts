/** One run from its seed to its report. */
import { reduce } from "../../core/mod.ts";
import { audit, checkAlive, checkEmpty } from "./audit.ts";
import { TIMER_LATE_MAX_MS } from "./loop.ts";
import type { MeetingCounts } from "./meeting.ts";
import { FREEZE_MAX_MS } from "./person.ts";
import { thief } from "./trouble.ts";
import type { Watchers } from "./watchers.ts";
import { instant, RuleBroken } from "./watch.ts";
import { createWorld, type RunOptions, type World } from "./world.ts";

export interface Result {
  readonly seed: number;
  readonly virtualMs: number;
  readonly events: number;
  readonly counts: Readonly<Record<string, number>>;
  readonly meetings: MeetingCounts;
  readonly watchers: Watchers["counts"];
  readonly letters: { readonly sent: number; readonly read: number };
  readonly digest: string;
  /** The first rule that was broken, with the steps that led there; `null` where all held. */
  readonly failure: { readonly rule: string; readonly lines: readonly string[] } | null;
}

/** Runs a scenario to its end, or to the first rule that is broken. */
export function simulate(
  { seed, scenario, reducer = reduce, isWatched = true }:
    & Pick<RunOptions, "seed" | "scenario">
    & Partial<RunOptions>,
): Result {
  const world = createWorld({ seed, scenario, reducer, isWatched });
  let failure: Result["failure"] = null;
  try {
    live(world, scenario);
  } catch (error) {
    if (!(error instanceof RuleBroken)) throw error;
    failure = { rule: error.rule, lines: describe(world, error) };
  }
  const { agenda, watch, watchers, counts, post } = world;
  return {
    seed,
    virtualMs: agenda.now,
    events: watch.steps,
    counts: watch.counts,
    meetings: counts,
    watchers: watchers.counts,
    letters: { sent: post.sent, read: post.read },
    digest: watch.digest,
    failure,
  };
}

/** Everybody arrives and lives; then it is quiet, and the holders are who they should be; then all leave. */
function live(world: World, { hours, clients, ways }: RunOptions["scenario"]): void {
  const { agenda, dice, people, loop, watchers } = world;
  for (const person of people) {
    agenda.after(dice.between(0, ways.arrivalMs), () => person.arrive());
  }
  for (let i = 0; i <= clients / ways.troublemakerOneIn; i++) thief(world, i);
  watchers.begin(() => agenda.now >= endAt);
  const endAt = hours * 3_600_000;
  while (agenda.now < endAt) {
    agenda.runUntil(Math.min(endAt, agenda.now + AUDIT_MS));
    audit(world);
  }
  world.isQuiet = true;
  const { alive_timeout, expire_timeout } = loop.state.rules;
  const restMs = alive_timeout + FREEZE_MAX_MS + expire_timeout + CALM_MS;
  agenda.runUntil(endAt + restMs);
  audit(world);
  checkAlive(world);
  for (const person of people) person.leave();
  agenda.runUntil(agenda.now + restMs + TIMER_LATE_MAX_MS);
  audit(world);
  checkEmpty(world);
  watchers.end();
}

/** How often everybody is looked at. */
const AUDIT_MS = 60_000;
const CALM_MS = 60_000;

function describe({ watch }: World, { rule, at, message, peers }: RuleBroken): string[] {
  return [`[${rule}] at ${instant(at)}: ${message}`, "What led there:", ...watch.about(peers)];
}

export function report({ counts, meetings, letters, watchers, ...result }: Result): string {
  const hours = (result.virtualMs / 3_600_000).toFixed(2);
  const kinds = Object.entries(counts).map(([kind, count]) => `${kind} ${count}`).sort();
  return [
    `seed ${result.seed}: ${hours} h, ${result.events} events, digest ${result.digest}`,
    `  ${kinds.join(", ")}`,
    `  meetings: ${meetings.wanted} wanted, ${meetings.made} made, ${meetings.told} told of failing`,
    `  messages: ${letters.sent} sent, ${letters.read} read`,
    `  presence: ${watchers.came} came, ${watchers.ended} were ended, ${watchers.checked} times checked`,
  ].join("\n");
}

/** What went wrong, and how to see it again; empty where nothing did. */
export function failureReport({ seed, failure }: Result, command: string): string {
  if (failure === null) return "";
  return [`seed ${seed} broke a rule`, ...failure.lines, `Again: ${command}`].join("\n");
}
