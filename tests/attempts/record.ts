/**
 * Records what the stock client in a real Chromium sends in the situations that advice is about, for
 * `conversations.ndjson`. It takes Chromium and coturn, and two minutes:
 *
 *     deno run -A tests/attempts/record.ts
 *
 * The file has what a real client sent, and of descriptions only the lines that the server reads. The clients take no
 * candidates of each other, as behind NATs that let nothing through: one that connects stops to send what it gathers.
 * On one machine a STUN server sees the address that a client knows already, so here one answers that stands behind a NAT.
 */
import { createSocket } from "node:dgram";
import { chromium, type Page } from "playwright-core";
import peerjs from "peerjs.min.js" with { type: "text" };
import { findBrowser } from "../support/browser.ts";
import { type Child, startChild } from "../support/child.ts";
import { ANSWER_MAX_MS } from "../support/output.ts";
import type { Conversation, Line } from "./conversation.ts";
import { SITUATIONS, type Stage, STUN_PORT, TURN_PORT } from "./situations.ts";

const FILE = new URL("conversations.ndjson", import.meta.url);

const ARGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--no-first-run",
  "--disable-background-networking",
  "--allow-loopback-in-peer-connection",
  "--use-fake-device-for-media-stream",
  "--use-fake-ui-for-media-stream",
];

const PAGE = `<!doctype html><script src="/peerjs.min.js"></script>
<script>
var calls = [];
function enter(id, options) {
  return new Promise((resolve, reject) => {
    peer = new Peer(id, options);
    peer.on("open", resolve);
    peer.on("error", (error) => { errors.push(error.type); reject(error); });
    peer.on("call", (call) => calls.push(call));
  });
}
var peer, errors = [];
RTCPeerConnection.prototype.addIceCandidate = async () => {};
function camera() { return navigator.mediaDevices.getUserMedia({ video: true, audio: true }); }
function within(ms, look) {
  return new Promise((resolve) => {
    const until = Date.now() + ms;
    (function again() { look() || Date.now() > until ? resolve(look()) : setTimeout(again, 20); })();
  });
}
</script>`;

/** What a recording has of an event, as far as it matters here. */
interface Recorded {
  readonly at: number;
  readonly conn?: number;
  readonly frame?: { readonly type: string; readonly payload?: unknown; readonly dst?: string };
  readonly event?: {
    readonly kind: string;
    readonly conn: number;
    readonly id: string;
    readonly code: number;
  };
}

/** The lines of a description that are kept. */
const READ = /^(?:v=|m=|a=(?:candidate|end-of-|send|recv|inactive))/;

const search = findBrowser();
if (search.kind === "missing") throw new Error(search.reason);
const executablePath = search.path;

const folder = await Deno.makeTempDir();
const turn = new Deno.Command("turnserver", {
  args: [
    ...["-n", "--no-cli", "--no-tls", "--no-dtls", "--log-file", "stdout", "--realm", "lab"],
    ...[
      "--listening-ip",
      "127.0.0.1",
      "--relay-ip",
      "127.0.0.1",
      "--listening-port",
      String(TURN_PORT),
    ],
    ...[
      "--lt-cred-mech",
      "--user",
      "lab:right",
      "--allow-loopback-peers",
      "--db",
      `${folder}/turn`,
    ],
    ...["--pidfile", `${folder}/turn.pid`],
  ],
  stdout: "null",
  stderr: "null",
}).spawn();
const site = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, (request) => {
  const isScript = new URL(request.url).pathname === "/peerjs.min.js";
  const type = isScript ? "text/javascript" : "text/html";
  return new Response(isScript ? peerjs : PAGE, { headers: { "content-type": type } });
});
const stun = createSocket("udp4", (request, { address, port }) => {
  if (request.readUInt16BE(0) === 1) stun.send(bindingAnswer(request, port), port, address);
}).bind(STUN_PORT, "127.0.0.1");
const made: Conversation[] = [];
try {
  for (const { name, act } of SITUATIONS) {
    const record = `${folder}/${made.length}.ndjson`;
    const server = await startChild({ args: ["--record", record] });
    const browser = await chromium.launch({ executablePath, headless: true, args: ARGS });
    try {
      await act(stageOn(server, () => browser.newPage()));
    } finally {
      await server.stop();
      await browser.close();
    }
    const lines = linesOf(await Deno.readTextFile(record));
    made.push({ name, lines });
    console.log(`${name}: ${lines.length} lines`);
  }
} finally {
  turn.kill();
  stun.close();
  await turn.status;
  await site.shutdown();
  await Deno.remove(folder, { recursive: true });
}
const text = made.flatMap(({ name, lines }) => [{ name }, ...lines]).map((line) =>
  JSON.stringify(line)
);
await Deno.writeTextFile(FILE, `${text.join("\n")}\n`);

