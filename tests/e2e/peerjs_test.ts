/**
 * The unmodified PeerJS client in a real browser, against the server as a child process.
 *
 * One browser serves all scenarios; each has its own server and its own tabs. Without a browser the
 * scenarios are ignored and one line says so, unless `SIGNALBOX_REQUIRE` names the browser.
 */
import { type Browser, findBrowser, startBrowser } from "../support/browser.ts";
import * as identity from "./identity.ts";
import { type Lab, openLab } from "./lab.ts";
import * as meeting from "./meeting.ts";
import * as refusal from "./refusal.ts";
import * as stranger from "./stranger.ts";

/** Each behaviour, the rules of `core/SPEC.md` that it shows, and the scenario that shows it. */
const scenarios: Readonly<Record<string, (lab: Lab) => Promise<void>>> = {
  "a data connection opens, carries messages both ways, and closes with the page [MSG-2]":
    meeting.talk,
  "a media call shows moving pictures on both sides [MSG-2]": meeting.call,
  "an absent peer is reported once an attempt, when the offer expires, and the caller lives on [QUEUE-3] [QUEUE-4]":
    meeting.absent,
  "a peer that comes within the expire timeout gets the stored offer [QUEUE-1] [MSG-3]":
    meeting.late,
  "a peer without an id is assigned a UUID, under which others reach it [HTTP-2]":
    identity.assigned,
  "an id that is held is refused with unavailable-id, and its holder notices nothing [OPEN-4]":
    identity.taken,
  "a peer that disconnects keeps its connections, and is reachable after reconnect [OPEN-6] [LIFE-2]":
    identity.reconnect,
  "a reconnect that overtakes the close of its old socket opens again [OPEN-5] [OPEN-9]":
    identity.hastyReconnect,
  "a second socket with the same token takes the id over, and calls reach the new one [OPEN-5]":
    identity.takeover,
  "a page that comes back with a new token for its subject keeps its id, another subject is refused [AUTH-3] [AUTH-2]":
    identity.refreshed,
  "a page whose token ends is told so and disconnected, keeps its connections, and comes back with a new one [AUTH-6]":
    identity.expired,
  "a custom key and path serve the whole protocol [HTTP-2] [OPEN-6]": refusal.custom,
  "a wrong key is refused, in words over the socket and as 401 over HTTP [OPEN-2] [HTTP-4]":
    refusal.wrongKey,
  "a wrong path is a readable 404 over HTTP and a lost connection otherwise [HTTP-7] [HTTP-8]":
    refusal.wrongPath,
  "a full server says so, and keeps whom it has [OPEN-7]": refusal.full,
  "listAllPeers lists who is connected where discovery is allowed [HTTP-3]": refusal.listed,
  "listAllPeers fails with the client's explanation where discovery is off [HTTP-3]":
    refusal.unlisted,
  "a connection to nobody, null, a number, an object is peer-unavailable, and the client stays [MSG-13] [QUEUE-4]":
    stranger.nobody,
  "a picture as the metadata of a connection arrives [MSG-9] [MSG-2]": stranger.picture,
  "twenty guests behind one address who want the host's id are told so at once, and the host comes back [LIMIT-3] [OPEN-4]":
    stranger.classroom,
  "a page that is frozen answers pings, and is reachable when it wakes [LIFE-4]": stranger.frozen,
  "a server that stops disconnects its clients, and their connections survive it [LIFE-3]":
    refusal.stopped,
};

const search = findBrowser();
let browser: Browser | undefined;

if (search.kind === "missing" && search.allowed) {
  const count = Object.keys(scenarios).length;
  const line = `left out: ${count} tests with a real PeerJS client: ${search.reason}\n`;
  Deno.stdout.writeSync(new TextEncoder().encode(line));
}

Deno.test.beforeAll(async () => {
  if (search.kind === "found") browser = await startBrowser(search.path);
});

Deno.test.afterAll(async () => {
  await browser?.[Symbol.asyncDispose]();
});

Deno.test({
  name: "the browser that the end-to-end tests need is there",
  ignore: search.kind === "missing" && search.allowed,
  fn: () => {
    if (search.kind === "missing") throw new Error(search.reason);
  },
});

for (const [name, run] of Object.entries(scenarios)) {
  Deno.test({
    name,
    ignore: search.kind === "missing",
    fn: async () => {
      if (browser === undefined) throw new Error("The browser has not started");
      await using lab = await openLab(browser);
      await run(lab);
    },
  });
}
