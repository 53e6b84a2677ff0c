/** The situations that are recorded, each played by two real clients. */

/** A client in a page of its own. */
export interface Seat {
  /** Runs a script in the page, in which `peer` is the client and `calls` are the calls that came. */
  readonly run: (script: string) => Promise<unknown>;
  /** Waits until a condition of the page is true. */
  readonly until: (condition: string) => Promise<void>;
  readonly close: () => Promise<void>;
  /** Loads the page again, under the same id. */
  readonly reload: () => Promise<void>;
}

export interface Stage {
  /** Opens a page whose client has this configuration of ICE. */
  readonly enter: (id: string, config?: unknown) => Promise<Seat>;
}

interface Situation {
  readonly name: string;
  readonly act: (stage: Stage) => Promise<void>;
}

/** Where the servers listen while situations are recorded. */
export const TURN_PORT = 34_780;
export const STUN_PORT = 34_781;

const stun = { urls: `stun:127.0.0.1:${STUN_PORT}` };
const turn = (credential: string): unknown => ({
  urls: `turn:127.0.0.1:${TURN_PORT}?transport=udp`,
  username: "lab",
  credential,
});
const NONE = { iceServers: [] };
const STUN = { iceServers: [stun] };
const TURN = { iceServers: [stun, turn("right")] };
const DEAD = {
  iceServers: [{ urls: "stun:127.0.0.1:9" }, {
    urls: "turn:127.0.0.1:9?transport=udp",
    username: "lab",
    credential: "right",
  }],
};
const WRONG = { iceServers: [stun, turn("wrong")] };
const RELAY_ONLY = { iceServers: [turn("wrong")], iceTransportPolicy: "relay" };

/** Two come, one connects, and each has the time to gather its candidates: a server that is dead takes some seconds. */
async function connected(stage: Stage, alice: unknown, bob: unknown): Promise<[Seat, Seat]> {
  const seats: [Seat, Seat] = [await stage.enter("alice", alice), await stage.enter("bob", bob)];
  await seats[0].run('connection = peer.connect("bob", { reliable: true, metadata: "about us" })');
  await pause(6_000);
  return seats;
}

async function gathered(seat: Seat, connection: string): Promise<void> {
  await seat.until(`${connection}?.iceGatheringState === "complete"`);
}

async function calling(stage: Stage): Promise<[Seat, Seat]> {
  const alice = await stage.enter("alice", NONE);
  const bob = await stage.enter("bob", NONE);
  await alice.run('camera().then((stream) => { connection = peer.call("bob", stream); })');
  await bob.until("calls.length > 0");
  await gathered(alice, "connection.peerConnection");
  return [alice, bob];
}

const ANSWER = "camera().then((stream) => calls[0].answer(stream))";
const ANSWERED = 'peer.connections["alice"]?.[0]?.peerConnection';

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

export const SITUATIONS: readonly Situation[] = [
  { name: "no STUN", act: async (stage) => void await connected(stage, NONE, NONE) },
  { name: "STUN on both sides", act: async (stage) => void await connected(stage, STUN, STUN) },
  { name: "STUN on one side", act: async (stage) => void await connected(stage, STUN, NONE) },
  { name: "TURN on both sides", act: async (stage) => void await connected(stage, TURN, TURN) },
  { name: "TURN on one side", act: async (stage) => void await connected(stage, TURN, STUN) },
  { name: "dead ICE servers", act: async (stage) => void await connected(stage, DEAD, DEAD) },
  { name: "wrong TURN password", act: async (stage) => void await connected(stage, WRONG, WRONG) },
  {
    name: "relay only, wrong TURN password, three tries",
    act: async (stage) => {
      const [alice, bob] = await connected(stage, RELAY_ONLY, RELAY_ONLY);
      for (let tries = 0; tries < 2; tries++) {
        await alice.run('connection = peer.connect("bob")');
        await bob.until(`peer.connections.alice.length === ${tries + 2}`);
        await pause(3_000);
      }
    },
  },
  {
    name: "the callee never comes",
    act: async (stage) => {
      const alice = await stage.enter("alice", NONE);
      await alice.run('connection = peer.connect("bob")');
      await alice.until('errors.includes("peer-unavailable")');
    },
  },
  {
    name: "the callee comes late",
    act: async (stage) => {
      const alice = await stage.enter("alice", NONE);
      await alice.run('connection = peer.connect("bob")');
      await gathered(alice, "connection.peerConnection");
      const bob = await stage.enter("bob", NONE);
      await gathered(bob, ANSWERED);
    },
  },
  {
    name: "the caller closes its page after the offer",
    act: async (stage) => {
      const [alice, bob] = await calling(stage);
      await alice.close();
      await pause(500);
      await bob.run(ANSWER);
      await gathered(bob, ANSWERED);
    },
  },
  {
    name: "the callee closes its page after the offer",
    act: async (stage) => {
      const [, bob] = await calling(stage);
      await bob.close();
      await pause(500);
    },
  },
  {
    name: "the callee loads its page again after the offer",
    act: async (stage) => {
      const [, bob] = await calling(stage);
      await bob.reload();
    },
  },
  {
    name: "answered late",
    act: async (stage) => {
      const [, bob] = await calling(stage);
      await pause(16_000);
      await bob.run(ANSWER);
      await gathered(bob, ANSWERED);
    },
  },
  { name: "never answered", act: async (stage) => void await calling(stage) },
  {
    name: "answered without a stream",
    act: async (stage) => {
      const [, bob] = await calling(stage);
      await bob.run("void calls[0].answer()");
      await gathered(bob, ANSWERED);
    },
  },
  {
    name: "answered",
    act: async (stage) => {
      const [, bob] = await calling(stage);
      await bob.run(ANSWER);
      await gathered(bob, ANSWERED);
    },
  },
  {
    name: "both call at once",
    act: async (stage) => {
      const [alice, bob] = [await stage.enter("alice", NONE), await stage.enter("bob", NONE)];
      await Promise.all([
        alice.run('void peer.connect("bob")'),
        bob.run('void peer.connect("alice")'),
      ]);
      await gathered(alice, "peer.connections.bob?.[1]?.peerConnection");
      await gathered(bob, "peer.connections.alice?.[1]?.peerConnection");
    },
  },
];
