/** Conversations about HTTP, as a program asks: no page, so no headers for pages. */
import { type Conversation, test } from "../support/side_by_side.ts";
import { cannot, json, open, text, URLS } from "./said.ts";

const METHODS = "GET, HEAD, OPTIONS";
const NO_METHOD = `is not a method of this URL: use one of ${METHODS}.\n`;
const WRONG_KEY = "Invalid key provided: give the client the key that this server was started " +
  'with (option "key" of the Peer).\n';
const NO_DISCOVERY = "This server does not list its peers: its option allow_discovery is off.\n";
const NOTHING = `Nothing is served here.\n${URLS}`;
const UPGRADE = "This URL is for WebSockets. Behind a proxy, let it pass on the headers Upgrade " +
  `and Connection.\n${URLS}`;
const OTHER_METHODS = [
  ["POST", ""],
  ["POST", "peerjs/id"],
  ["POST", "peerjs/peers"],
  ["POST", "peerjs"],
  ["DELETE", "peerjs/id"],
] as const;
const ALMOST_PATHS = ["peerjs/peers/", "peerjs/PEERS", "/MYAPP/peerjs/peers"];

/** With prefix `/myapp`, and peers that may be listed. */
export const HTTP: readonly Conversation[] = [
  test.same("[HTTP-1] the prefix says what this is, with and without its slash, whatever the query", async ({ ask }) => {
    for (const path of ["", "/myapp", "?version=1.5.5"]) await ask(path);
  }),
  test.same("[HTTP-1] [HTTP-6] HEAD answers as GET does, without the body", async ({ ask }) => {
    for (const path of ["", "/myapp", "peerjs/peers"]) await ask(path, { method: "HEAD" });
  }),
  test.same("[HTTP-3] [LIFE-2] the peers are listed in the order in which they came, until they go", async ({ ask, join, unlisted }) => {
    await ask("peerjs/peers");
    await join("carol");
    const alice = await join("alice");
    await join("bob");
    await ask("peerjs/peers");
    await alice.close();
    await unlisted("alice");
    await ask("peerjs/peers");
    await join("alice again", { id: "alice" });
    await ask("peerjs/peers");
  }),
  test.differs("[HTTP-2] an id is text, no HTML", async ({ ask }) => {
    await ask("peerjs/id");
    await ask("peerjs/id?ts=17000000000000.123&version=1.5.5");
    await ask("peerjs/id", { method: "HEAD" });
  })({ signalbox: { http: idAnswers("text/plain") }, incumbent: { http: idAnswers("text/html") } }),
  test.differs("[HTTP-4] a wrong key is refused", async ({ ask, join }) => {
    await join("alice");
    await ask("wrong/peers");
    await ask("wrong/id");
  })({
    signalbox: {
      alice: open(),
      http: [
        text({ GET: "wrong/peers" }, 401, WRONG_KEY),
        text({ GET: "wrong/id" }, 401, WRONG_KEY),
      ],
    },
    incumbent: {
      alice: open(),
      http: [json({ GET: "wrong/peers" }, ["alice"]), idAnswer({ GET: "wrong/id" }, "text/html")],
    },
    row: "a wrong key over HTTP | is taken | 401 that says so",
  }),
  test.differs("[HTTP-5] the socket's path without an upgrade is 426", ({ ask }) => ask("peerjs"))({
    signalbox: { http: [text({ GET: "peerjs" }, 426, UPGRADE, { upgrade: "websocket" })] },
    incumbent: { http: [cannot({ GET: "peerjs" }, "/myapp/peerjs")] },
  }),
  test.differs("[HTTP-6] another method is 405 with Allow", async ({ ask }) => {
    for (const [method, path] of OTHER_METHODS) await ask(path, { method });
  })({
    signalbox: {
      http: OTHER_METHODS.map(([method, path]) =>
        text({ [method]: path }, 405, `${method} ${NO_METHOD}`, { allow: METHODS })
      ),
    },
    incumbent: {
      http: OTHER_METHODS.map(([method, path]) => cannot({ [method]: path }, `/myapp/${path}`)),
    },
  }),
  test.differs("[HTTP-7] a path is taken to the letter", async ({ ask }) => {
    for (const path of ALMOST_PATHS) await ask(path);
  })({
    signalbox: { http: ALMOST_PATHS.map((path) => text({ GET: path }, 404, NOTHING)) },
    incumbent: { http: ALMOST_PATHS.map((path) => json({ GET: path }, [])) },
  }),
];

/** With the default prefix, and no discovery. */
export const HTTP_AT_ROOT: readonly Conversation[] = [
  test.differs(
    "[HTTP-3] without allow_discovery nobody is listed, and the answer says why",
    async ({ ask, join }) => {
      await join("alice");
      await ask("peerjs/peers");
    },
  )({
    signalbox: { alice: open(), http: [text({ GET: "peerjs/peers" }, 401, NO_DISCOVERY)] },
    incumbent: { alice: open(), http: [text({ GET: "peerjs/peers" }, 401, "Unauthorized")] },
  }),
];

function idAnswers(type: string): readonly unknown[] {
  return [
    idAnswer({ GET: "peerjs/id" }, type),
    idAnswer({ GET: "peerjs/id?ts=17000000000000.123&version=1.5.5" }, type),
    idAnswer({ HEAD: "peerjs/id" }, type, ""),
  ];
}

function idAnswer(
  request: Readonly<Record<string, string>>,
  type: string,
  body = "<uuid>",
): unknown {
  return { ...request, status: 200, "content-type": `${type}; charset=utf-8`, body };
}
