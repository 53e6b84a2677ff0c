/**
 * ICE servers from `/ice`, with a real coturn and the unmodified client in a real browser. Without a browser or a
 * turnserver the test is ignored, and one line says so, unless `SIGNALBOX_REQUIRE` names what is missing.
 */
import { createTurnCredentials } from "../../adapters/http/ice.ts";
import { assert, assertEquals, assertMatch } from "../support/assert.ts";
import { findTurnServer, startTurnServer } from "../support/turn_server.ts";
import { serveAdministered } from "../support/admin.ts";
import { browserTest, chat, connect, type Seat, test } from "./lab.ts";
import { openPage } from "./page_lab.ts";

const SECRET = "only for this test";

const search = findTurnServer();
if (search.kind === "missing" && search.allowed) {
  console.warn(`left out: a test with a TURN server: ${search.reason}`);
} else {
  test("[HTTP-19] two pages that may use nothing but the TURN server meet with credentials of /ice, and not with others", async (lab) => {
    if (search.kind === "missing") throw new Error(search.reason);
    await using turn = await startTurnServer(search.path, SECRET);
    const server = await lab.serve("--turn_urls", turn.url, "--turn_secret", SECRET);

    const asker = await lab.tab();
    const configFor = async (id: string): Promise<Config> => {
      const { iceServers }: { iceServers?: unknown } = Object(
        await asker.run("json", `${server.url}peerjs/ice?id=${id}`),
      );
      return { iceServers, iceTransportPolicy: "relay" };
    };
    const [alice, bob] = await Promise.all(
      ["alice", "bob"].map(async (id): Promise<Seat> =>
        await lab.arrive(server, id, { config: await configFor(id) })
      ),
    );
    assert(alice !== undefined && bob !== undefined);
    await connect(alice, bob, "relayed");
    await chat(alice, bob, "relayed", "hello");
    assertMatch(turn.lines.join("\n"), /:alice/);

    const right = await configFor("carol");
    assertEquals(await asker.run("gather", right), ["relay"]);
    const ended = createTurnCredentials(
      { turn_secret: SECRET, turn_lifetime: 1_000 },
      () => Date.now() - 60_000,
    );
    const wrong = createTurnCredentials({ turn_secret: "another secret", turn_lifetime: 60_000 });
    for (const credentials of [ended("carol"), wrong("carol")]) {
      const iceServers = [{ urls: [turn.url], ...credentials }];
      assertEquals(await asker.run("gather", { ...right, iceServers }), []);
    }
  });

  browserTest(
    "[PAGE-8] Try goes through the TURN server alone, and says so if that gives nothing",
    async (browser) => {
      if (search.kind === "missing") throw new Error(search.reason);
      await using turn = await startTurnServer(search.path, SECRET);
      const secret = "0123456789".repeat(4);
      const meetWith = async (turn_secret: string): Promise<string> => {
        await using served = await serveAdministered({
          ...{
            turn_urls: [turn.url],
            turn_secret,
            auth: "jwt",
            auth_secret: secret,
            auth_http: true,
            admin_token: "token-of-the-admin",
          },
        });
        // The API has asked for the token before: that is a failed request.
        await using open = await openPage(browser, served.admin, { expectsFailures: true });
        await open.page.getByRole("textbox", { name: "Admin token" }).fill("token-of-the-admin");
        await open.page.keyboard.press("Enter");
        await open.page.getByText("Ids, tokens, ICE servers").click();
        await open.page.getByLabel("ICE servers").selectOption("server");
        await open.page.getByRole("button", { name: "Let two peers meet" }).click();
        const outcome = open.page.locator(".outcome:is(.good, .bad)");
        await outcome.waitFor();
        return await outcome.innerText();
      };
      const said = await Promise.all([meetWith(SECRET), meetWith("another secret than that")]);
      assertMatch(said[0] ?? "", /through the TURN server \(candidates: relay to relay\)/);
      assertMatch(
        said[1] ?? "",
        /TURN gave the clients no address \(turn:127.*static-auth-secret/s,
      );
    },
  );
}

interface Config {
  readonly iceServers: unknown;
  readonly iceTransportPolicy: "relay";
}
