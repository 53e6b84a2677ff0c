/** Hostile clients, and the service for everybody else meanwhile. */
import { assert, assertEquals } from "../support/assert.ts";
import { admit, flood, openMany } from "../support/load.ts";
import { join } from "../support/peer_socket.ts";
import { resetAtOnce } from "../support/greedy.ts";
import { test } from "../support/served.ts";

test.program("[FAULT-31] connections that are reset during their upgrade lock nobody out", async ({ start, listener }) => {
  await using child = await start({ args: ["--max_closing_sockets", "10"] });
  for (let i = 0; i < 60; i++) await resetAtOnce(child.port);
  if (listener === "deno") {
    const line = await child.nextLine((line) => line.includes('"event":"leaked"'));
    assertEquals(JSON.parse(line).properties.how, "never-opened");
  }
  await using _client = await join(child, "a");
});

test.program("[FAULT-15] [LIMIT-6] a peer that reads is not cut off, however fast others send to it", async ({ start }) => {
  await using child = await start({ args: ["--byte_rate", "0", "--frame_rate", "0"] });
  const { wsUrl } = child;
  const [victim, one, two] = await openMany(3, { wsUrl, idOf: (i) => `peer ${i}` });
  assert(victim && one && two);
  const offers = { count: 1_500, dstOf: () => victim.id, bytes: 65_000, type: "OFFER" };
  await Promise.all([flood(one, offers), flood(two, offers)]);
  await victim.roundTrip();
  assertEquals(victim.count("ERROR"), 0);
  const refused = one.count("EXPIRE") + two.count("EXPIRE");
  await victim.reached("OFFER", 3_000 - refused);
  await Promise.all([victim.close(), one.close(), two.close()]);
});

test.program("[FAULT-32] [LIFE-1] [LIFE-4] a process that was stopped cuts off no client that went on with its heartbeats", async ({ start }) => {
  const args = ["--alive_timeout", "2500", "--ping_timeout", "2500"];
  await using child = await start({ args });
  const clients = await openMany(20, { wsUrl: child.wsUrl, idOf: (i) => `peer ${i}` });
  await using silent = await admit(child, "silent");
  const beat = (): void => clients.forEach((client) => client.send({ type: "HEARTBEAT" }));
  const beating = setInterval(beat, 500);
  try {
    await clients[0]?.roundTrip();
    Deno.kill(child.pid, "SIGSTOP");
    await new Promise((resolve) => setTimeout(resolve, 5_000));
    Deno.kill(child.pid, "SIGCONT");
    await child.nextLine((line) => line.includes('"event":"paused"'));
    // The silent client's time-out counts only the time in which the process ran.
    await silent.closed;
    await child.nextLine((line) => line.includes('"event":"disconnected"'));
    await Promise.all(clients.map((client) => client.roundTrip()));
  } finally {
    clearInterval(beating);
  }
  const gone = child.lines.filter((line) => line.includes('"event":"disconnected"'));
  assertEquals(gone.length, 1, gone.join("\n"));
  await Promise.all(clients.map((client) => client.close()));
});
