/**
 * Where signalbox is right on purpose: HTTP, and how a socket is admitted or refused.
 *
 * Each step holds one conversation with signalbox and with the real incumbent, and states what each is to do.
 *
 * @module
 */
import {
  connect,
  type Deviation,
  join,
  seen,
  staysListed,
  type Target,
  testDeviations,
  typesOf,
} from "../support/deviation.ts";
import { openSocket } from "../support/peer_socket.ts";

const ORIGIN = "https://page.example";
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const PATHS = ["", "peerjs/id", "peerjs/peers", "peerjs"];
const URLS = ["/myapp/", "/myapp/<key>/id", "/myapp/<key>/peers", "/myapp/peerjs?"];

const HTTP: readonly Deviation[] = [
  {
    name: "[HTTP-4] a wrong key is refused over HTTP; the incumbent never looks at it",
    talk: async (target) => {
      const answers = [await ask(target, "wrong/id"), await ask(target, "wrong/peers")];
      return answers.map(({ status, body }) => ({ status, saysKey: body.includes("key") }));
    },
    signalbox: [{ status: 401, saysKey: true }, { status: 401, saysKey: true }],
    incumbent: [{ status: 200, saysKey: false }, { status: 200, saysKey: false }],
  },
  {
    name: "[HTTP-2] an id comes as text/plain; the incumbent says text/html",
    talk: async (target) => {
      const { headers, body } = await ask(target, "peerjs/id");
      return { type: headers.get("content-type")?.split(";")[0], uuid: UUID.test(body) };
    },
    signalbox: { type: "text/plain", uuid: true },
    incumbent: { type: "text/html", uuid: true },
  },
  {
    name: "[HTTP-5] the socket's path without an upgrade is 426; the incumbent's is 404",
    talk: async (target) => {
      const { status, headers, cors } = await ask(target, "peerjs");
      return { status, upgrade: headers.get("upgrade"), cors };
    },
    signalbox: { status: 426, upgrade: "websocket", cors: true },
    incumbent: { status: 404, upgrade: null, cors: true },
  },
  {
    name: "[HTTP-6] another method is 405 with Allow; the incumbent says 404",
    talk: async (target) => {
      const answers: unknown[] = [];
      for (const path of PATHS) {
        const { status, headers, cors } = await ask(target, path, "POST");
        answers.push({ path, status, allow: headers.get("allow"), cors });
      }
      return answers;
    },
    signalbox: PATHS.map((path) => {
      return { path, status: 405, allow: "GET, HEAD, OPTIONS", cors: true };
    }),
    incumbent: PATHS.map((path) => ({ path, status: 404, allow: null, cors: true })),
  },
  {
    name: "[HTTP-7] a 404 names the URLs that exist; the incumbent's only repeats the path",
    talk: async (target) => {
      const { status, body } = await ask(target, "nothing");
      return { status, named: URLS.filter((url) => body.includes(url)) };
    },
    signalbox: { status: 404, named: URLS },
    incumbent: { status: 404, named: ["/myapp/"] },
  },
  {
    name: "[HTTP-8] a wrong path has CORS headers too; the incumbent's has none",
    talk: async (target) => {
      const { status, cors } = await ask(target, "/peerjs/id");
      return { status, cors };
    },
    signalbox: { status: 404, cors: true },
    incumbent: { status: 404, cors: false },
  },
];

const LIMITS: readonly Parameters[] = [
  { id: "i".repeat(257), token: "t" },
  { id: "long-token", token: "t".repeat(4_097) },
  { id: "bell\u0007", token: "t" },
  { id: "delete", token: "t\u007f" },
];