function stageOn({ port, path }: Child, newPage: () => Promise<Page>): Stage {
  return {
    enter: async (id, config) => {
      const page = await newPage();
      await page.goto(`http://127.0.0.1:${site.addr.port}/`);
      const options = { host: "127.0.0.1", port, path, debug: 0, ...(config ? { config } : {}) };
      await page.evaluate(`enter(${JSON.stringify(id)}, ${JSON.stringify(options)})`);
      return {
        run: (script) => page.evaluate(script),
        until: async (condition) => {
          const isSo = await page.evaluate(`within(${ANSWER_MAX_MS}, () => ${condition})`);
          if (!isSo) throw new Error(`${id}: never ${condition}`);
        },
        close: () => page.close(),
        reload: async () => {
          await page.reload();
          await page.evaluate(`enter(${JSON.stringify(id)}, ${JSON.stringify(options)})`);
        },
      };
    },
  };
}

/** Says that a request came from 203.0.113.7 (RFC 8489, 14.2: XOR-MAPPED-ADDRESS). */
function bindingAnswer(request: Uint8Array, port: number): Uint8Array {
  const answer = new Uint8Array(32);
  const view = new DataView(answer.buffer);
  view.setUint32(0, 0x0101_000c);
  answer.set(request.subarray(4, 20), 4);
  view.setUint32(20, 0x0020_0008);
  view.setUint32(24, 0x0001_0000 + (port ^ 0x2112));
  view.setUint32(28, 0xcb00_7107 ^ 0x2112_a442);
  return answer;
}

function linesOf(recording: string): Line[] {
  const events = recording.trim().split("\n").slice(1).map((line): Recorded => JSON.parse(line));
  const zero = events[0]?.at ?? 0;
  const ids = new Map<number, string>();
  return events.flatMap(({ at, conn, frame, event }): Line[] => {
    const ms = Math.round(at - zero);
    if (event?.kind === "socket-opened") {
      ids.set(event.conn, event.id);
      return [[ms, event.id, "open"]];
    }
    if (event?.kind === "socket-closed") return [[ms, ids.get(event.conn) ?? "", event.code]];
    if (conn === undefined || frame === undefined || frame.type === "HEARTBEAT") return [];
    return [[ms, ids.get(conn) ?? "", { ...frame, payload: shortened(frame.payload) }]];
  });
}

/** A payload without what nobody reads. */
function shortened(payload: unknown): unknown {
  return JSON.parse(JSON.stringify(payload, (key, value) => {
    if (key === "sdpMLineIndex" || key === "usernameFragment") return undefined;
    if (key === "candidate" && typeof value === "string") return value.replace(/ generation.*/, "");
    if (key !== "sdp" || typeof value !== "string") return value;
    const lines = value.split("\r\n").filter((line) => READ.test(line));
    return `${lines.map((line) => line.replace(/^(m=\w+ \d+ \S+ \d+) .*/, "$1")).join("\r\n")}\r\n`;
  }));
}
