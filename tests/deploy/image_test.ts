/** The image: built from the Dockerfile by buildah, and run as a container (image.ts says what is not real). */
import { assert, assertEquals, assertMatch } from "../support/assert.ts";
import { freePort } from "../cluster/redis.ts";
import { join } from "../support/peer_socket.ts";
import { buildImage, runImage, whyNoImage } from "./image.ts";

const why = whyNoImage();
if (why !== null) console.warn(why);

Deno.test({
  name:
    "[DEPLOY-3] the image has only the product, takes flags, runs as no root on a root that cannot be written, is healthy, and ends with 0",
  ignore: why !== null,
  fn: async () => {
    await using image = await buildImage();
    const { config, root } = image;
    const { User, ExposedPorts, WorkingDir, Healthcheck } = config;
    assertEquals([User, WorkingDir, Object.keys(ExposedPorts)], ["deno", "/app", ["9000/tcp"]]);
    assertEquals(Healthcheck.Test[0], "CMD");
    const namesIn = (folder: string): string[] =>
      [...Deno.readDirSync(`${root}/app/${folder}`)].map(({ name }) => name);
    assertEquals(namesIn("").sort(), [
      ".deno",
      "LICENSE",
      "adapters",
      "core",
      "deno.json",
      "deno.lock",
      "main.ts",
    ]);
    const packages = namesIn(".deno/npm").flatMap((registry) => namesIn(`.deno/npm/${registry}`));
    assert(packages.includes("ws") && !packages.includes("playwright-core"), packages.join());
    const writable = await new Deno.Command("find", {
      args: [
        `${root}/app`,
        "!",
        "-type",
        "l",
        "(",
        "!",
        "-user",
        "root",
        "-o",
        "-perm",
        "/022",
        ")",
      ],
    }).output();
    assertEquals(new TextDecoder().decode(writable.stdout), "");

    const port = freePort();
    const flags = ["--host", "127.0.0.1", "--port", `${port}`, "--path", "/signal"];
    await using container = runImage(image, [...flags, "--record", "/data/record"]);
    await container.output.first((line) => line.includes('"recording"'));
    const wsUrl = `ws://127.0.0.1:${port}/signal/peerjs`;
    await using a = await join({ wsUrl }, "a");
    a.send({ type: "OFFER", dst: "a", payload: 1 });
    assertEquals(await a.next(), { type: "OFFER", src: "a", dst: "a", payload: 1 });
    const url = `http://127.0.0.1:${port}/signal/healthz`;
    assertEquals(await container.checkHealth(), [0, `${url}: answers 200\n`]);
    assertEquals(await container.stop(), 0, container.output.lines.join("\n"));

    // Whatever an option loads is in the image.
    const all = ["--listener", "node", "--admin_port", `${freePort()}`, "--auth", "jwt"];
    const secret = [
      "--auth_secret",
      "0".repeat(32),
      "--cluster",
      `redis://127.0.0.1:${freePort()}`,
    ];
    await using other = runImage(image, [...flags, ...all, ...secret]);
    await other.output.first((line) => line.includes("Not joined to the cluster"));
    assertEquals((await other.checkHealth())[0], 0);
    assertEquals(await other.stop(), 0);

    await using refused = runImage(image, [...flags, "--record", "/app/record"]);
    assertMatch(await refused.output.first((line) => line !== ""), /Option record: .*\/app/);
    assertEquals(await refused.ended, 2);
  },
});
