/**
 * How much is measured: a plan that gives figures, and one that shows in seconds that the suite works.
 *
 * @module
 */

/** The sizes of every measure. */
export interface Plan {
  readonly pairs: number;
  /** Messages that each pair has under way: fewer, and a server is measured waking up rather than working. */
  readonly inFlight: number;
  /** How long each load runs before it counts: the compilers of the platform settle in it. */
  readonly warmMs: number;
  /** How long a turn of a contender is, and how many it has. */
  readonly sliceMs: number;
  readonly slices: number;
  /** How long an open loop runs. */
  readonly measureMs: number;
  /** Messages a second, ascending; half of them are offers, half their answers. */
  readonly rates: readonly number[];
  /**
   * A server that is this much behind, or a quarter of it when the last message is due, cannot do the rate: it
   * falls behind further for as long as the load lasts.
   */
  readonly behindMaxMs: number;
  /** How many connections a contender opens and closes in a turn, and how many turns it has. */
  readonly opens: number;
  readonly openTurns: number;
  /** How many it opens and closes before, to warm up. */
  readonly opensBefore: number;
  readonly opensInFlight: number;
  readonly idle: number;
  /**
   * Connections that are there before idle memory is counted, so that what only the first ones cost is not: the
   * young half of the heap grows to its full size while they open, once.
   */
  readonly idleBefore: number;
  readonly idleSettleMs: number;
  /** How long they beat then. */
  readonly idleBeatMs: number;
  /** Heartbeats between two marks that show how far the server is, and how many clients send them. */
  readonly heartbeats: number;
  readonly heartbeatPairs: number;
  readonly starts: number;
}

/** The plan whose figures count. */
export const FULL: Plan = {
  pairs: 100,
  inFlight: 40,
  warmMs: 3_000,
  sliceMs: 400,
  slices: 10,
  measureMs: 5_000,
  rates: [5_000, 15_000, 30_000],
  behindMaxMs: 1_000,
  opens: 1_000,
  openTurns: 8,
  opensBefore: 3_000,
  opensInFlight: 300,
  idle: 8_000,
  idleBefore: 2_000,
  idleSettleMs: 5_000,
  idleBeatMs: 5_000,
  heartbeats: 250,
  heartbeatPairs: 20,
  starts: 3,
};

/** The plan that only proves that everything works. */
export const SHORT: Plan = {
  pairs: 4,
  inFlight: 4,
  warmMs: 50,
  sliceMs: 40,
  slices: 2,
  measureMs: 200,
  rates: [400],
  behindMaxMs: 60_000,
  opens: 20,
  openTurns: 2,
  opensBefore: 10,
  opensInFlight: 10,
  idle: 40,
  idleBefore: 5,
  idleSettleMs: 50,
  idleBeatMs: 200,
  heartbeats: 20,
  heartbeatPairs: 2,
  starts: 1,
};
