/** What a user gets: the packages of a first start, the package that is published, the one executable. */
import config from "../../deno.json" with { type: "json" };
import { assert, assertEquals } from "../support/assert.ts";
import { makeFolder } from "../support/folder.ts";
import { ROOT } from "../support/main.ts";
import { pageFiles, readText, sourceFiles } from "./docs.ts";

/** A package and its version in a specifier: what follows names a file in it. */
const PACKAGE = /^npm:((?:@[^/]+\/)?[^/]+)/;

async function deno(args: readonly string[], env: Record<string, string> = {}): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [...args],
    cwd: ROOT,
    env: { NO_COLOR: "1", ...env },
  }).output();
  const text = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
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

Deno.test("deno compile puts everything that the server may load into the executable", async () => {
  await using folder = await makeFolder();
  const path = `${folder.path}/signalbox`;
  // What `deno compile` appends its files to is downloaded; here a program stands in for it, so the result does not run.
  await deno(["compile", "-A", "--frozen", "--no-check", "--output", path, "main.ts"], {
    DENORT_BIN: "/bin/true",
  });
  const bytes = new TextDecoder("latin1").decode(await Deno.readFile(path));
  for (const file of await pageFiles()) {
    const text = await readText(file);
    assert(bytes.includes(new TextDecoder("latin1").decode(new TextEncoder().encode(text))), file);
  }
});
