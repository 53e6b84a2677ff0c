/**
 * What a break is: one small change to the source that breaks a rule on purpose, to see which test notices;
 * and how the tables in `breaks/` are read, which list them all. Knows nothing of how tests are run.
 *
 * In a table, `== FILE` begins the breaks of a file. A line of rules and a name, `OPEN-1 OPEN-2: what is wrong
 * then`, stands above its ways, one in each indented line: code as it is, in which `⟨old→new⟩` is replaced, and
 * both may be empty. `⟨old→new→other⟩` is two ways. Any white space stands for any other, or none: how the code
 * is laid out does not matter.
 */
import { readText } from "../tools/docs.ts";

export interface Break {
  /** What is wrong then; where several ways lead there, with its number. */
  readonly name: string;
  readonly rules: readonly string[];
  /** The path of the file from the root of the project. */
  readonly file: string;
  /** Its line in the table. */
  readonly line: string;
  /** What is found once in the file, part by part. */
  readonly parts: readonly Part[];
}

/** A part of the code that is found: kept as it is, or replaced. */
export interface Part {
  readonly find: string;
  /** What stands there instead; `null` where it is kept. What comes out need not pass the type checker. */
  readonly put: string | null;
}

const FOLDER = "tests/mutants/breaks";

/** All breaks, in the order of the tables. */
export async function allBreaks(): Promise<Break[]> {
  const found: Break[] = [];
  const tables = Array.from(Deno.readDirSync(new URL("breaks", import.meta.url)));
  for (const name of tables.map(({ name }) => name).sort()) {
    found.push(...breaksOf(await readText(`${FOLDER}/${name}`)));
  }
  return found;
}

/**
 * The breaks of one table.
 *
 * @throws {Error} Where a line is none of a table.
 */
export function breaksOf(table: string): Break[] {
  const found: Break[] = [];
  let [file, head] = ["", ""];
  let ways: Omit<Break, "name">[] = [];
  const flush = (): void => {
    const [, rules = "", name] = /^([A-Z\d -]+): (.+)$/.exec(head) ?? [];
    for (const [i, way] of ways.entries()) {
      const number = ways.length > 1 ? ` (${i + 1})` : "";
      found.push({ ...way, name: `${name}${number}`, rules: rules.split(" ") });
    }
    ways = [];
  };
  for (const line of table.split("\n")) {
    if (line.startsWith("  ")) ways.push(...waysOf(file, line.trim()));
    else if (line !== "") {
      flush();
      if (line.startsWith("== ")) file = line.slice(3);
      else if (/^[A-Z]+-\d+(?: [A-Z]+-\d+)*: ./.test(line)) head = line;
      else throw new Error(`A table has no such line: ${JSON.stringify(line)}`);
    }
  }
  flush();
  return found;
}

function waysOf(file: string, line: string): Omit<Break, "name">[] {
  const pieces = line.split(/⟨([^⟩]*)⟩/);
  const marks = pieces.map((piece, i) => i % 2 === 0 ? [piece] : piece.split("→"));
  const count = Math.max(...marks.map(({ length }) => length)) - 1;
  if (count < 1 || marks.some(({ length }, i) => i % 2 === 1 && length - 1 !== count)) {
    throw new Error(`Each ⟨old→new⟩ of a line must have as many ways: ${JSON.stringify(line)}`);
  }
  return Array.from({ length: count }, (_, way) => {
    const parts = marks.map(([find = "", ...puts]) => ({ find, put: puts[way] ?? null }));
    return { rules: [], file, line, parts };
  });
}

/**
 * The text of the file with the break in it.
 *
 * @throws {Error} Where the break does not apply any longer: the message says how to mend it.
 */
export function applyBreak(text: string, { name, file, line, parts }: Break): string {
  const pattern = new RegExp(parts.map(({ find }) => `(${patternOf(find)})`).join("\\s*?"), "dg");
  const found = [...text.matchAll(pattern)];
  const [first] = found;
  if (first === undefined || found.length > 1) {
    throw new Error(
      `The break "${name}" does not apply: its line must be found once in ${file}, and it is ` +
        `found ${found.length} times. Adapt it to the code, or drop it: ${line}`,
    );
  }
  let [broken, at] = ["", 0];
  for (const [i, { find, put }] of parts.entries()) {
    const [start = 0, end = 0] = first.indices?.[i + 1] ?? [];
    broken += text.slice(at, start);
    // What is put in where nothing was must not become one word with what is before it.
    if (find === "" && /\w$/.test(broken) && /^\w/.test(put ?? "")) broken += " ";
    broken += put ?? text.slice(start, end);
    at = end;
  }
  broken += text.slice(at);
  if (broken === text) throw new Error(`The break "${name}" changes nothing: ${line}`);
  return broken;
}

/** A pattern for code that may be laid out in another way. */
function patternOf(code: string): string {
  return [...code.replace(/\s+/g, "")].map((unit) => unit.replace(/[^\w]/u, "\\$&")).join("\\s*");
}
