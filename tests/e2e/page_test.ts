/** The admin page in a real browser: what its user does and sees, with the keyboard, and in every size and scheme. */
import { assert, assertEquals, assertMatch } from "../support/assert.ts";
import { startChild } from "../support/child.ts";
import { type MockAdmin, serverFacts, startMockAdmin } from "../support/mock_admin.ts";
import { browserTest } from "./lab.ts";
import { assertAccessible, openPage, tabTo } from "./page_lab.ts";

const HOSTILE = "<img src=x onerror=alert(1)>";
const TURNED = "abc\u202egnp.exe";

/** Failures of the kinds that the server explains, of hostile and long ids too. */
function fillAttempts({ answers }: MockAdmin): void {
  const none = { host: 0, srflx: 0, prflx: 0, relay: 0 };
  const now = Date.now();
  const attempt = (id: number, caller: string, callee: string, summary: string): object => ({
    ...{ id, caller, callee, connection: "data", startedAt: now - 9_000, updatedAt: now - 4_000 },
    ...{ state: "settled", outcome: "not-connected", summary },
    advice: [{ text: `${callee} was not there.`, todo: "Open it first.", sure: "certain" }],
    sides: {
      caller: { candidates: { ...none, host: 2, srflx: 1 }, descriptions: 1 },
      callee: { candidates: none, descriptions: 0 },
    },
    events: [
      { at: now - 9_000, from: "caller", to: "server", what: "OFFER", note: "stored" },
      { at: now - 4_000, from: "server", to: "caller", what: "EXPIRE", note: "" },
    ],
  });
  answers.attempts = [
    attempt(3, "alice", "bob", "bob was not connected within 5 s."),
    attempt(2, HOSTILE, TURNED, "Neither had a path."),
    attempt(1, "x".repeat(256), "server", "Nobody has this id."),
  ] as typeof answers.attempts;
}

/** A server under load: every answer has other figures. */
function fillNow({ answers }: MockAdmin, port: number): void {
  let turn = 0;
  answers.stats = () => {
    turn++;
    const value = (number: number, labels = {}): object => ({ labels, value: number });
    return {
      server: serverFacts(port),
      metrics: {
        signalbox_clients: [value(100 + turn)],
        signalbox_opens_total: [value(turn, { outcome: "refused_full" })],
        signalbox_messages_total: [value(turn * 1_000, { outcome: "relayed" })],
      },
    };
  };
  const ids = [
    HOSTILE,
    TURNED,
    "y".repeat(256),
    ...Array.from({ length: 30 }, (_, i) => `id-${i}`),
  ];
  answers.clients = ids.map((id) => ({ id, address: "::1", connectedAt: 0, messages: 7 }));
}

browserTest(
  "[PAGE-1] [PAGE-2] two clients meet with the keyboard alone, and every frame is drawn",
  async (browser) => {
    await using server = await startChild();
    await using admin = startMockAdmin(server.port);
    await using open = await openPage(browser, admin.url);
    const { page, hosts } = open;
    await tabTo(page, "button.primary");
    await page.keyboard.press("Enter");
    await page.getByText(/alice-\w+ said "hello" to bob-\w+/).waitFor();

    const labels = await page.locator(".diagram .label").allTextContents();
    for (const type of ["connects", "OPEN", "OFFER", "CANDIDATE", "ANSWER", '"hello"']) {
      assert(labels.some((label) => label.startsWith(type)), `${type} in ${labels}`);
    }
    const counted = labels.filter((label) =>
      label.startsWith("OFFER") || label.startsWith("ANSWER")
    );
    assertEquals(counted.length, 4, "to the server and from it");
    await tabTo(page, "[data-event]");
    const place = labels.filter((label) => label !== "connects").findIndex((label) =>
      label.startsWith("OFFER")
    );
    for (let i = 0; i < place; i++) await page.keyboard.press("ArrowDown");
    await page.keyboard.press("Enter");
    assertMatch(await page.locator(".diagram .detail").innerText(), /"type": "OFFER"[^]*v=0/);
    await page.keyboard.press("Space");
    await page.locator(".diagram .detail").waitFor({ state: "detached" });
    await tabTo(page, ".text summary");
    await page.keyboard.press("Enter");
    const rows = await page.locator(".events tbody tr").count();
    assertEquals(rows, labels.length, "the table has the same");
    assertEquals(hosts, new Set([new URL(admin.url).host, new URL(server.url).host]));
    assertMatch(await page.locator(".outcome").innerText(), /no TURN server was used/);

    await page.evaluate("document.activeElement.blur(); scrollTo(0, 0)");
    await tabTo(page, "#link-now");
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "Now", exact: true }).waitFor();
    await page.goto(`${admin.url}?again`);
    await page.getByRole("heading", { name: "Now", exact: true }).waitFor();
  },
);

