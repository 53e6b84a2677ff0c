/**
 * Rows 12 and 13: the same token twice with frames in flight, and a thousand wrong ones.
 */
import { assert, assertEquals } from "../support/assert.ts";
import { flood, inParallel, type LoadClient, openLoadClient, openMany } from "../support/load.ts";
import { openSocket } from "../support/peer_socket.ts";
import { testEach } from "./listeners.ts";

testEach(
  "[FAULT-12] the same token twice: the old socket is mute, frames in flight or not",
  async (start) => {
    await using child = await start({ args: ["--frame_rate", "0"] });
    const { wsUrl } = child;
    await using witness = await openSocket({ wsUrl, key: "peerjs", id: "witness", token: "t" });
    await witness.next();
    let current = await openSocket({ wsUrl, key: "peerjs", id: "a", token: "t" });
    await current.next();
    for (let round = 0; round < 20; round++) {
      const shout = (): void => {
        for (let i = 0; i < 50; i++) {
          current.send({
            type: "OFFER",
            dst: "witness",
            payload: round,
          });
        }
      };
      shout();
      const opening = openSocket({ wsUrl, key: "peerjs", id: "a", token: "t" });
      shout();
      const next = await opening;
      shout();
      assertEquals(await next.next(), { type: "OPEN" });
      // The server has closed the old one by now; what it sends from here on must reach nobody.
      for (let i = 0; i < 50; i++) current.send({ type: "OFFER", dst: "witness", payload: "late" });
      current.send({ type: "LEAVE" });
      // 1006 where its own frames ran into the close.
      assert([4000, 1006].includes((await current.closed).code));
      current = next;
      assertEquals(await current.fence(), { frames: [], closed: null }, "it holds its id");
    }
    const { frames } = await witness.fence();
    assert(frames.length > 0, "what was sent before the takeover arrives");
    assert(frames.every((frame) => !JSON.stringify(frame).includes("late")));
    await current.close();
  },
);

testEach(
  "[FAULT-13] [LIMIT-3] ten wrong tokens are answered at once, the others in the order of their waits",
  async (start) => {
    const args = ["--max_wrong_token_delay", "800", "--alive_timeout", "60000"];
    await using child = await start({ args });
    await using owner = await openLoadClient({ wsUrl: child.wsUrl, id: "a", token: "mine" });
    await owner.reached("OPEN", 1);
    const order: string[] = [];
    const guesses: LoadClient[] = [];
    const answers: Promise<void>[] = [];
    for (let i = 0; i < 14; i++) {
      const { wsUrl } = child;
      const guess = await openLoadClient({ wsUrl, id: "a", token: `guess ${i}` });
      guesses.push(guess);
      answers.push(guess.answer.then((answer) => void order.push(`${i} ${answer}`)));
      if (i < 10) await guess.answer;
    }
    // The last of them waits for 800 ms at the server, and this comes back before that.
    await owner.roundTrip();
    await using right = await openLoadClient({ wsUrl: child.wsUrl, id: "a", token: "mine" });
    await right.reached("OPEN", 1);
    order.push("the right token");
    await Promise.all(answers);
    assertEquals(order.slice(0, 10), guesses.slice(0, 10).map((_, i) => `${i} ID-TAKEN`));
    const late = order.slice(10).filter((name) => name !== "the right token");
    assertEquals(late, [10, 11, 12, 13].map((i) => `${i} ID-TAKEN`));
    assert(order.indexOf("the right token") < order.indexOf("13 ID-TAKEN"), order.join());
    await Promise.all(guesses.map((guess) => guess.closed));
    assertEquals((await owner.closed).code, 4000);
  },
);

testEach(
  "[FAULT-13] [LIMIT-4] a thousand wrong tokens: the owner goes on, and few sockets wait",
  async (start) => {
    const args = ["--max_waiting_sockets", "20", "--max_wrong_token_delay", "600000"];
    await using child = await start({ args });
    const [owner, other] = await openMany(2, { wsUrl: child.wsUrl, idOf: (i) => `peer ${i}` });
    assert(owner && other);
    const talk = flood(other, { count: 500, dstOf: () => owner.id, bytes: 100 });
    const tally = { taken: 0, refused: 0, waiting: 0 };
    const guesses = await inParallel(1_000, 32, async (i) => {
      const guess = await openLoadClient({
        wsUrl: child.wsUrl,
        id: owner.id,
        token: `guess ${i}`,
      });
      guess.answer.then((answer) => {
        if (answer === "ID-TAKEN") tally.taken++;
        if (answer === "ERROR") tally.refused++;
      });
      return guess;
    });
    const refused = guesses.at(-1);
    assertEquals(await refused?.answer, "ERROR", "the last of a thousand does not even wait");
    await talk;
    await owner.reached("CANDIDATE", 500);
    await owner.roundTrip();
    Deno.kill(child.pid, "SIGUSR2");
    const line = await child.nextLine((line) => line.includes('"event":"sizes"'));
    const { waiting, claims, wrongTokens } = JSON.parse(line).properties.sizes;
    assert(waiting <= 20, `${waiting} wait`);
    assertEquals([claims, wrongTokens], [2, 1]);
    assert(tally.refused >= 950, JSON.stringify(tally));
    assertEquals((await child.stop()).code, 0);
    await Promise.all(guesses.map((guess) => guess.closed));
    assertEquals((await owner.closed).code, 1001);
    await other.closed;
  },
);
