/** The application decides who may come in: what it is asked, what its answers mean, and what it cannot do. */
import { createGate } from "../../adapters/auth/authorize.ts";
import { createOwners } from "../../adapters/auth/owner.ts";
import { settingsFrom } from "../../core/mod.ts";
import type { Applicant, Authorize, Client, SignalboxOptions } from "../../main.ts";
import { SignJWT } from "jose";
import { assertEquals } from "../support/assert.ts";
import { captured } from "../support/captured.ts";
import { SECRET } from "../support/key_server.ts";
import { join, openSocket, refusal } from "../support/peer_socket.ts";
import { serveBox, test } from "../support/served.ts";

const UNDECIDED = "The application could not decide on this client";
const LONG = `Not you\n${"x".repeat(300)}`;

/** Each answer of an application, and the sentence of the refusal; `null` where the client is admitted. */
const ANSWERS: Readonly<Record<string, [answer: () => unknown, sentence: string | null]>> = {
  yes: [() => true, null],
  later: [() => Promise.resolve(true), null],
  claims: [() => ({ claims: { role: "host" } }), null],
  no: [() => false, "The application does not admit this client"],
  empty: [() => "", "The application does not admit this client"],
  reason: [() => Promise.resolve("Banned"), "Banned"],
  long: [() => LONG, `Not you\\u{a}${"x".repeat(248)}…`],
  nothing: [() => undefined, UNDECIDED],
  number: [() => 1, UNDECIDED],
  list: [() => ({ claims: [] }), UNDECIDED],
  throws: [() => {
    throw new Error("no database");
  }, UNDECIDED],
  rejects: [() => Promise.reject(new Error("no database")), UNDECIDED],
};

Deno.test("[AUTH-9] [FAULT-26] a token that an application puts into its reason or its exception reaches no log", async () => {
  const lines = captured(({ message, properties }) => JSON.stringify([message, properties]));
  const authorize: Authorize = ({ id, token, cookie }) => {
    if (id === "a") return `Not ${token}`;
    throw new Error(`Not ${token}, not ${cookie}`);
  };
  await using app = serveBox({ authorize });
  const more = { token: "sesame-of-alice", options: { headers: { cookie: "session=1234" } } };
  assertEquals((await refusal(app, { id: "a", ...more }))[0], "Not …");
  await refusal(app, { id: "b", ...more });
  assertEquals(lines.filter((line) => /sesame|1234/.test(line)), []);
  assertEquals(lines.filter((line) => line.includes("Not …")).length, 2);
});

test.served("[AUTH-9] [AUTH-10] each answer of an application admits or refuses; what is no answer is logged", async ({ serve }) => {
  const faults = captured(({ properties }) => properties["what"]);
  const authorize = (({ id }) => ANSWERS[id]?.[0]()) as Authorize;
  await using served = await serve({}, { authorize });
  for (const [id, [, sentence]] of Object.entries(ANSWERS)) {
    if (sentence === null) {
      await using _admitted = await join(served, id);
      continue;
    }
    const [msg, { code, reason }] = await refusal(served, { id });
    assertEquals([msg, code], [sentence, 4006], id);
    assertEquals(reason.slice(0, 40), sentence.slice(0, 40));
  }
  assertEquals(faults.filter((what) => what === "authorize failed").length, 5);
});

Deno.test("[AUTH-9] the application is asked about a socket that takes over, with its cookie; not about one that is refused anyway, nor about requests", async () => {
  const asked: Applicant[] = [];
  await using app = serveBox({
    max_id_length: 5,
    cors: ["https://a.example"],
    authorize: (applicant) => asked.push(applicant) > 0,
  });
  const headers = { cookie: "session=1", origin: "https://a.example" };
  await using first = await join(app, "a", { token: "secret", options: { headers } });
  await using _second = await join(app, "a", { token: "secret" });
  assertEquals((await first.closed).code, 4000);
  await refusal(app, { key: "wrong" });
  await refusal(app, { id: "too long" });
  await refusal(app, { options: { headers: { origin: "https://b.example" } } });
  await (await fetch(`${app.url}peerjs/id`)).text();
  await using _long = await join(app, "b", {
    options: { headers: { cookie: "x".repeat(16_385) } },
  });
  const common = { id: "a", token: "secret", address: "127.0.0.1", claims: null };
  assertEquals(asked, [
    { ...common, cookie: "session=1", origin: "https://a.example" },
    { ...common, cookie: null, origin: null },
    { ...common, id: "b", token: "t", cookie: null, origin: null },
  ]);
});

