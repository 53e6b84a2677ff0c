/**
 * That the list of breaks has not rotted: each still applies to the code, changes it, leaves code that can be
 * read, and cites rules that exist. Whether the tests notice them is for `deno task mutants`.
 */
import { readText, ruleNumbers, sourceFiles } from "../tools/docs.ts";
import { assert, assertEquals, assertThrows } from "../support/assert.ts";
import { allBreaks, applyBreak, breaksOf } from "./break.ts";
import { runsFor } from "./suites.ts";

const BREAKS = await allBreaks();

Deno.test("every break applies once, and what it leaves can be read", async () => {
  const folder = await Deno.makeTempDir({ prefix: "mutants-" });
  try {
    for (const [i, broken] of BREAKS.entries()) {
      const text = await readText(broken.file);
      const changed = applyBreak(text, broken);
      await Deno.writeTextFile(`${folder}/${i}.ts`, `// ${broken.name}\n${changed}`);
    }
    const { stderr, success } = await new Deno.Command(Deno.execPath(), {
      args: ["fmt", "--quiet", "--no-config", folder],
      env: { NO_COLOR: "1" },
    }).output();
    assert(success, new TextDecoder().decode(stderr));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("every break has a name of its own, and cites rules that exist", async () => {
  const rules = ruleNumbers(await readText("core/SPEC.md"));
  const names = BREAKS.map(({ name }) => name);
  assertEquals(names.filter((name, i) => names.indexOf(name) !== i), [], "names given twice");
  for (const { name, rules: cited } of BREAKS) {
    assertEquals(cited.filter((rule) => !rules.includes(rule)), [], name);
  }
});

Deno.test("every file of rules is broken in some way", async () => {
  const broken = new Set(BREAKS.map(({ file }) => file));
  const files = await sourceFiles("core");
  assertEquals(files.filter((file) => !broken.has(file) && !WITHOUT_RULES.has(file)), []);
});

/** What they are is types, names and numbers: the type checker and the README's table hold them. */
const WITHOUT_RULES = new Set(
  "event message mod attempts/mod cluster/command cluster/mod settings/limits settings/option settings/settings"
    .split(" ")
    .map((name) => `core/${name}.ts`),
);

function applied(text: string, line: string): string[] {
  return breaksOf(`== x.ts\n\nA-1: a\n  ${line}\n`).map((each) => applyBreak(text, each));
}

Deno.test("a break is put in as it is, however the code is laid out, and once for each way", () => {
  assertEquals(applied("x(\n  a,\n  b)", "x(a⟨, b→$&→⟩)"), ["x(\n  a$&)", "x(\n  a)"]);
  assertEquals(applied("if (a) b; c", "⟨if (a)→⟩ b; ⟨→d⟩ c"), [" b;d c"]);
  assertEquals(applied("return c", "return ⟨→b ??⟩ c"), ["return b ?? c"]);
});

Deno.test("a break that does not apply once, or changes nothing, says so", () => {
  for (const [text, times] of [["xy", 0], ["aa", 2]] as const) {
    assertThrows(() => applied(text, "⟨a→b⟩"), Error, `found ${times} times`);
  }
  assertThrows(() => applied("a", "⟨a→a⟩"), Error, "changes nothing");
});

Deno.test("a table gives each way its name and rules, and no other line goes", () => {
  const table = "== x.ts\n\nA-1 B-2: a\n  ⟨a→b⟩\nA-1: c\n  ⟨a→b→c⟩\n== y.ts\nA-1: d\n  ⟨a→⟩\n";
  const found = breaksOf(table).map(({ name, file, rules }) => `${file} ${rules} ${name}`);
  assertEquals(found, ["x.ts A-1,B-2 a", "x.ts A-1 c (1)", "x.ts A-1 c (2)", "y.ts A-1 d"]);
  for (const line of ["no rule", "A-1:", "  no way", "  ⟨a→b⟩ ⟨a→b→c⟩", "  ⟨a⟩"]) {
    assertThrows(() => breaksOf(line), Error, line.trim());
  }
});

/** The runs for a break of `core/x.ts` and of rule A-1, of files that take so long and cite A-1 or nothing. */
function runsOf(
  files: readonly (readonly [name: string, ms: number, rule?: string])[],
  caught: string[] = [],
): string[] {
  const times = new Map(
    files.map(([name, ms, rule = ""]) => [{ file: `tests/${name}_test.ts`, cited: [rule] }, ms]),
  );
  const catches = caught.map((name) => ({ broken: "core/x.ts", by: `tests/${name}_test.ts` }));
  return runsFor({ file: "core/x.ts", rules: ["A-1"] }, times, catches)
    .map((run) => run.join().replaceAll(/tests\/|_test\.ts/g, ""));
}

Deno.test("tests that are about the rules of a break run first, and slow ones alone and late", () => {
  const files = [["b", 1], ["c", 1, "A-1"], ["d", 3, "A-1"], ["e", 10, "A-1"], ["x", 2]] as const;
  assertEquals(runsOf(files), ["x", "c,d", "b", "e"]);
  const more = [...files, ["f", 3], ["g", 3], ["h", 3], ["i", 3]] as const;
  assertEquals(runsOf(more), ["x", "c,d", "e", "b,f,g,h,i"], "all the others take longer");
  assertEquals(runsOf(more, ["g", "g", "g", "f", "x"])[0], "x");
  assertEquals(
    runsOf(files, Array(9).fill("b")),
    ["b", "x,c,d", "e"],
    "it caught others of the file",
  );
});
