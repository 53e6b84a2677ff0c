/**
 * The doctor against real proxies: the recipes of adapters/listen as they are, and each with a mistake that people
 * make in it, which the doctor must name with the line to change.
 */
import { diagnose, type Line } from "../../adapters/doctor/doctor.ts";
import { assert, assertEquals, assertStringIncludes } from "../support/assert.ts";
import { type Certificate, makeCertificate } from "../support/certificate.ts";
import { serveBox } from "../support/served.ts";
import { type Daemon, type Edit, findDaemon, freePort, startDaemon } from "./daemons.ts";
import { CASES, NOBODY, OTHER, RIGHT, SECOND, type Wrong } from "./mistakes.ts";

/** Longer than the timeouts of one second of mistakes.ts. */
const IDLE_MS = 2_000;

const DAY_MS = 86_400_000;

async function certificateFor(kind: Wrong["certificate"]): Promise<Certificate> {
  if (kind === "other-name") return await makeCertificate(3, { name: "other.example" });
  if (kind !== "expired") return await makeCertificate();
  const now = Date.now();
  const valid = [new Date(now - 40 * DAY_MS), new Date(now - 5 * DAY_MS)] as const;
  return await makeCertificate(3, { valid });
}

/** The lines of the doctor for a proxy with a recipe that is wrong in this way, or right. */
async function linesFor(daemon: Daemon, path: string, wrong: Partial<Wrong>): Promise<Line[]> {
  const { server = RIGHT, edits = [], scheme = "https", certificate, isIdle } = wrong;
  await using cert = await certificateFor(certificate);
  await using box = serveBox(server);
  await using second = serveBox(server);
  await using other = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen: () => {} },
    () => new Response("<h1>No such page</h1>", { status: 404 }),
  );
  const ports = [
    [NOBODY, freePort()],
    [SECOND, second.port],
    [OTHER, other.addr.port],
  ] as const;
  const withPorts = edits.map(([from, to]): Edit => [
    from,
    ports.reduce((text, [name, port]) => text.replaceAll(name, String(port)), to),
  ]);
  await using proxy = await startDaemon(daemon, path, {
    upstream: box.port,
    key: cert.key,
    cert: cert.cert,
    edits: withPorts,
  });
  const target = {
    secure: scheme === "https",
    host: "localhost",
    port: proxy.port,
    path: "/signal/",
    key: "peerjs",
    origin: null,
    ca: certificate === "untrusted" ? null : cert.pem,
    hasToken: false,
    maxMs: 10_000,
    idleMs: isIdle ? IDLE_MS : 0,
  };
  return await diagnose(target, { given: null, mint: null });
}

for (const [daemon, wrongs] of CASES) {
  const found = findDaemon(daemon);
  const declare = (name: string, body: (path: string) => Promise<void>): void =>
    Deno.test(`[CLI-4] ${daemon}: ${name}`, async () => {
      if (found.kind === "found") return await body(found.path);
      assert(found.allowed, found.reason);
      console.log(`left out: ${found.reason}`);
    });

  declare("the doctor finds nothing wrong with the recipe", async (path) => {
    const lines = await linesFor(daemon, path, { isIdle: true });
    assertEquals(lines.filter(({ status }) => status === "fail"), []);
    const passed = lines.filter(({ status }) => status === "pass").map(({ check }) => check);
    for (const check of ["tls", "path", "cors", "messages", "large", "ids", "idle", "address"]) {
      assert(passed.includes(check), `${check} is not among ${passed}`);
    }
  });

  declare("the doctor names each mistake, and the line to change", async (path) => {
    const outcomes = await Promise.all(wrongs.map(async (wrong) => {
      const failed = (await linesFor(daemon, path, wrong)).filter(({ status }) =>
        status === "fail"
      );
      return { ...wrong, failed };
    }));
    for (const { title, mistake, todo, failed } of outcomes) {
      assertEquals(failed.map((line) => line.mistake), [mistake], title);
      assertStringIncludes(failed[0]?.todo ?? "", todo, title);
    }
  });
}
