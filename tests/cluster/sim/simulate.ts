/**
 * One run from its seed to its report: first things go wrong, then they do no longer, and all must become whole.
 *
 * @module
 */
import type { PartialSettings } from "../../../core/mod.ts";
import { pick } from "../../sim/dice.ts";
import { checkIdle, checkReach, checkWhole } from "./checks.ts";
import { FAULTS, harm, heal, trouble } from "./faults.ts";
import { Fleet } from "./fleet.ts";
import type { Person } from "./person.ts";
import { Broken } from "./watch.ts";

/** What a run is made from. */
export interface RunOptions {
  readonly seed: number;
  readonly nodes: number;
  readonly people: number;
  readonly minutes: number;
  /** Somebody does something so often on average. */
  readonly actEveryMs: number;
  /** Something goes wrong so often on average. */
  readonly faultEveryMs: number;
  readonly kinds?: readonly string[];
  readonly settings?: PartialSettings;
  /** Whether the nodes are threads of one process. */
  readonly isNear?: boolean;
}

/** What came of a run. */
export interface Result {
  readonly options: RunOptions;
  readonly virtualMs: number;
  readonly lines: number;
  readonly counts: Readonly<Record<string, number>>;
  readonly sent: number;
  readonly delivered: number;
  readonly both: number;
  /** What was said on a socket that a drain closed, and no node has taken. */
  readonly untaken: number;
  readonly ends: Readonly<Record<string, number>>;
  readonly commands: Readonly<Record<string, number>>;
  readonly digest: string;
  readonly failure: { readonly rule: string; readonly text: string } | null;
}

/** How often everything is looked at. */
const AUDIT_MS = 500;

/** Runs a fleet. */
export function simulate(options: RunOptions): Result {
  const { seed, nodes, people, settings = {}, isNear = false } = options;
  const fleet = new Fleet({ seed, nodes, people, settings, isNear });
  let failure: Result["failure"] = null;
  try {
    live(fleet, options);
  } catch (error) {
    if (!(error instanceof Broken)) throw error;
    failure = { rule: error.rule, text: explain(fleet, error) };
  }
  const { watch, post, host, agenda } = fleet;
  return {
    options,
    virtualMs: agenda.now,
    lines: watch.lines,
    counts: watch.counts,
    sent: post.sent,
    delivered: post.delivered,
    both: post.both,
    untaken: post.untaken,
    ends: post.ends,
    commands: host.commands,
    digest: watch.digest,
    failure,
  };
}

/** Rounds until the time is over: in each things go wrong for a while, and then all becomes whole. */
function live(fleet: Fleet, { minutes, actEveryMs, faultEveryMs, kinds }: RunOptions): void {
  const { agenda, dice, nodes } = fleet;
  for (const node of nodes) agenda.after(dice.between(0, 500), () => node.start());
  const names = [...kinds ?? Object.keys(FAULTS)];
  do {
    liveOn(fleet, agenda.now + dice.between(20_000, 90_000), { actEveryMs, faultEveryMs, names });
    calm(fleet);
    checkWhole(fleet);
    checkReach(fleet);
    checkIdle(fleet);
  } while (agenda.now < minutes * 60_000);
}

function liveOn(
  fleet: Fleet,
  endAt: number,
  { actEveryMs, faultEveryMs, names }: Pick<RunOptions, "actEveryMs" | "faultEveryMs"> & {
    readonly names: readonly string[];
  },
): void {
  const { agenda, dice, people } = fleet;
  fleet.isFinal = false;
  for (const person of people) {
    agenda.after(dice.between(0, 3_000), () => person.arrive());
    goAbout(fleet, person, actEveryMs);
  }
  if (faultEveryMs < Infinity) trouble(fleet, faultEveryMs, endAt, names);
  auditUntil(fleet, endAt);
  // The last thing that happens may be one of them, with nobody who makes up for it.
  if (faultEveryMs < Infinity) harm(fleet, names);
  auditUntil(fleet, endAt + dice.between(0, 2_000));
}

/** Nothing goes wrong any more. Of each id one stays, and some ids go away. */
function calm(fleet: Fleet): void {
  const { agenda, dice, people, settings } = fleet;
  fleet.isFinal = true;
  heal(fleet);
  const ids = new Map<string, string>();
  const { cluster_limit: limit } = settings;
  for (const person of people) {
    const isOdd = ids.has(person.id) || (limit > 0 && ids.size >= limit);
    if (isOdd && ids.get(person.id) === person.token) person.rest();
    else if (isOdd) person.leave();
    else if (dice.isLucky(0.3)) person.leave();
    else {
      person.arrive();
      ids.set(person.id, person.token);
    }
  }
  // A pause that began lasts 2.5 leases at most; a clock that ran back adds what it ran.
  auditUntil(fleet, agenda.now + 5 * settings.cluster_lease + 30_000);
}

/** Looks at everything while time goes on. */
export function auditUntil(fleet: Fleet, endAt: number): void {
  const { agenda, post, nodes, settings } = fleet;
  while (agenda.now < endAt) {
    agenda.runUntil(Math.min(endAt, agenda.now + AUDIT_MS));
    post.audit(nodes, settings.expire_timeout);
  }
}

/** What somebody does now and then. */
function goAbout(fleet: Fleet, person: Person, everyMs: number): void {
  const { agenda, dice, people } = fleet;
  agenda.after(dice.around(everyMs), () => {
    if (fleet.isFinal) return;
    const what = dice.chance();
    if (what < 0.80) person.call(dice.isLucky(0.05) ? "ghost" : pick(dice, people).id);
    else if (what < 0.88) person.move();
    else if (what < 0.92) person.vanish();
    else if (person.wants) person.leave();
    if (!person.wants) {
      agenda.after(dice.between(50, 8_000), () => fleet.isFinal || person.arrive());
    }
    goAbout(fleet, person, everyMs);
  });
}

function explain({ watch }: Fleet, { message, what }: Broken): string {
  const n = /message (\d+)/.exec(what)?.[1];
  const id = /\b(p\d+)\b/.exec(what)?.[1];
  const words = [
    ...n === undefined ? [] : [`\\"n\\":${n}}`, `"n":${n}}`],
    ...id === undefined ? [] : [`"${id}"`],
    '"fault',
    " fault ",
  ];
  return [message, ...watch.about(words)].join("\n");
}

/** What a run was. */
export function report(result: Result): string {
  const { options, virtualMs, lines, counts, sent, delivered, both, ends, commands } = result;
  const list = (record: Readonly<Record<string, number>>): string =>
    Object.entries(record).sort().map(([kind, count]) => `${kind} ${count}`).join(", ");
  const faults = Object.entries(counts).filter(([kind]) => kind.startsWith("fault: "))
    .map(([kind, count]) => [kind.slice(7), count] as const);
  const others = Object.entries(counts).filter(([kind]) => !kind.startsWith("fault: "));
  return [
    `seed ${options.seed}: ${options.nodes} nodes, ${options.people} people, ` +
    `${(virtualMs / 60_000).toFixed(1)} min, ${lines} steps, digest ${result.digest}`,
    `  faults: ${list(Object.fromEntries(faults))}`,
    `  messages: ${sent} sent, ${delivered} delivered, ${both} of them expired too; ${list(ends)}`,
    `  commands: ${list(commands)}`,
    `  ${list(Object.fromEntries(others))}`,
  ].join("\n");
}
