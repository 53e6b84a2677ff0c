/**
 * What a break is: one small change to the source that makes it break a rule on purpose, to see which
 * test notices. Knows nothing of how tests are run.
 *
 * @module
 */

/** One way to break the server. */
export interface Break {
  /** What is wrong then, in the words of the field. */
  readonly name: string;
  /** The rules of SPEC.md that it breaks. */
  readonly rules: readonly string[];
  /** The path of the file from the root of the project. */
  readonly file: string;
  /** What is replaced; it occurs once in the file. */
  readonly find: string;
  /** What stands there instead. It need not pass the type checker. */
  readonly put: string;
}

/** A break of a file that is named once for many. */
export type BreakInFile = Omit<Break, "file">;

/** Puts the name of their file to breaks. */
export function breaksOf(file: string, breaks: readonly BreakInFile[]): Break[] {
  return breaks.map((each) => ({ ...each, file }));
}

/**
 * The text of the file with the break in it.
 *
 * @throws {Error} Where the break does not apply any longer: the message says how to mend it.
 */
export function applyBreak(text: string, { name, file, find, put }: Break): string {
  const found = text.split(find).length - 1;
  if (found !== 1) {
    throw new Error(
      `The break "${name}" does not apply: its find must occur once in ${file}, and it occurs ` +
        `${found} times. Adapt it to the code, or drop it: ${JSON.stringify(find)}`,
    );
  }
  if (find === put) {
    throw new Error(`The break "${name}" changes nothing: find and put are the same`);
  }
  return text.replace(find, () => put);
}

/** The break as lines taken out and lines put in. */
export function diffOf({ file, find, put }: Break): string {
  const lines = (sign: string, text: string): string[] =>
    text === "" ? [] : text.split("\n").map((line) => `${sign} ${line}`);
  return [`  ${file}`, ...lines("  -", find), ...lines("  +", put)].join("\n");
}
