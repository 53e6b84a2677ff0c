/** The page on the real admin port: what it shows is what the server did. */
import { assertEquals } from "../support/assert.ts";
import { freePort, serveAdministered } from "../support/admin.ts";
import { startChild } from "../support/child.ts";
import { browserTest } from "./lab.ts";
import { openPage } from "./page_lab.ts";

browserTest(
  "[PAGE-2] [PAGE-3] [PAGE-4] two clients meet on the real server, with its tokens; one is disconnected",
  async (browser) => {
    await using served = await serveAdministered({
      ...{ auth: "jwt", auth_secret: "0123456789".repeat(4), cors: ["https://example.com"] },
      admin_token: "token-of-the-admin",
    });
    // The API has asked for the token before: that is a failed request.
    await using open = await openPage(browser, served.admin, { expectsFailures: true });
    const { page, hosts } = open;
    await page.getByRole("textbox", { name: "Admin token" }).fill("token-of-the-admin");
    await page.keyboard.press("Enter");
    await page.getByText("It makes those of these two clients itself.").waitFor();
    await page.getByRole("button", { name: "Let two peers meet" }).click();
    await page.getByText(/alice-\w+ said "hello" to bob-\w+/).waitFor();

    await page.getByRole("link", { name: "Why" }).click();
    await page.locator(".who").getByText(/^alice-\w+$/).waitFor();
    await page.locator(".attempts > li > details > summary").click();
    const labels = page.locator(".attempts .diagram .label");
    await labels.first().waitFor();
    assertEquals((await labels.allTextContents())[0]?.slice(0, 5), "OFFER");

    await page.getByRole("link", { name: "Now" }).click();
    await page.locator('[data-key="clients"] .big').getByText("2", { exact: true }).waitFor();
    await page.getByLabel("Search by a part of the id").fill("ALICE");
    await page.getByText("1 client with").waitFor();
    const button = page.getByRole("button", { name: /isconnect alice/ });
    await button.click();
    await button.click();
    await page.locator('[data-key="clients"] .big').getByText("1", { exact: true }).waitFor();
    assertEquals(hosts, new Set([new URL(served.admin).host, `127.0.0.1:${served.port}`]));
  },
);

browserTest(
  "[ADMIN-13] [PAGE-2] [PAGE-3] [PAGE-4] two clients of two workers meet, and the page tells it as of one server",
  async (browser) => {
    const port = freePort();
    await using child = await startChild({ args: ["--workers", "2", "--admin_port", `${port}`] });
    await using open = await openPage(browser, `http://127.0.0.1:${port}/`);
    const { page } = open;
    const workerOf = async (id: string): Promise<number> => {
      const line = await child.nextLine((line) => line.includes(`"\\"${id}\\" connected from`));
      return JSON.parse(line).properties.worker;
    };
    let [alice, bob] = ["", ""];
    // The kernel chooses their workers; a page that is loaded again has other ids.
    for (let areApart = false; !areApart;) {
      await page.reload();
      await page.getByRole("button", { name: "Let two peers meet" }).click();
      const said = page.getByText(/^alice-\w+ said "hello" to bob-\w+/);
      await said.waitFor();
      [alice = "", bob = ""] = (await said.innerText()).match(/(?:alice|bob)-\w+/g) ?? [];
      areApart = await workerOf(alice) !== await workerOf(bob);
    }
    await page.getByRole("link", { name: "Why" }).click();
    await page.getByLabel("Only of peers with this in their id").fill(alice);
    const attempt = page.locator(".attempts > li").filter({ hasText: bob });
    await attempt.locator("summary").first().click();
    const labels = attempt.locator(".diagram .label");
    await labels.filter({ hasText: /^ANSWER/ }).waitFor();
    assertEquals(await attempt.count(), 1);
    assertEquals((await labels.allTextContents())[0]?.slice(0, 5), "OFFER");

    await page.getByRole("link", { name: "Now" }).click();
    await page.getByText(/ · 2 workers$/).waitFor();
    await page.getByLabel("Search by a part of the id").fill(alice);
    await page.getByText("1 client with").waitFor();
  },
);
