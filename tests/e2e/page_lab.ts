/** The admin page in a real browser, and what must not happen there whatever a test does. */
import type { BrowserContextOptions, Page } from "playwright-core";
import { assertEquals } from "../support/assert.ts";
import type { Browser } from "../support/browser.ts";
import checks from "../support/page_checks.js" with { type: "text" };

export interface OpenPage extends AsyncDisposable {
  readonly page: Page;
  /** Every host that it sent a request to, or opened a socket to. */
  readonly hosts: ReadonlySet<string>;
}

/** What the browser itself says of a request that fails, or that the policy of the page stops. */
const NETWORK = /^Failed to load resource|^WebSocket connection to|^Connecting to .* violates/;

/**
 * Opens the page. At its end the page has thrown nothing, logged no error and broken no policy; what the browser says
 * of failed requests counts unless they are `expected`.
 */
export async function openPage(
  browser: Browser,
  url: string,
  { expectsFailures = false, ...options }: BrowserContextOptions & {
    readonly expectsFailures?: boolean;
  } = {},
): Promise<OpenPage> {
  const context = await browser.context(options);
  const page = await context.newPage();
  const problems: string[] = [];
  const hosts = new Set<string>();
  page.on("pageerror", (error) => problems.push(String(error.stack)));
  page.on("console", (message) => {
    if (message.type() !== "error" && message.type() !== "warning") return;
    if (expectsFailures && NETWORK.test(message.text())) return;
    problems.push(`${message.type()}: ${message.text()}`);
  });
  page.on("request", (request) => hosts.add(new URL(request.url()).host));
  page.on("websocket", (socket) => hosts.add(new URL(socket.url()).host));
  await page.goto(url);
  return {
    page,
    hosts,
    [Symbol.asyncDispose]: async () => {
      await context.close();
      assertEquals(problems, [], "the page reported problems");
    },
  };
}

/** Presses Tab until an element that fits has the focus; fails if none does. */
export async function tabTo(page: Page, selector: string): Promise<void> {
  for (let i = 0; i < TABS_MAX; i++) {
    await page.keyboard.press("Tab");
    if (await page.evaluate(`document.activeElement.matches(${JSON.stringify(selector)})`)) return;
  }
  throw new Error(`Tab does not reach ${selector}`);
}

const TABS_MAX = 200;

/** Checks labels, names, contrast and width, and that Tab reaches everything. */
export async function assertAccessible(page: Page, what: string): Promise<void> {
  await page.evaluate(checks);
  assertEquals(await page.evaluate("pageChecks.all()"), [], what);
  const all = Number(await page.evaluate("pageChecks.focusable()"));
  let visited = 0;
  // From wherever the focus is: once around, past the end of the document.
  for (let i = 0; i < all + 2 && visited < all; i++) {
    await page.keyboard.press("Tab");
    visited = Number(await page.evaluate("pageChecks.visit()"));
  }
  assertEquals(visited, all, `${what}: Tab reaches everything that takes the focus`);
}
