/** The admin port of the program with workers. */
import { replay } from "../../adapters/record/replay/replay.ts";
import { freePort } from "../support/admin.ts";
import { assertEquals, assertStringIncludes } from "../support/assert.ts";
import { type Child, startChild } from "../support/child.ts";
import { makeFolder } from "../support/folder.ts";
import { join, type PeerSocket } from "../support/peer_socket.ts";

interface Arrived {
  readonly id: string;
  readonly socket: PeerSocket;
  readonly worker: number;
}

/** Lets a client come in, and says which worker it came to. */
async function arrive(child: Child, id: string): Promise<Arrived> {
  const socket = await join(child, id);
  const line = await child.nextLine((line) =>
    line.includes('"event":"connected"') && line.includes(`"id":"${id}"`)
  );
  return { id, socket, worker: JSON.parse(line).properties.worker };
}

Deno.test("[ADMIN-12] [ADMIN-13] [ADMIN-5] [REC-10] the program with workers has one admin port, and a recording of each", async () => {
  const port = freePort();
  await using folder = await makeFolder();
  const record = `${folder.path}/run`;
  const args = ["--workers", "2", "--admin_port", `${port}`, "--cors", "https://a.example"];
  await using child = await startChild({ args: [...args, "--record", record] });
  const ask = (path: string, method = "GET"): Promise<Response> =>
    fetch(`http://127.0.0.1:${port}${path}`, { method });
  const json = async (path: string): ReturnType<Response["json"]> => await (await ask(path)).json();
  const alice = await arrive(child, "alice");
  const crowd = [alice];
  let bob = alice;
  // The kernel chooses the worker, by the port of the client.
  while (bob.worker === alice.worker) {
    bob = await arrive(child, `bob ${crowd.length}`);
    crowd.push(bob);
  }
  const payload = { type: "data", connectionId: "c" };
  alice.socket.send({ type: "OFFER", dst: bob.id, payload });
  await bob.socket.next();
  bob.socket.send({ type: "ANSWER", dst: "alice", payload });
  await alice.socket.next();

  const { server, metrics } = await json("/api/stats");
  assertEquals([server.workers, server.node, server.port], [2, null, child.port]);
  const of = (name: string): number[] =>
    metrics[`signalbox_${name}`].map(({ value }: { value: number }) => value);
  assertEquals([of("clients"), of("workers"), of("clients_limit")], [[crowd.length], [2], [5_000]]);
  assertEquals(of("worker_clients").reduce((sum, count) => sum + count), crowd.length);
  const { total, clients } = await json("/api/clients");
  assertEquals([total, clients[0].id, clients[0].messages], [crowd.length, "alice", 1]);
  const { attempts } = await json(`/api/attempts?peer=alice`);
  assertEquals(
    attempts.map(({ caller, callee, events }: { caller: string; callee: string; events: [] }) => [
      ...[caller, callee],
      ...events.map(({ from, to, what }) => `${from} ${to} ${what}`),
    ]),
    [["alice", bob.id, "caller callee OFFER", "callee caller ANSWER"]],
  );
  for (const { socket } of crowd) await socket[Symbol.asyncDispose]();

  const page = { options: { headers: { origin: `http://127.0.0.1:${port}` } } };
  await using last = await join(child, "last", page);
  const path = "/api/clients/last";
  assertEquals([(await json(path)).id, (await ask(path, "DELETE")).status], ["last", 204]);
  assertEquals((await last.closed).code, 4012);
  assertEquals((await ask(path)).status, 404);
  assertEquals((await child.stop()).code, 0);

  for (const { worker, id } of [alice, bob]) {
    const said: string[] = [];
    const [print, complain] = [said, said].map((lines) => (line: string) => void lines.push(line));
    const open = async (path: string) => (await Deno.open(path)).readable;
    const ports = { open, print, complain, write: () => Promise.reject(new Error()) } as never;
    assertEquals(await replay([`${record}-${worker}`, "--diff"], ports), 0, said.join("\n"));
    const text = await Deno.readTextFile(`${record}-${worker}`);
    assertStringIncludes(text, `"id":${JSON.stringify(id)}`);
  }
});
