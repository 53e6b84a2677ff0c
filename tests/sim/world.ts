/**
 * Everything of one run, put together: the clock, the network, the server, the people, the checks.
 *
 * @module
 */
import { settingsFrom } from "../../core/mod.ts";
import { Agenda } from "./agenda.ts";
import { checkState } from "./audit.ts";
import { Checker } from "./checker.ts";
import type { Client } from "./client.ts";
import { type Dice, diceOf } from "./dice.ts";
import { Digest } from "./digest.ts";
import { letterMaker } from "./letter.ts";
import { Loop, type Reducer } from "./loop.ts";
import {
  checkMeeting,
  type Meeting,
  MEETING_MAX_MS,
  type MeetingCounts,
  noMeetings,
} from "./meeting.ts";
import { Network } from "./network.ts";
import { type Kind, Person } from "./person.ts";
import type { Post } from "./post.ts";
import { SimSockets } from "./sockets.ts";
import { Trace } from "./trace.ts";
import { misbehave } from "./trouble.ts";
import type { Scenario, Ways } from "./ways.ts";

/** What a world is made from. */
export interface WorldOptions {
  readonly seed: number;
  readonly scenario: Scenario;
  readonly reducer: Reducer;
}

/** What the people count. */
export interface PeopleCounts {
  connections: number;
  /** How often an app heard that a peer is not available. */
  unavailable: number;
  readonly meetings: MeetingCounts;
}

/** A run. */
export interface World {
  readonly agenda: Agenda;
  readonly dice: Dice;
  readonly network: Network;
  readonly loop: Loop;
  readonly checker: Checker;
  readonly post: Post;
  readonly people: Person[];
  readonly ways: Ways;
  readonly counts: PeopleCounts;
  readonly digest: Digest;
  readonly trace: Trace;
  readonly letter: ReturnType<typeof letterMaker>;
  /** From now on nothing happens to anybody, and nobody wants anything. */
  isQuiet: boolean;
  readonly freshToken: () => string;
  readonly freshId: () => string;
  /** Whom somebody wants to meet. */
  readonly dstFor: (person: Person) => string;
  readonly misbehave: (person: Person, client: Client) => void;
  /** Looks at a meeting when it must be complete. */
  readonly expectMeeting: (meeting: Meeting) => void;
}

/** Makes a world in which nobody has arrived. */
export function createWorld({ seed, scenario, reducer }: WorldOptions): World {
  const agenda = new Agenda();
  const dice = diceOf(seed);
  const settings = settingsFrom(scenario.settings);
  const checker = new Checker(settings);
  const [digest, trace] = [new Digest(), new Trace()];
  const isSmall = scenario.clients <= SMALL;
  const sockets: SimSockets = new SimSockets({
    agenda,
    dice,
    settings,
    kernelBytes: scenario.kernelBytes,
    dispatch: (event, note) => loop.dispatch(event, note),
    network: () => network,
    onAttached: (link, conn) => checker.attached(link, conn, agenda.now),
  });
  const network = new Network(agenda, dice, sockets);
  const loop = new Loop({
    agenda,
    dice,
    settings,
    reducer,
    perform: (effect) => sockets.perform(effect),
    observe: (step) => {
      digest.add(step.now, step.event, step.effects);
      trace.add(step);
      checker.step(step);
      if (isSmall) checkState(step);
    },
  });
  const counts: PeopleCounts = { connections: 0, unavailable: 0, meetings: noMeetings() };
  let [tokens, ids] = [0, 0];
  const world: World = {
    agenda,
    dice,
    network,
    loop,
    checker,
    post: checker.post,
    people: [],
    ways: scenario.ways,
    counts,
    digest,
    trace,
    letter: letterMaker(),
    isQuiet: false,
    freshToken: () => `t${++tokens}`,
    freshId: () => `fresh${++ids}`,
    dstFor: (person) => dstFor(world, person),
    misbehave: (person, client) => misbehave(world, person, client),
    expectMeeting: (meeting) => {
      counts.meetings.wanted++;
      agenda.after(MEETING_MAX_MS, () => checkMeeting(meeting, counts.meetings, agenda.now));
    },
  };
  for (let i = 0; i < scenario.clients; i++) world.people.push(personOf(world, i));
  return world;
}

/** Below this many clients the state is looked at after every step. */
const SMALL = 12;

function personOf(world: World, index: number): Person {
  const { dice, ways, people } = world;
  const kind = kindOf(dice, ways.troublemakerOneIn);
  const twin = people.at(-1)?.options;
  // Two tabs of one page, which keeps its token: each takes the id over from the other.
  if (dice.isLucky(0.02) && twin !== undefined && twin.pinnedToken !== null) {
    return new Person(world, { ...twin, index, kind: "usual" });
  }
  const wantedId = dice.isLucky(0.15) ? null : `u${index}`;
  const pinnedToken = dice.isLucky(0.4) ? `pinned${index}` : null;
  return new Person(world, { index, kind, wantedId, pinnedToken });
}

function kindOf(dice: Dice, oneIn: number): Kind {
  const kind = TROUBLEMAKERS[dice.below(TROUBLEMAKERS.length * oneIn / 3)];
  if (kind !== undefined) return kind;
  return dice.isLucky(0.15) ? "hidden" : dice.isLucky(0.1) ? "impatient" : "usual";
}

const TROUBLEMAKERS: readonly Kind[] = ["silent", "buggy", "flooder"];

function dstFor({ dice, people, ways }: World, person: Person): string {
  if (dice.isLucky(0.05)) return `ghost${dice.below(5)}`;
  const { index } = person.options;
  const isNear = dice.isLucky(0.8);
  const step = isNear ? 1 + dice.below(ways.neighbours) : dice.below(people.length);
  const other = people[(index + step) % people.length];
  return other?.client?.id ?? other?.options.wantedId ?? "ghost";
}
