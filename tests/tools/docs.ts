/**
 * The documents that are made from the code, as they should be: the README's table of options, what one process
 * carries, and the comparison with the incumbent, and the tests behind each rule of SPEC.md. Run as a program it writes them.
 *
 * @module
 */
import { optionTable } from "../../adapters/program/cli.ts";
import { type Measured, scalePage } from "../bench/scale.ts";
import { GROUPS } from "../conformance/groups.ts";
import { rulesOf } from "../support/side_by_side.ts";

const ROOT = new URL("../../", import.meta.url);
const RULE = /^\*\*([A-Z]+-\d+)\*\*/gm;

/** The text of a file of the project, by its path from the root. */
export async function readText(path: string): Promise<string> {
  return await Deno.readTextFile(new URL(path, ROOT));
}

/** The TypeScript files under a folder of the project; all of them by default. */
export async function sourceFiles(folder?: string): Promise<string[]> {
  const folders = folder === undefined ? ["core", "adapters", "tests"] : [folder];
  const found = folder === undefined ? ["main.ts"] : [];
  for (const next of folders) await collect(next, found);
  return found.sort();
}

/** The numbers of the rules, in order. */
export function ruleNumbers(spec: string): string[] {
  return [...spec.matchAll(RULE)].map(([, rule]) => rule ?? "");
}

/** The numbers of the rules in which the incumbent does something else, in order. */
export function deviatingRules(spec: string): string[] {
  return spec.split("\n\n").filter((paragraph) => paragraph.includes("_Deviation_"))
    .flatMap(ruleNumbers);
}

/** For each rule that tests cite, the files of those tests; a conversation with the incumbent is a test. */
export async function testedRules(): Promise<Map<string, string[]>> {
  const cited = new Map<string, string[]>();
  for (const file of await sourceFiles("tests")) {
    if (!file.endsWith("_test.ts") && !file.startsWith("tests/conformance/")) continue;
    const names = (await readText(file)).matchAll(/\[([A-Z]+-\d+)\]/g);
    for (const rule of new Set([...names].map(([, rule]) => rule ?? ""))) {
      cited.set(rule, [...cited.get(rule) ?? [], file.slice("tests/".length)]);
    }
  }
  return cited;
}

/** SPEC.md with the tests of each rule behind it. */
export async function expectedSpec(): Promise<string> {
  const spec = await readText("core/SPEC.md");
  const cited = await testedRules();
  return spec.split("\n\n").map((paragraph) => {
    const rule = ruleNumbers(paragraph)[0];
    if (rule === undefined) return paragraph;
    const files = (cited.get(rule) ?? []).map((file) => `\`${file}\``).join(", ");
    const [body = ""] = paragraph.split(/\n_Tests_:/);
    return `${body.trimEnd()}\n_Tests_: ${files}${paragraph.endsWith("\n") ? "\n" : ""}`;
  }).join("\n\n");
}

/** README.md with the table of options that the code has, what was measured, and how the incumbent differs. */
export async function expectedReadme(): Promise<string> {
  const measured: Measured = JSON.parse(await readText("tests/bench/results.json"));
  const parts = {
    options: optionTable(),
    scale: scalePage(measured),
    comparison: await comparison(),
  };
  let readme = await readText("README.md");
  for (const [name, part] of Object.entries(parts)) readme = replaceBetween(readme, name, part);
  return readme;
}

/** The table of what people should know, and what the conversations come to. */
async function comparison(): Promise<string> {
  const rules = ruleNumbers(await readText("core/SPEC.md"));
  const all = GROUPS.flatMap(({ conversations }) => conversations);
  const differing = all.filter(({ difference }) => difference !== undefined);
  const rows = differing.flatMap(({ difference }) => difference?.row ?? [])
    .map(({ about, incumbent, signalbox }) => `| ${about} | ${incumbent} | ${signalbox} |`);
  const shown = new Set(differing.flatMap(rulesOf));
  const list = rules.filter((rule) => shown.has(rule)).join(", ");
  return `|  | \`npm:peer\` 1.0.2 | signalbox |
|---|---|---|
${rows.join("\n")}

Both are held side by side in ${all.length} conversations (\`deno task conformance\`): ${
    all.length - differing.length
  } alike, ${differing.length} different, in the rules ${list}.`;
}

function replaceBetween(text: string, name: string, content: string): string {
  const [begin, end] = [`<!-- ${name}: made by deno task docs -->\n`, `\n<!-- end of ${name} -->`];
  const from = text.indexOf(begin);
  const to = text.indexOf(end);
  if (from < 0 || to < from) throw new Error(`README.md has no place for the ${name}`);
  return text.slice(0, from + begin.length) + content + text.slice(to);
}

async function collect(folder: string, found: string[]): Promise<void> {
  for await (const { name, isDirectory } of Deno.readDir(new URL(`${folder}/`, ROOT))) {
    if (isDirectory) await collect(`${folder}/${name}`, found);
    else if (name.endsWith(".ts")) found.push(`${folder}/${name}`);
  }
}

if (import.meta.main) {
  await Deno.writeTextFile(new URL("core/SPEC.md", ROOT), await expectedSpec());
  await Deno.writeTextFile(new URL("README.md", ROOT), await expectedReadme());
  const format = new Deno.Command(Deno.execPath(), {
    args: ["fmt", "-q", "core/SPEC.md", "README.md"],
    cwd: ROOT,
  });
  await format.output();
}