const OPEN: readonly Deviation[] = [
  {
    name:
      "[OPEN-1] [OPEN-2] [OPEN-4] each refusal has its close code; the incumbent closes without one",
    talk: async (target) => {
      await using _owner = await join(target, "taken");
      return [
        await admission(target, { id: "a", key: "peerjs" }),
        await admission(target, { id: "a", token: "t", key: "wrong" }),
        await admission(target, { id: "taken", token: "another", key: "peerjs" }),
      ];
    },
    signalbox: [["ERROR", 4002], ["ERROR", 4003], ["ID-TAKEN", 4001]],
    incumbent: [["ERROR", 1005], ["ERROR", 1005], ["ID-TAKEN", 1005]],
  },
  {
    name: "[OPEN-3] too long or with control characters is refused; the incumbent admits it",
    talk: async (target) => {
      const ends: unknown[] = [];
      for (const limit of LIMITS) ends.push(await admission(target, { ...limit, key: "peerjs" }));
      return ends;
    },
    signalbox: LIMITS.map(() => ["ERROR", 4002]),
    incumbent: LIMITS.map(() => ["OPEN", "open"]),
  },
  {
    name: "[OPEN-5] a takeover gets OPEN; the incumbent sends none",
    talk: async (target) => {
      await using _old = await join(target, "opens-again");
      await using newer = await connect(target, "opens-again");
      return seen(await newer.fence());
    },
    signalbox: ["OPEN", "open"],
    incumbent: ["open"],
  },
  {
    name: "[OPEN-5] the old socket is closed and mute; the incumbent lets it speak on",
    talk: async (target) => {
      await using witness = await join(target, "witness");
      await using old = await join(target, "moves");
      await using newer = await connect(target, "moves");
      await newer.fence();
      old.send({ type: "OFFER", dst: "witness", payload: "from the old socket" });
      const end = await Promise.race([
        old.closed.then(({ code }) => code),
        witness.arrived().then(() => "speaks"),
      ]);
      return { end, heard: seen(await witness.fence()) };
    },
    signalbox: { end: 4000, heard: ["open"] },
    incumbent: { end: "speaks", heard: ["OFFER", "open"] },
  },
  {
    name: "[OPEN-9] a late close evicts nobody; at the incumbent it evicts the id's new owner",
    talk: async (target) => {
      await using left = await join(target, "handed-on");
      left.send({ type: "LEAVE" });
      await staysListed(target, "handed-on", Infinity);
      await using owner = await connect(target, "handed-on", "another token");
      const types = typesOf([await owner.next()]);
      await left.close();
      // Often enough for a close that is under way to be through.
      return { types, staysListed: await staysListed(target, "handed-on", 50) };
    },
    signalbox: { types: ["OPEN"], staysListed: true },
    incumbent: { types: ["OPEN"], staysListed: false },
  },
];

testDeviations({
  name: "deviations: HTTP, and who is admitted",
  options: { path: "/myapp", allow_discovery: true },
}, [...HTTP, ...OPEN]);

testDeviations({
  name: "deviations: a full server",
  options: { concurrent_limit: 1 },
}, [{
  name: "[OPEN-7] a full server closes with 4004; the incumbent without a code",
  talk: async (target) => {
    await using _first = await join(target, "first");
    return await admission(target, { id: "second", token: "t", key: "peerjs" });
  },
  signalbox: ["ERROR", 4004],
  incumbent: ["ERROR", 1005],
}]);

interface Parameters {
  readonly id: string;
  readonly token?: string;
  readonly key?: string;
}

/** What a socket with these parameters is told first, and how it is closed, or that it stays open. */
async function admission(target: Target, parameters: Parameters): Promise<readonly unknown[]> {
  await using socket = await openSocket({ wsUrl: target.wsUrl, ...parameters });
  const [first] = typesOf([await socket.next()]);
  if (first === "OPEN") return [first, ...seen(await socket.fence())];
  return [first, (await socket.closed).code];
}

interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: string;
  /** Whether a page of {@linkcode ORIGIN} may read it. */
  readonly cors: boolean;
}

/** A page's request; `path` is relative to the prefix. */
async function ask(target: Target, path: string, method = "GET"): Promise<Answer> {
  const response = await fetch(new URL(path, target.url), { method, headers: { origin: ORIGIN } });
  const { status, headers } = response;
  const allowed = headers.get("access-control-allow-origin") ?? "";
  return { status, headers, body: await response.text(), cors: ["*", ORIGIN].includes(allowed) };
}
