/**
 * A headless Chromium with the stock PeerJS client in it. The test page, the unmodified client script and `page.js`, has
 * an origin of its own.
 */
import { type BrowserContext, type BrowserContextOptions, chromium } from "playwright-core";
import peerjs from "peerjs.min.js" with { type: "text" };
import driver from "./page.js" with { type: "text" };

const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  // One machine, perhaps without a network: peers must meet on plain loopback addresses.
  "--disable-features=WebRtcHideLocalIpsWithMdns",
  "--allow-loopback-in-peer-connection",
  "--use-fake-device-for-media-stream",
  "--use-fake-ui-for-media-stream",
];

const NAMES = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"];

const PLACES = [
  "/usr/bin/chromium",
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
  "/Applications/Chromium.app/Contents/MacOS/Chromium",
  "C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe",
];

/** What `SIGNALBOX_REQUIRE` may name. */
const REQUIRABLE = [
  "browser",
  "redis",
  "nginx",
  "caddy",
  "haproxy",
  "apache",
  "coturn",
  "prometheus",
  "buildah",
  "systemd",
  "deno-2.5",
];

export type BrowserSearch =
  | { readonly kind: "found"; readonly path: string }
  /** No browser: `reason` says so, and what to do. `allowed` if the tests may do without. */
  | { readonly kind: "missing"; readonly reason: string; readonly allowed: boolean };

/** Looks for Chromium: where `CHROMIUM_PATH` says, else in the usual places and on `PATH`. */
export function findBrowser(): BrowserSearch {
  const required = requiredWords();
  const unknown = required.find((word) => !REQUIRABLE.includes(word));
  if (unknown !== undefined) {
    const reason = `SIGNALBOX_REQUIRE names "${unknown}"; it may name: ${REQUIRABLE.join(", ")}`;
    return { kind: "missing", reason, allowed: false };
  }

  const named = Deno.env.get("CHROMIUM_PATH") ?? "";
  if (named !== "") {
    if (isFile(named)) return { kind: "found", path: named };
    const reason = `CHROMIUM_PATH names ${named}, which is not a file`;
    return { kind: "missing", reason, allowed: false };
  }

  const path = [...PLACES, ...onPath()].find(isFile);
  if (path !== undefined) return { kind: "found", path };
  const reason = "no Chromium found: install it (Debian: apt-get install chromium) " +
    "or set CHROMIUM_PATH to a Chromium or Chrome";
  return { kind: "missing", reason, allowed: !required.includes("browser") };
}

function onPath(): string[] {
  const windows = Deno.build.os === "windows";
  const folders = (Deno.env.get("PATH") ?? "").split(windows ? ";" : ":").filter(Boolean);
  return NAMES.flatMap((name) => folders.map((dir) => `${dir}/${name}${windows ? ".exe" : ""}`));
}

/** What may not be missing, as `SIGNALBOX_REQUIRE` names it. */
export function requiredWords(): string[] {
  const words = (Deno.env.get("SIGNALBOX_REQUIRE") ?? "").split(",");
  return words.map((word) => word.trim()).filter(Boolean);
}

export function isFile(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}

export interface Tab {
  /** Runs a command of `page.js` and gives its answer, which is JSON. */
  run(command: string, ...args: readonly unknown[]): Promise<unknown>;
  /** Goes to another page, as its user might: the document ends, and its peers with it. */
  leave(): Promise<void>;
  /** Freezes the page as a browser does with one that is not looked at for long, or wakes it again. */
  freeze(isFrozen: boolean): Promise<void>;
}

/** Tabs that share nothing with those of other sessions; disposing of it closes them. */
export interface Session extends AsyncDisposable {
  open(): Promise<Tab>;
  /** What the scripts of its pages threw and nobody caught, so far. */
  readonly uncaught: readonly string[];
}

export interface Browser extends AsyncDisposable {
  session(): Promise<Session>;
  /** A profile of its own for pages that are not the test page. */
  context(options?: BrowserContextOptions): Promise<BrowserContext>;
}

/** Starts the browser at `executablePath`, with a profile of its own, and the site of the test page. */
export async function startBrowser(executablePath: string): Promise<Browser> {
  const browser = await chromium.launch({ executablePath, headless: true, args: FLAGS });
  const site = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, answer);

  async function session(): Promise<Session> {
    const context = await browser.newContext();
    const uncaught: string[] = [];
    context.on("weberror", (event) => uncaught.push(String(event.error())));
    async function open(): Promise<Tab> {
      const page = await context.newPage();
      await page.goto(`http://127.0.0.1:${site.addr.port}/`);
      return {
        run: (command, ...args) => page.evaluate(`lab.${command}(${args.map(literal).join()})`),
        leave: async () => void (await page.goto("about:blank")),
        freeze: async (isFrozen) => {
          const devtools = await context.newCDPSession(page);
          const state = isFrozen ? "frozen" : "active";
          await devtools.send("Page.setWebLifecycleState", { state });
          await devtools.detach();
        },
      };
    }
    return { open, uncaught, [Symbol.asyncDispose]: () => context.close() };
  }

  return {
    session,
    context: (options) => browser.newContext(options),
    [Symbol.asyncDispose]: async () => {
      await browser.close();
      await site.shutdown();
    },
  };
}

/** A value as the page reads it; in an array `JSON.stringify` makes `null` of `undefined`. */
function literal(value: unknown): string {
  return JSON.stringify(value) ?? "undefined";
}

const PAGE = `<!doctype html>
<meta charset="utf-8">
<title>signalbox test page</title>
<body><script src="/peerjs.min.js"></script><script src="/page.js"></script></body>
`;

const FILES: ReadonlyMap<string, readonly [type: string, body: string]> = new Map([
  ["/", ["text/html", PAGE]],
  ["/peerjs.min.js", ["text/javascript", peerjs]],
  ["/page.js", ["text/javascript", driver]],
]);

function answer(request: Request): Response {
  const file = FILES.get(new URL(request.url).pathname);
  if (file === undefined) return new Response(null, { status: 404 });
  const [type, body] = file;
  return new Response(body, { headers: { "content-type": `${type}; charset=utf-8` } });
}
