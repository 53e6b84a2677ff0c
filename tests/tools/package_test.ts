/** What a user gets: the packages of a first start, the package that is published, the one executable. */
import config from "../../deno.json" with { type: "json" };
import { assert, assertEquals, assertMatch } from "../support/assert.ts";
import { makeFolder } from "../support/folder.ts";
import { ROOT } from "../support/main.ts";
import { pageFiles, readText, sourceFiles } from "./docs.ts";

const latin1 = new TextDecoder("latin1");

/** A package and its version in a specifier: what follows names a file in it. */
const PACKAGE = /^npm:((?:@[^/]+\/)?[^/]+)/;

interface Result {
  readonly success: boolean;
  readonly text: string;
}

async function run(args: readonly string[], env: Record<string, string> = {}): Promise<Result> {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [...args],
    cwd: ROOT,
    env: { NO_COLOR: "1", ...env },
  }).output();
  const text = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
  return { success, text };
}

/** What a command prints that does not fail. */
async function deno(...given: Parameters<typeof run>): Promise<string> {
  const { success, text } = await run(...given);
  assert(success, text);
  return text;
}

Deno.test("a first start downloads the packages that deno.json names, and what those need", async () => {
  const lock = JSON.parse(await readText("deno.lock"));
  const named = Object.values(config.imports).map((specifier) => PACKAGE.exec(specifier)?.[1]);
  assertEquals(
    Object.keys(lock.specifiers).map((specifier) => PACKAGE.exec(specifier)?.[1]),
    [...new Set(named)].sort(),
    "the lock has others: remove it, then run main.ts --version and adapters/record/replay/replay.ts --help",
  );
  const needed = new Set<string>();
  const need = (name: string): void => {
    // With its version, and after that the packages that it shares with others.
    const isIt = (key: string): boolean =>
      key.replace(/(?<=.)[@_].*/, "") === name || key.split("_")[0] === name;
    const key = Object.keys(lock.npm).find(isIt) ?? "";
    if (needed.has(key)) return;
    needed.add(key);
    (lock.npm[key].dependencies ?? []).forEach(need);
  };
  named.forEach((name) => need(name ?? ""));
  assertEquals(Object.keys(lock.npm).sort(), [...needed].sort());
});

Deno.test("deno publish has nothing to complain of, and takes the product only", async () => {
  const printed = await deno(["publish", "--dry-run", "--allow-dirty", "--no-lock"]);
  const files = [...printed.matchAll(new RegExp(`${ROOT.href}(\\S+) \\(`, "g"))].map(([, f]) => f);
  const product = [...await sourceFiles("core"), ...await sourceFiles("adapters")];
  for (const file of ["main.ts", "README.md", "LICENSE", ...product, ...await pageFiles()]) {
    assert(files.includes(file), `without ${file}`);
  }
  const others = files.filter((file) =>
    !/^(?:adapters|core)\/|^[^/.]+\.(?:ts|md|json|lock)$/.test(file ?? "")
  );
  assertEquals(others, ["LICENSE"]);
});

Deno.test("an application checks the types of what it imports with options of its own", async () => {
  await using folder = await makeFolder();
  const path = `${folder.path}/deno.json`;
  await Deno.writeTextFile(path, JSON.stringify({ imports: config.imports }));
  await deno(["check", "--no-lock", "--config", path, "main.ts"]);
});

/** The modules of the project that a module may load, at the start or later. */
async function loadedEver(file: string, found: Set<string> = new Set()): Promise<Set<string>> {
  if (found.has(file)) return found;
  found.add(file);
  const code = (await readText(file)).replace(/^ *(?:\*|\/[*/]).*$/gm, "");
  const later = [...code.matchAll(/\b(?:import|new Worker\(new URL)\((.*?)(?:\)|, import)/g)]
    .map(([, source = ""]) => source);
  for (const source of later) {
    assertMatch(source, /^"[^"]+"$/, `${file}: deno compile cannot follow it`);
  }
  const now = code.matchAll(/^(?:import|export) (?!type\b)[^;]*?from ("[^"]+")/gm);
  for (const source of [...[...now].map(([, source = ""]) => source), ...later]) {
    const path = new URL(JSON.parse(source), `file:///${file}`);
    if (/^"\..*\.ts"$/.test(source)) await loadedEver(path.pathname.slice(1), found);
  }
  return found;
}

Deno.test("deno compile puts everything that the server may load into one executable", async () => {
  await using folder = await makeFolder();
  const path = `${folder.path}/signalbox`;
  const [, ...words] = config.tasks.compile.command.split(" ");
  const args = words.map((word) => word === "signalbox" ? path : word);
  const real = await run(args);
  if (real.success) {
    const { stdout } = await new Deno.Command(path, { args: ["--version"] }).output();
    assertEquals(new TextDecoder().decode(stdout), `signalbox ${config.version}\n`);
  } else {
    assertMatch(real.text, /denort|download|sending request/i, "compile failed for another reason");
    console.log("left out: running the executable, because its base cannot be downloaded here");
    // Any program can stand in for the base that the files are appended to, but the result does not run.
    await deno(args, { DENORT_BIN: "/bin/true" });
  }
  const bytes = latin1.decode(await Deno.readFile(path));
  const loaded = await loadedEver("main.ts");
  assert(loaded.has("adapters/listen/node/node.ts") && loaded.has("adapters/cluster/engine.ts"));
  assert(loaded.has("adapters/workers/worker.ts"));
  for (const file of [...loaded, ...await pageFiles()]) {
    const text = new TextEncoder().encode(await readText(file));
    assert(bytes.includes(latin1.decode(text)), `without ${file}`);
  }
});
