/** Conversations with pages: what a browser must be told before it lets one read an answer. */
import { type Conversation, test } from "../support/side_by_side.ts";
import { ABOUT, cannot, json, open, refused, text, URLS } from "./said.ts";

const PAGE = "https://page.example";
/** Origins that are listed in another form. */
const WRITTEN = ["https://written.example", "https://a.b.wild.example"];
const STRANGER = "https://stranger.example";
const PREFLIGHT = {
  "access-control-request-method": "GET",
  "access-control-request-headers": "x-custom",
};
const PEERS = { GET: "peerjs/peers" };
const NOTHING = `Nothing is served here.\n${URLS}`;
const METHODS = "GET, HEAD, OPTIONS";
const SHARED = {
  "access-control-allow-methods": METHODS,
  "access-control-allow-headers": "*, Authorization",
  "access-control-max-age": "86400",
};
const ANY_PAGE = { "access-control-allow-origin": "*", ...SHARED };
/** The incumbent repeats the origin that asks. */
const THIS_PAGE = { "access-control-allow-origin": PAGE, vary: "Origin" };

/** With prefix `/myapp`, and peers that may be listed. */
export const PAGES: readonly Conversation[] = [
  test.differs(
    "[HTTP-8] a page of any origin may read every answer of a known path",
    async ({ ask }) => {
      await ask("", { origin: PAGE });
      await ask("peerjs/peers", { origin: PAGE });
      await ask("peerjs/peers", { origin: null });
    },
  )({
    signalbox: {
      http: [
        json({ GET: "" }, ABOUT, ANY_PAGE),
        json(PEERS, [], ANY_PAGE),
        json(PEERS, [], ANY_PAGE),
      ],
    },
    incumbent: {
      http: [
        json({ GET: "" }, ABOUT, THIS_PAGE),
        json(PEERS, [], THIS_PAGE),
        json(PEERS, [], { vary: "Origin" }),
      ],
    },
  }),
  test.differs("[HTTP-7] [HTTP-8] a page may read why its path is wrong", async ({ ask }) => {
    await ask("/peerjs/id", { origin: PAGE });
    await ask("nothing", { origin: PAGE });
  })({
    signalbox: {
      http: ["/peerjs/id", "nothing"].map((path) => text({ GET: path }, 404, NOTHING, ANY_PAGE)),
    },
    incumbent: {
      http: [
        cannot({ GET: "/peerjs/id" }, "/peerjs/id"),
        cannot({ GET: "nothing" }, "/myapp/nothing", THIS_PAGE),
      ],
    },
    row:
      "an unknown URL | 404 that names none, outside the prefix without CORS headers: the browser hides it | 404 that names the URLs that exist",
  }),
  test.differs(
    "[HTTP-6] [HTTP-8] a preflight is answered, and told the methods that there are",
    async ({ ask }) => {
      for (const path of ["peerjs/id", "/nothing"]) {
        await ask(path, { method: "OPTIONS", origin: PAGE, headers: PREFLIGHT });
      }
    },
  )({
    signalbox: {
      http: [
        preflight("peerjs/id", { allow: METHODS, ...ANY_PAGE }),
        preflight("/nothing", ANY_PAGE),
      ],
    },
    incumbent: {
      http: [
        preflight("peerjs/id", {
          "access-control-allow-origin": PAGE,
          "access-control-allow-methods": "GET,HEAD,PUT,PATCH,POST,DELETE",
          "access-control-allow-headers": "x-custom",
          vary: "Origin, Access-Control-Request-Headers",
        }),
        cannot({ OPTIONS: "/nothing" }, "/nothing"),
      ],
    },
  }),
];

/** With a list of origins that has the page's only. */
export const LISTED_PAGES: readonly Conversation[] = [
  test.differs(
    "[SET-7] [HTTP-8] an origin is listed however it is written, and a star stands for subdomains",
    async ({ ask }) => {
      for (const origin of WRITTEN) await ask("", { origin });
      await ask("", { origin: "https://wild.example" });
    },
  )({
    signalbox: {
      http: [
        ...WRITTEN.map((origin) =>
          json({ GET: "" }, ABOUT, {
            "access-control-allow-origin": origin,
            ...SHARED,
            vary: "Origin",
          })
        ),
        json({ GET: "" }, ABOUT, { vary: "Origin" }),
      ],
    },
    incumbent: { http: [...WRITTEN, ""].map(() => json({ GET: "" }, ABOUT, { vary: "Origin" })) },
    row:
      "`--cors https://a.example:443`, `--cors https://*.example.com` | mean nobody, without a word | mean that page, and every subdomain; what can mean nobody is refused",
  }),
  test.differs("[OPEN-10] a page whose origin is not listed may open no socket", async ({ join }) => {
    await join("page", { origin: PAGE });
    await join("program");
    const stranger = await join("stranger", { origin: STRANGER });
    await stranger.fence();
  })({
    signalbox: {
      page: open(),
      program: open(),
      stranger: refused(4005, "Pages of this origin may not use this server"),
    },
    incumbent: { page: open(), program: open(), stranger: open() },
    row: "a socket of a page whose origin `--cors` does not list | is opened | is refused",
  }),
];

/** The settings of {@linkcode LISTED_PAGES}. */
export const PAGE_LIST = {
  corsOptions: { origin: [PAGE, "https://written.example:443", "https://*.wild.example"] },
};

function preflight(path: string, headers: Readonly<Record<string, string>>): unknown {
  return { OPTIONS: path, status: 204, ...headers, body: "" };
}
