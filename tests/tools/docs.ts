/**
 * The documents that are made from the code, as they should be: the tables of options, what one process carries and what
 * grows with its crowd, the comparison with the incumbent, and the tests behind each rule of SPEC.md. Run as a program
 * it writes them.
 */
import config from "../../deno.json" with { type: "json" };
import { METRICS } from "../../adapters/admin/metrics.ts";
import { variablesOf } from "../../adapters/program/environment.ts";
import { defaultText, defaultWithUnit, optionGroups } from "../../adapters/program/help.ts";
import { OPTION_NAMES, type OptionName, optionOf } from "../../core/mod.ts";
import type { ClusterResults } from "../bench/cluster.ts";
import { growthChart } from "../bench/growth/chart.ts";
import { type Growth, growthPage } from "../bench/growth/figures.ts";
import type { Results } from "../bench/results.ts";
import { coresPage, scalePage } from "../bench/scale.ts";
import { GROUPS } from "../conformance/groups.ts";
import { rulesOf } from "../support/side_by_side.ts";
import { permissionsTable } from "./permissions_table.ts";

const ROOT = new URL("../../", import.meta.url);
const PAGE = "adapters/admin/page";
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

/** The files of the admin page: its scripts, styles and markup. */
export async function pageFiles(): Promise<string[]> {
  const found: string[] = [];
  await collect(PAGE, found, /\.(?:js|css|html)$/);
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
async function expectedSpec(): Promise<string> {
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

/** Every document that has a part made from the code, by its path, as it should be. */
export async function expectedDocuments(): Promise<Map<string, string>> {
  const measured: Results = JSON.parse(await readText("tests/bench/results.json"));
  const workers: Results = JSON.parse(await readText("tests/bench/workers.json"));
  const cluster: ClusterResults = JSON.parse(await readText("tests/bench/cluster.json"));
  const growth: Growth = JSON.parse(await readText("tests/bench/growth/growth.json"));
  const parts = [
    ["README.md", "everyday options", everydayTable()],
    ["adapters/admin/README.md", "metrics", metricsTable()],
    ["adapters/program/README.md", "options", optionTables()],
    ["adapters/program/README.md", "permissions", permissionsTable()],
    ["adapters/listen/README.md", "recipes", await recipes()],
    ["core/settings/settings.ts", "settings", settingsFields()],
    ["tests/bench/README.md", "scale", scalePage(measured)],
    ["tests/bench/README.md", "cores", coresPage(workers, cluster)],
    ["tests/bench/growth/README.md", "growth", growthPage(growth)],
    ["tests/conformance/README.md", "comparison", await comparison()],
  ] as const;
  const documents = new Map([
    ["core/SPEC.md", await expectedSpec()],
    ["tests/deno.json", testsConfig(await readText("tests/deno.json"))],
    ["adapters/admin/page/jsconfig.json", pageConfig()],
    ["tests/bench/growth/growth.svg", growthChart(growth)],
  ]);
  for (const [path, name, part] of parts) {
    documents.set(
      path,
      replaceBetween(path, documents.get(path) ?? await readText(path), name, part),
    );
  }
  return documents;
}

/**
 * The configuration of the tests: the product's, and the packages that only tests import. Those in the root are what a
 * first start downloads.
 */
function testsConfig(now: string): string {
  const { unstable, compilerOptions, fmt, lint, imports } = config;
  const all = Object.entries({ ...JSON.parse(now).imports, ...imports });
  const sorted = Object.fromEntries(all.sort(([a], [b]) => a < b ? -1 : 1));
  return `${JSON.stringify({ unstable, compilerOptions, fmt, lint, imports: sorted }, null, 2)}\n`;
}

/** Checks the scripts of the admin page with the types of a browser. */
function pageConfig(): string {
  const lib = ["esnext", "dom", "dom.iterable"];
  const compilerOptions = { ...config.compilerOptions, checkJs: true, lib };
  return `${JSON.stringify({ compilerOptions }, null, 2)}\n`;
}

/** Files that TLS takes are shown where the README is about TLS. */
function everydayTable(): string {
  const names = optionGroups("everyday").filter(({ group }) => group !== "TLS")
    .flatMap(({ names }) => names);
  const rows = names.map((name) =>
    `| ${flagOf(name)} | ${defaultText(name)} | ${optionOf(name).doc} |`
  );
  return ["| flag | default | meaning |", "|---|---|---|", ...rows].join("\n");
}

function optionTables(): string {
  return optionGroups("all").map(({ group, names }) => {
    const rows = names.map((name) => {
      const { unit = "", doc } = optionOf(name);
      const variables = variablesOf(name).map((variable) => `\`${variable}\``).join(", ");
      return `| ${flagOf(name)} | ${variables} | ${defaultText(name)} | ${unit} | ${doc} |`;
    });
    return `### ${group}

| flag | variable | default | unit | meaning |
|---|---|---|---|---|
${rows.join("\n")}`;
  }).join("\n\n");
}

/** The fields of the settings; a package that is published cannot leave it to the compiler to infer them. */
function settingsFields(): string {
  return OPTION_NAMES.map((name) => {
    const text = `${optionOf(name).doc}. Default: ${defaultWithUnit(name)}.`;
    const lines = text.match(/.{1,110}(?: |$)/g) ?? [];
    const comment = lines.map((line) => `   * ${line.trimEnd()}`).join("\n");
    return `  /**\n${comment}\n   */\n  readonly ${name}: ${typeOf(name)};`;
  }).join("\n");
}

function typeOf(name: OptionName): string {
  const option = optionOf(name);
  switch (option.type) {
    case "integer":
      return "number";
    case "text":
      return "string";
    case "list":
      return "readonly string[]";
    case "choice":
      return option.choices.map((choice) => JSON.stringify(choice)).join(" | ");
    case "boolean":
      return "boolean";
  }
}

function metricsTable(): string {
  const rows = METRICS.map(({ name, labels, type, help }) => {
    const list = labels.length === 0 ? "" : `{${labels.join()}}`;
    return `| \`${name}${list}\` | ${type} | ${help} |`;
  });
  return ["| metric | type | meaning |", "|---|---|---|", ...rows].join("\n");
}

/** The configurations of proxies, as the tests start them. */
async function recipes(): Promise<string> {
  const files = [
    ["nginx", "nginx.conf", "nginx"],
    ["Caddy", "Caddyfile", ""],
    ["HAProxy, with certificate and key in one file", "haproxy.cfg", ""],
    ["Apache", "apache.conf", "apache"],
  ] as const;
  const parts = await Promise.all(files.map(async ([title, file, language]) => {
    const text = await readText(`adapters/listen/recipes/${file}`);
    return `${title}:\n\n\`\`\`${language}\n${text}\`\`\``;
  }));
  return parts.join("\n\n");
}

function flagOf(name: OptionName): string {
  const { alias } = optionOf(name);
  return alias === undefined ? `\`--${name}\`` : `\`--${name}\`, \`-${alias}\``;
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

function replaceBetween(path: string, text: string, name: string, content: string): string {
  const isCode = path.endsWith(".ts");
  const [open, close] = isCode ? ["  // ", ""] : ["<!-- ", " -->"];
  const [begin, end] = [
    `${open}${name}: made by deno task docs${close}\n`,
    `\n${open}end of ${name}${close}`,
  ];
  const from = text.indexOf(begin);
  const to = text.indexOf(end);
  if (from < 0 || to < from) throw new Error(`${path} has no place for the ${name}`);
  return text.slice(0, from + begin.length) + content + text.slice(to);
}

async function collect(folder: string, found: string[], kind = /\.ts$/): Promise<void> {
  for await (const { name, isDirectory } of Deno.readDir(new URL(`${folder}/`, ROOT))) {
    if (isDirectory) await collect(`${folder}/${name}`, found, kind);
    else if (kind.test(name)) found.push(`${folder}/${name}`);
  }
}

if (import.meta.main) {
  const documents = await expectedDocuments();
  for (const [path, text] of documents) await Deno.writeTextFile(new URL(path, ROOT), text);
  const format = new Deno.Command(Deno.execPath(), {
    args: ["fmt", "-q", ...documents.keys()],
    cwd: ROOT,
  });
  await format.output();
}
