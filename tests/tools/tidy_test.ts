/** Taste that a machine can check, and documents that must agree with the code. */
import {
  expectedDocuments,
  pageFiles,
  readText,
  ruleNumbers,
  sourceFiles,
  testedRules,
} from "./docs.ts";
import { assert, assertEquals } from "../support/assert.ts";

const LINES_MAX = 400;
const FUNCTION_LINES_MAX = 70;
const COLUMNS_MAX = 120;

const IMPURE =
  /\b(?:Date|Math\.random|crypto|setTimeout|setInterval|queueMicrotask|performance|Deno|console|async|await|class|globalThis|fetch)\b/;
const SWITCHED_OFF = new RegExp(
  [
    "Deno\\.test\\.(?:only|ignore)",
    "\\bonly: true",
    "\\bignore: true",
    "deno-lint-ig" + "nore",
    "@ts-(?:ignore|expect-error|nocheck)",
    "\\bas any\\b",
    "\\bTO" + "DO\\b",
    "\\bFIX" + "ME\\b",
  ].join("|"),
);

Deno.test("core/ is pure: no clock, no randomness, no I/O, no classes, nothing asynchronous", async () => {
  for (const file of await sourceFiles("core")) {
    const code = withoutComments(await readText(file));
    assertEquals(code.match(IMPURE)?.[0], undefined, file);
  }
});

Deno.test("core/ imports pure libraries only, and its own files: layers_test.ts", async () => {
  for (const file of await sourceFiles("core")) {
    const imports = (await readText(file)).matchAll(
      /^(?:import|export)\b[^;]*?from "([^.].*)";$/gm,
    );
    for (const [, source] of imports) assertEquals(source, "@std/http/status", file);
  }
});

Deno.test("no file and no function outgrows its bound", async () => {
  for (const file of [...await sourceFiles(), ...await pageFiles()]) {
    const lines = (await readText(file)).split("\n");
    assert(lines.length - 1 <= LINES_MAX, `${file} has ${lines.length - 1} lines`);
    for (const { name, length } of functionsIn(lines)) {
      assert(length <= FUNCTION_LINES_MAX, `${name} in ${file} has ${length} lines`);
    }
    const longest = Math.max(...lines.map((line) => line.length));
    assert(longest <= COLUMNS_MAX || file.startsWith("tests/"), `${file} has a line of ${longest}`);
  }
});

Deno.test("main.ts is wiring: at most 60 lines", async () => {
  assert((await readText("main.ts")).split("\n").length <= 61);
});

Deno.test("no check is switched off, and nothing is left for later", async () => {
  for (const file of [...await sourceFiles(), ...await pageFiles()]) {
    assertEquals((await readText(file)).match(SWITCHED_OFF)?.[0], undefined, file);
  }
});

Deno.test("every module of core/ and adapters/ begins by saying what it answers for", async () => {
  const scripts = (await pageFiles()).filter((file) => file.endsWith(".js"));
  const modules = [...await sourceFiles("core"), ...await sourceFiles("adapters"), ...scripts];
  for (const file of modules) {
    assert((await readText(file)).startsWith("/**\n"), file);
  }
});

Deno.test("the top level has what it may have", async () => {
  const allowed =
    /^(?:\..*|deno\.json|deno\.lock|main\.ts|core|adapters|tests|README\.md|LICENSE|Dockerfile|node_modules|coverage|signalbox)$/;
  const { stdout } = await new Deno.Command("git", {
    args: ["ls-files"],
    cwd: new URL("../../", import.meta.url),
  }).output();
  const paths = new TextDecoder().decode(stdout).trim().split("\n");
  for (const name of new Set(paths.map((path) => path.split("/", 1)[0] ?? ""))) {
    assert(allowed.test(name), `${name} does not belong at the top level`);
  }
});

Deno.test("every rule is cited by a test, and every citation is of a rule", async () => {
  const rules = ruleNumbers(await readText("core/SPEC.md"));
  const cited = await testedRules();
  assertEquals(rules.filter((rule) => !cited.has(rule)), [], "rules that no test cites");
  assertEquals(
    [...cited.keys()].filter((rule) => !rules.includes(rule)),
    [],
    "rules that do not exist",
  );
});

Deno.test("what is made from the code is up to date in every document: deno task docs", async () => {
  for (const [path, expected] of await expectedDocuments()) {
    assert(await readText(path) === expected, `${path} is stale: deno task docs`);
  }
});

/** Code without comments, strings kept: a name in a string is as suspicious as one outside. */
function withoutComments(text: string): string {
  return text.replace(/\/\*[^]*?\*\//g, "").replace(/^\s*\/\/.*$/gm, "");
}

/** Functions at any depth that begin and end on lines of their own, told by their indentation. */
function functionsIn(lines: readonly string[]): { name: string; length: number }[] {
  const found: { name: string; length: number }[] = [];
  lines.forEach((line, start) => {
    const match = /^(\s*)(?:export )?(?:async )?function\*? (\w+)/.exec(line);
    if (match === null) return;
    const [, indent, name] = match;
    const length = lines.slice(start).findIndex((candidate) => candidate === `${indent}}`) + 1;
    assert(length > 0, `the end of ${name} was not found`);
    found.push({ name: name ?? "", length });
  });
  return found;
}
