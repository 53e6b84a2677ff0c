/** Documents: what they link to, call and name exists, and the example that makes a token works. */
import { variablesOf } from "../../adapters/program/environment.ts";
import { isOptionName, isRetiredName, OPTION_NAMES } from "../../core/mod.ts";
import config from "../../deno.json" with { type: "json" };
import { createSignalbox } from "../../main.ts";
import { assert, assertEquals, assertStringIncludes } from "../support/assert.ts";
import { readText } from "./docs.ts";

const ROOT = new URL("../../", import.meta.url);

const OTHER_FLAGS =
  /^(?:help|version|frozen|check|at|diff|every|quiet|html|peers|payloads|only|seed|hours|minutes|threads|rounds|growth|sub|expires|json|token|origin|ca|config|pid)$/;

/** Flags of deno, docker and systemd. */
const FLAGS_OF_OTHERS =
  /^(?:allow_(?:net|read|write|env|run)|prompt|build|build_arg|cap_drop|deps|detach|init|now|read_only|signal|ulimit)$/;

/** Every document by its path, as Git has it or would. */
async function documents(): Promise<Map<string, string>> {
  const { stdout } = await new Deno.Command("git", {
    args: ["ls-files", "--cached", "--others", "--exclude-standard", "*.md"],
    cwd: ROOT,
  }).output();
  const paths = new TextDecoder().decode(stdout).trim().split("\n");
  const texts = await Promise.all(paths.map(readText));
  return new Map(paths.map((path, i) => [path, texts[i] ?? ""]));
}

/** All that a pattern finds in each document: the path of the document, and the first group. */
async function found(pattern: RegExp): Promise<[path: string, text: string][]> {
  const all = await documents();
  const hits = [...all].flatMap(([path, text]) =>
    [...text.matchAll(pattern)].map(([, hit = ""]): [string, string] => [path, hit])
  );
  assert(all.size > 5 && hits.length > 0, String(pattern));
  return hits;
}

/** The anchors of a document, as GitHub makes them of headings. */
function anchorsOf(text: string): string[] {
  return [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading = ""]) =>
    heading.toLowerCase().replace(/[^\p{L}\p{N} _-]/gu, "").replaceAll(" ", "-")
  );
}

Deno.test("a link in a document leads to a file that exists, and to a heading of it", async () => {
  for (const [path, link] of await found(/\]\((?!https?:)([^)\s]+)\)/g)) {
    const [file = "", anchor] = link.split("#");
    const target = new URL(file, new URL(path, ROOT));
    const info = await Deno.stat(target).catch(() => null);
    assert(info !== null, `${path} links to ${link}`);
    if (anchor === undefined) continue;
    assert(anchorsOf(await Deno.readTextFile(target)).includes(anchor), `${path}: ${link}`);
  }
});

Deno.test("an option or a variable that a document names exists", async () => {
  for (const [path, flag] of await found(/(?<![\w-])--([a-z][\w-]*)/g)) {
    const name = flag.replaceAll("-", "_").replace(/^no_/, "");
    const exists = isOptionName(name) || isRetiredName(name) || OTHER_FLAGS.test(name) ||
      FLAGS_OF_OTHERS.test(name);
    assert(exists, `${path} names --${flag}`);
  }
  const variables = new Set(OPTION_NAMES.flatMap(variablesOf));
  for (const [path, name] of await found(/\b(PEERSERVER_[A-Z_]*[A-Z])\b/g)) {
    assert(variables.has(name), `${path} names ${name}`);
  }
});

Deno.test("a task or a program that a document tells to run exists", async () => {
  const tasks: Readonly<Record<string, unknown>> = config.tasks;
  for (const [path, task] of await found(/\b(?:deno|deno@[\d.]+) task ([\w:]+)/g)) {
    assert(Object.hasOwn(tasks, task), `${path} tells to run deno task ${task}`);
  }
  for (
    const [path, file] of await found(/\bdeno(?:@[\d.]+)? (?:run|test)(?: -\S+)* ([\w./]+)/g)
  ) {
    const info = await Deno.stat(new URL(file, ROOT)).catch(() => null);
    assert(info !== null, `${path} tells to run ${file}`);
  }
});

Deno.test("[AUTH-5] the example that makes a token makes one that counts", async () => {
  const [, example = ""] =
    /```js(?: ignore)?\n([^]*?)```/.exec(await readText("adapters/auth/README.md")) ??
      [];
  assertStringIncludes(example, "SignJWT");
  const auth_secret = "only for this test, and long enough";
  const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["eval", `import process from "node:process";\n${example}\nconsole.log(token);`],
    cwd: ROOT,
    env: { PEERSERVER_AUTH_SECRET: auth_secret, NO_COLOR: "1" },
  }).output();
  const token = new TextDecoder().decode(stdout).trim();
  assertEquals(token.split(".").length, 3, new TextDecoder().decode(stderr));
  const box = createSignalbox({ auth: "jwt", auth_secret, auth_http: true });
  const ask = async (bearer: string): Promise<number | undefined> => {
    const headers = { authorization: `Bearer ${bearer}` };
    return (await box.handle(new Request("http://localhost/peerjs/id", { headers })))?.status;
  };
  assertEquals([await ask(token), await ask(`${token}x`)], [200, 401]);
  await box.stop();
});
