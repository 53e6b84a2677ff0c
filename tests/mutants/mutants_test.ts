/**
 * That the list of breaks has not rotted: each still applies to the code, changes it, leaves code that can be
 * read, and cites rules that exist. Whether the tests notice them is for `deno task mutants`.
 */
import { readText, ruleNumbers, sourceFiles } from "../tools/docs.ts";
import { assert, assertEquals, assertThrows } from "../support/assert.ts";
import { applyBreak, type Break, diffOf } from "./break.ts";
import { BREAKS } from "./breaks.ts";

const EXAMPLE: Break = {
  name: "a is b",
  rules: ["OPEN-1"],
  file: "core/x.ts",
  find: "a",
  put: "$&b",
};

Deno.test("every break applies once, and what it leaves can be read", async () => {
  const folder = await Deno.makeTempDir({ prefix: "mutants-" });
  try {
    for (const [i, broken] of BREAKS.entries()) {
      const text = await readText(broken.file);
      const changed = applyBreak(text, broken);
      assert(changed !== text, broken.name);
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
    assert(cited.length > 0, `${name} cites no rule`);
    assertEquals(cited.filter((rule) => !rules.includes(rule)), [], name);
  }
});

Deno.test("every file of rules is broken in some way", async () => {
  const broken = new Set(BREAKS.map(({ file }) => file));
  const files = await sourceFiles("core");
  assertEquals(files.filter((file) => !broken.has(file) && !WITHOUT_RULES.has(file)), []);
});

/** What they are is types, names and numbers: the type checker and the README's table hold them. */
const WITHOUT_RULES = new Set([
  "core/event.ts",
  "core/settings/limits.ts",
  "core/mod.ts",
  "core/settings/option.ts",
]);

Deno.test("a break is put in as it is, and one that does not apply once says so", () => {
  assertEquals(applyBreak("xay", EXAMPLE), "x$&by");
  for (const [text, times] of [["xy", 0], ["aa", 2]] as const) {
    assertThrows(() => applyBreak(text, EXAMPLE), Error, `occurs ${times} times`);
  }
  assertThrows(() => applyBreak("a", { ...EXAMPLE, put: "a" }), Error, "changes nothing");
  assertEquals(diffOf({ ...EXAMPLE, put: "" }), "  core/x.ts\n  - a");
});
