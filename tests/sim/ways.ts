/** How a population lives, and under which settings: the usual, or drawn from the seed. */
import type { PartialSettings } from "../../core/mod.ts";
import { diceOf, pick } from "./dice.ts";

/** How often what happens, on average, and how much. Times are in ms. */
export interface Ways {
  readonly meetEveryMs: number;
  /** How long a page goes on before something happens to it. */
  readonly pageMs: number;
  readonly awayMs: number;
  readonly theftEveryMs: number;
  readonly floodFrames: number;
  readonly floodBytes: number;
  /** Over how long everybody arrives. */
  readonly arrivalMs: number;
  /** Of how many people each kind has one. */
  readonly troublemakerOneIn: number;
  /** How many of those whom somebody wants to meet are neighbours. */
  readonly neighbours: number;
}

export interface Scenario {
  readonly clients: number;
  readonly hours: number;
  readonly settings: PartialSettings;
  readonly kernelBytes: number;
  readonly ways: Ways;
}

/** A population as it might be, under the default settings. */
export const USUAL: Ways = {
  meetEveryMs: 180_000,
  pageMs: 900_000,
  awayMs: 300_000,
  theftEveryMs: 30_000,
  floodFrames: 100,
  floodBytes: 2_000,
  arrivalMs: 120_000,
  troublemakerOneIn: 100,
  neighbours: 6,
};

export function usual(clients: number, hours: number): Scenario {
  return { clients, hours, settings: {}, kernelBytes: 65_536, ways: USUAL };
}

/** A quarter of an hour in which much happens to a few, most of whom know each other. */
export function busy(): Scenario {
  const ways: Ways = {
    meetEveryMs: 12_000,
    pageMs: 30_000,
    awayMs: 10_000,
    theftEveryMs: 5_000,
    floodFrames: 50,
    floodBytes: 500,
    arrivalMs: 10_000,
    troublemakerOneIn: 8,
    neighbours: 4,
  };
  return { ...usual(24, 0.25), ways };
}

/** A run of its own kind for each seed: few or many, calm or wild, bounds of every size. */
export function varied(seed: number): Scenario {
  const dice = diceOf(seed ^ 0x5eed);
  const clients = pick(dice, [3, 8, 12, 30, 80, 200]);
  const pace = pick(dice, [1, 0.3, 0.1, 0.03]);
  // No message alone may cut off a reader, so the one bound follows from the other.
  const messageBytes = pick(dice, [512, 1_000, 65_536]);
  const limit = pick(dice, [5_000, 5_000, Math.max(2, Math.floor(clients * 0.8))]);
  return {
    clients,
    hours: pick(dice, [0.25, 0.5, 1]) * Math.min(1, 60 / clients),
    kernelBytes: pick(dice, [0, 4_000, 65_536]),
    settings: {
      expire_timeout: pick(dice, [1, 50, 500, 5_000, 5_000, 20_000]),
      alive_timeout: pick(dice, [75_000, 90_000, 90_000, 200_000]),
      concurrent_limit: limit,
      queue_limit: pick(dice, [0, 1, 3, 10, 256]),
      source_queue_limit: pick(dice, [0, 2, 8, 256]),
      max_queue_bytes: pick(dice, [0, 3_000, 20_000, 67_108_864]),
      max_message_bytes: messageBytes,
      max_unsent_bytes: messageBytes * 4,
      unsent_timeout: pick(dice, [100, 1_000, 10_000]),
      frame_rate: pick(dice, [20, 256]),
      frame_burst: pick(dice, [100, 4_096]),
      max_bad_frames: pick(dice, [1, 3, 16]),
      source_queue_bytes: pick(dice, [2_000, 1_048_576]),
      wrong_token_burst: pick(dice, [1, 10, 100]),
      wrong_token_rate: pick(dice, [0, 1, 1]),
      wrong_token_addresses: pick(dice, [1, 5, 10_000]),
    },
    ways: {
      meetEveryMs: Math.max(3_000, 60_000 * pace),
      pageMs: Math.max(5_000, 600_000 * pace),
      awayMs: Math.max(3_000, 120_000 * pace),
      theftEveryMs: Math.max(2_000, 30_000 * pace),
      // The more there are who flood, the less each of them: a run is to end in seconds.
      floodFrames: Math.min(pick(dice, [20, 200, 5_000 * pace]), Math.ceil(20_000 / clients)),
      floodBytes: Math.min(pick(dice, [100, 2_000]), messageBytes / 2),
      arrivalMs: pick(dice, [0, 1_000, 60_000]),
      troublemakerOneIn: pick(dice, [8, 30, 1_000]),
      neighbours: pick(dice, [1, 3, 6]),
    },
  };
}
