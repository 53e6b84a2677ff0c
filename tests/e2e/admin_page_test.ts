/** The page on the real admin port: what it shows is what the server did. */
import { assertEquals } from "../support/assert.ts";
import { serveAdministered } from "../support/admin.ts";
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
