/** Everything of one run, put together: the clock, the network, the server, the people, the checks. */
import { settingsFrom } from "../../core/mod.ts";
import type { Law, Reducer } from "../history/play.ts";
import { agreement } from "../model/agreement.ts";
import { all, laws } from "../properties/laws.ts";
import { Agenda } from "./agenda.ts";
import { checkClose } from "./audit.ts";
import { type Dice, diceOf } from "./dice.ts";
import { Post } from "./letter.ts";
import { Loop } from "./loop.ts";
import {
  checkMeeting,
  GHOST,
  type Meeting,
  MEETING_MAX_MS,
  type MeetingCounts,
} from "./meeting.ts";
import { Network } from "./network.ts";
import { type Kind, Person } from "./person.ts";
import { SimSockets } from "./sockets.ts";
import { Watch } from "./watch.ts";
import { Watchers } from "./watchers.ts";
import type { Scenario, Ways } from "./ways.ts";

export interface RunOptions {
  readonly seed: number;
  readonly scenario: Scenario;
  /** The reducer to try; the real one by default. */
  readonly reducer: Reducer;
  /** Who looks at the steps: the laws and the model, or nobody, so that the clients have to notice. */
  readonly isWatched: boolean;
}

export interface World {
  readonly agenda: Agenda;
  readonly dice: Dice;
  readonly network: Network;
  readonly sockets: SimSockets;
  readonly loop: Loop;
  readonly post: Post;
  readonly watch: Watch;
  readonly watchers: Watchers;
  readonly people: Person[];
  readonly ways: Ways;
  readonly counts: MeetingCounts;
  /** Those that are not complete yet. */
  readonly meetings: Set<Meeting>;
  /** From now on nothing happens to anybody, and nobody wants anything. */
  isQuiet: boolean;
  /** A name that nothing had before. */
  readonly fresh: (what: string) => string;
}

/** Makes a world in which nobody has arrived. */
export function createWorld({ seed, scenario, reducer, isWatched }: RunOptions): World {
  const [agenda, dice] = [new Agenda(), diceOf(seed)];
  const settings = settingsFrom(scenario.settings);
  const steps: Law[] = isWatched ? [agreement(settings)] : [];
  if (isWatched && scenario.clients <= FEW) steps.push(laws(reducer));
  const watch = new Watch(all(...steps));
  const sockets: SimSockets = new SimSockets({
    agenda,
    dice,
    settings,
    kernelBytes: scenario.kernelBytes,
    dispatch: (event) => loop.dispatch(event),
    network: () => network,
    onClose: (link, code) => checkClose(world, link, code),
  });
  const network = new Network(agenda, dice, sockets);
  const loop = new Loop({
    agenda,
    dice,
    settings,
    reducer,
    perform: (effect) => sockets.perform(effect),
    observe: (step) => {
      watch.step(step);
      watchers.observe(step);
    },
  });
  const watchers = new Watchers({ agenda, dice: diceOf(~seed), state: () => loop.state });
  let names = 0;
  const world: World = {
    agenda,
    dice,
    network,
    sockets,
    loop,
    post: new Post(),
    watch,
    watchers,
    people: [],
    ways: scenario.ways,
    counts: { wanted: 0, made: 0, told: 0 },
    meetings: new Set(),
    isQuiet: false,
    fresh: (what) => `${what}${++names}`,
  };
  for (let i = 0; i < scenario.clients; i++) world.people.push(personOf(world, i));
  return world;
}

/** The laws look at all of a state, which takes long where there are many clients. */
const FEW = 30;

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

/** Looks at a meeting when it must be complete. */
export function expectMeeting({ agenda, loop, counts, meetings }: World, meeting: Meeting): void {
  counts.wanted++;
  meetings.add(meeting);
  agenda.after(MEETING_MAX_MS + loop.state.rules.expire_timeout, () => {
    meetings.delete(meeting);
    checkMeeting(meeting, counts, agenda.now);
  });
}

export function dstFor({ dice, people, ways }: World, person: Person): string {
  if (dice.isLucky(0.05)) return `${GHOST}${dice.below(5)}`;
  const { index } = person.options;
  const isNear = dice.isLucky(0.8);
  const step = isNear ? 1 + dice.below(ways.neighbours) : dice.below(people.length);
  const other = people[(index + step) % people.length];
  return other?.client?.id ?? other?.options.wantedId ?? GHOST;
}