browserTest("[PAGE-2] what keeps two clients apart is explained", async (browser) => {
  await using server = await startChild({ args: ["--auth", "jwt"], env: SECRET });
  await using admin = startMockAdmin(server.port);
  await using open = await openPage(browser, admin.url, { expectsFailures: true });
  const { page } = open;
  const target = { path: "/", key: "peerjs", port: server.port, secure: false, host: null };
  admin.answers.target = () => ({ ...target, auth: "jwt", tokens: null });
  const meet = page.getByRole("button", { name: "Let two peers meet" });
  const outcome = page.locator(".outcome.bad");

  await meet.click();
  await outcome.getByText("admits only clients with a token").waitFor();
  assertEquals(await page.evaluate("document.activeElement.id"), "try-token-alice");
  await page.keyboard.type("wrong");
  await page.getByLabel("Token of bob").fill("wrong");
  await meet.click();
  await outcome.getByText(/refused the socket with 4006.*fresh one/).waitFor();

  admin.answers.target = () => ({ ...target, key: "wrong", auth: "none", tokens: null });
  await meet.click();
  await outcome.getByText(/refused the socket with 4003/).waitFor();
  assert(await page.locator(".diagram .fault").count() > 0, "the diagram shows the close");

  admin.answers.target = () => ({ ...target, port: 9, auth: "none", tokens: null });
  await meet.click();
  await outcome.getByText(/policy of this page does not let it connect to http:.*:9\//).waitFor();
  admin.answers.target = () => ({ ...target, auth: "none", tokens: null });

  await page.getByLabel("Id of bob").fill(await page.getByLabel("Id of alice").inputValue());
  await meet.click();
  await outcome.getByText("Two clients need two ids").waitFor();
  assertEquals(await page.locator(".diagram").isVisible(), false, "the last diagram is gone");
  await page.getByLabel("Id of bob").fill("bob");

  await server.stop();
  await meet.click();
  await outcome.getByText(`Nothing answers at ${server.url}`).waitFor();
});

const SECRET = { PEERSERVER_AUTH_SECRET: "0123456789".repeat(4) };

browserTest(
  "[PAGE-3] [PAGE-5] figures change, clients are found and disconnected, and a silence is told",
  async (browser) => {
    await using admin = startMockAdmin(9);
    fillNow(admin, 9);
    await using open = await openPage(browser, `${admin.url}#now`, { expectsFailures: true });
    const { page } = open;
    const clients = page.locator('[data-key="clients"] .big');
    await page.locator('[data-key="messages"] .big').getByText(/^[\d,]{3,}\/s$/).waitFor();
    const first = await clients.innerText();
    await clients.filter({ hasNotText: first }).waitFor();

    const rows = page.locator("table.cards tbody tr");
    assertEquals(await rows.count(), 25);
    assertEquals(await rows.first().locator("td").first().innerText(), HOSTILE);
    assertEquals(await rows.nth(1).locator("td").first().innerText(), "abc\\u{202e}gnp.exe");
    assertEquals(await page.locator("img").count(), 0);
    await page.getByRole("button", { name: "Next page" }).click();
    await page.getByText("id-29").waitFor();
    await page.getByLabel("Search by a part of the id").fill("ONERROR");
    await page.getByText("1 client with").waitFor();
    assertEquals(await page.getByRole("button", { name: "Next page" }).count(), 0, "all fit");

    await tabTo(page, "td button");
    await page.keyboard.press("Enter");
    await page.getByText("Press again to disconnect").waitFor();
    assertEquals(admin.answers.clients.length, 33, "the first press only asks");
    await page.keyboard.press("Enter");
    await page.getByText(`${HOSTILE} is disconnected.`).waitFor();
    assertEquals(admin.answers.clients.some(({ id }) => id === HOSTILE), false);

    admin.answers.isAway = true;
    await page.getByText(/The server answered 502.*since/).waitFor();
    admin.answers.isAway = false;
    await page.locator("#connection:empty").waitFor({ state: "attached" });
  },
);

browserTest(
  "[PAGE-4] [PAGE-5] an attempt that failed has its advice, diagram and candidates",
  async (browser) => {
    await using admin = startMockAdmin(9);
    fillAttempts(admin);
    await using open = await openPage(browser, `${admin.url}#why`);
    const { page } = open;
    await page.getByText("3 attempts.").waitFor();
    assertEquals(await page.locator(".who").nth(1).innerText(), `${HOSTILE} → abc\\u{202e}gnp.exe`);

    await tabTo(page, ".attempts summary");
    await page.keyboard.press("Enter");
    const body = page.locator(".attempts li").first().locator(".body");
    assertMatch(await body.locator(".advice").innerText(), /certain.*bob was not there.*Open it/s);
    const labels = await body.locator(".diagram .label").allTextContents();
    assertEquals(labels.map((label) => label.slice(0, 5)), ["OFFER", "EXPIR"]);
    assertMatch(
      await body.locator("table.cards tbody tr").first().innerText(),
      /alice\s+2\s+1\s+0\s+0\s+1/,
    );

    await page.getByLabel("Only of peers").fill("server");
    await page.getByText('1 attempt of peers with "server".').waitFor();
    await page.locator(".attempts > li > details > summary").click();
    await page.locator(".party").first().waitFor();
    const names = await page.locator(".party text").allTextContents();
    assertEquals(names.slice(1), ["server", "server"], "an id may be the word");

    const [, hostile] = admin.answers.attempts;
    assert(hostile !== undefined);
    admin.answers.attempts = [Object.assign({}, hostile, { id: 1, callee: "server" })];
    admin.answers.startedAt = 2;
    await page.locator(".who").getByText(HOSTILE).waitFor();
  },
);

browserTest(
  "[PAGE-6] the page asks for the admin token, again if it is wrong, and keeps it",
  async (browser) => {
    await using admin = startMockAdmin(9);
    admin.answers.token = "right";
    await using open = await openPage(browser, `${admin.url}#why`, { expectsFailures: true });
    const { page } = open;
    const field = page.getByRole("textbox", { name: "Admin token" });
    await field.fill("wrong");
    await page.keyboard.press("Enter");
    await page.getByText("did not accept that token").waitFor();
    await field.fill("right");
    await page.keyboard.press("Enter");
    await page.getByText("No attempt yet.").waitFor();
    await page.reload();
    await page.getByText("No attempt yet.").waitFor();
    assertEquals(await page.getByRole("dialog").count(), 0);
  },
);

browserTest(
  "[PAGE-7] every view is readable and reachable in both schemes, wide and narrow",
  async (browser) => {
    await using server = await startChild();
    await using admin = startMockAdmin(server.port);
    fillNow(admin, server.port);
    fillAttempts(admin);
    for (const [colorScheme, width] of [["light", 360], ["dark", 1_280]] as const) {
      await using open = await openPage(browser, `${admin.url}#try`, {
        ...{ colorScheme, viewport: { width, height: 700 } },
      });
      const { page } = open;
      await page.getByRole("button", { name: "Let two peers meet" }).click();
      await page.locator(".outcome.good").waitFor();
      await page.locator(".options > summary").click();
      await assertAccessible(page, `Try, ${colorScheme}, ${width}`);
      await page.getByRole("link", { name: "Now" }).click();
      await page.getByText("id-20").waitFor();
      await assertAccessible(page, `Now, ${colorScheme}, ${width}`);
      await page.getByRole("link", { name: "Why" }).click();
      await page.locator(".attempts > li > details > summary").first().click();
      await page.locator(".advice").waitFor();
      await assertAccessible(page, `Why, ${colorScheme}, ${width}`);
    }
  },
);