Deno.test("[AUTH-9] without a sub in its claims the token owns the id, with one the sub does", async () => {
  let claims: Readonly<Record<string, unknown>> = { user: 1 };
  await using app = serveBox({ authorize: () => ({ claims }) });
  await using first = await join(app, "a", { token: "1" });
  assertEquals((await refusal(app, { token: "2" }))[1].code, 4001);
  await first.close();
  claims = { sub: "alice" };
  await using second = await join(app, "a", { token: "3" });
  await using _third = await join(app, "a", { token: "4" });
  assertEquals((await second.closed).code, 4000);
  assertEquals([...app.box.clients()].map((client) => client.claims), [claims]);
  claims = { sub: "bob" };
  assertEquals((await refusal(app, { token: "4" }))[1].code, 4001);
  claims = {};
  const [, guess] = await refusal(app, { token: "alice" });
  assertEquals(guess.code, 4001, "the sub is no secret: whoever sends it as a token owns nothing");
});

function sign(claims: Readonly<Record<string, unknown>>): Promise<string> {
  return new SignJWT({ exp: Math.floor(Date.now() / 1_000) + 60, ...claims })
    .setProtectedHeader({ alg: "HS256" }).sign(new TextEncoder().encode(SECRET));
}

Deno.test("[AUTH-9] after a JWT that is valid for the id, the application is asked with its claims, and may give others", async () => {
  const asked: unknown[] = [];
  const told: Client[] = [];
  const options: SignalboxOptions = { auth: "jwt", auth_secret: SECRET };
  await using app = serveBox({
    ...options,
    authorize: ({ id, claims }) => {
      asked.push([id, claims?.["role"]]);
      return id === "bob"
        ? { claims: { sub: `subject ${asked.length}` } }
        : claims?.["role"] === "host";
    },
    onConnection: (client) => told.push(client),
  });
  const host = await sign({ sub: "alice", peers: ["bob"], role: "host" });
  await using _alice = await join(app, "alice", { token: host });
  await using bob = await join(app, "bob", { token: host });
  assertEquals((await refusal(app, { id: "eve", token: host }))[0], "The token is not for this id");
  assertEquals((await refusal(app, { id: "eve" }))[0], "The token is not a valid JWT");
  const guest = await sign({ sub: "alice", role: "guest" });
  assertEquals((await refusal(app, { id: "alice", token: guest }))[1].code, 4006);
  assertEquals(asked, [["alice", "host"], ["bob", "host"], ["alice", "guest"]]);
  const [alice, second] = told;
  assertEquals([alice?.claims?.["role"], second?.claims], ["host", { sub: "subject 2" }]);
  // The subject of the JWT owns the id, whatever the application says.
  await using _again = await join(app, "bob", {
    token: await sign({ sub: "alice", peers: ["bob"] }),
  });
  assertEquals((await bob.closed).code, 4000);
});

Deno.test("[AUTH-9] [LIMIT-12] what a client says meanwhile comes after its admission, and one that goes is never a client", async () => {
  const answers = new Map<string, PromiseWithResolvers<boolean>>();
  const told: string[] = [];
  await using app = serveBox({
    authorize: ({ id }) => {
      const answer = Promise.withResolvers<boolean>();
      answers.set(id, answer);
      return answer.promise;
    },
    onConnection: ({ id }) => told.push(id),
  });
  const wsUrl = app.wsUrl;
  const ask = (id: string) => openSocket({ wsUrl, id, key: "peerjs", token: "t" });
  await using stays = await ask("stays");
  stays.send({ type: "CANDIDATE", dst: "stays", payload: 1 });
  const goes = await ask("goes");
  await goes.close();
  answers.get("goes")?.resolve(true);
  answers.get("stays")?.resolve(true);
  assertEquals(await stays.next(), { type: "OPEN" });
  assertEquals(Object(await stays.next()).payload, 1);
  assertEquals([told, app.box.clientCount()], [["stays"], 1]);
});

Deno.test("[AUTH-10] an application that is silent for 10 s refuses; its questions are bounded, whoever waits for them", async () => {
  const timers = new Map<() => void, number>();
  let isSilent = true;
  const gate = createGate({
    settings: { concurrent_limit: 2 },
    verify: null,
    authorize: () => isSilent ? new Promise<boolean>(() => {}) : true,
    ownerOf: createOwners(settingsFrom()),
    schedule: (callback, delayMs) => {
      timers.set(callback, delayMs);
      return () => void timers.delete(callback);
    },
  });
  const ask = async (): Promise<string> => {
    const asked = { id: "a", token: "t", address: "", origin: null, cookie: null };
    const identity = (await gate?.(asked))?.identity;
    return identity?.kind === "rejected" ? identity.reason : String(identity?.kind);
  };
  const two = [ask(), ask()];
  assertEquals(await ask(), "Too many clients wait for the application: try again later");
  assertEquals([...timers.values()], [10_000, 10_000]);
  for (const callback of timers.keys()) callback();
  assertEquals(await Promise.all(two), [UNDECIDED, UNDECIDED]);
  isSilent = false;
  assertEquals([await ask(), timers.size], ["unchecked", 0]);
});
