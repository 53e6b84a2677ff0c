/** The printer of the log: everything in order, few writes for many lines, and no wait for whoever reads. */
import { createPrinter, type Printer } from "../../adapters/observe/printer.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { settled } from "../support/recording.ts";

/** What a write comes to: so many bytes are written, or it fails. */
type Answer = number | Error;

/** A printer whose writes end when the test says so. */
class Bench {
  readonly printer: Printer<string>;
  /** The writes so far, as they were asked for. */
  readonly asked: string[] = [];
  /** What was written of them. */
  written = "";
  formatted = 0;
  readonly pauses: number[] = [];
  #timer: (() => void) | null = null;
  #answer: ((answer: Answer) => void) | null = null;

  constructor() {
    this.printer = createPrinter({
      format: (item: string) => {
        this.formatted++;
        return item;
      },
      lostLine: (count) => `${count} lost`,
      write: (bytes) => this.#write(new TextDecoder().decode(bytes)),
      schedule: (callback, delayMs) => {
        this.pauses.push(delayMs);
        this.#timer = callback;
        return () => this.#timer = null;
      },
    });
  }

  print(...lines: string[]): void {
    lines.forEach((line) => this.printer.print(line));
  }

  /** Ends the write under way; all of it is written where nothing else is said. */
  async answer(answer: Answer = Infinity): Promise<void> {
    const settle = this.#answer;
    assert(settle !== null, "no write is under way");
    this.#answer = null;
    settle(answer);
    await settled();
  }

  /** Ends the pause; says whether there was one. */
  async wait(): Promise<boolean> {
    const timer = this.#timer;
    this.#timer = null;
    timer?.();
    await settled();
    return timer !== null;
  }

  /** Lets all be written that waits. */
  async writeAll(): Promise<void> {
    while (this.#answer !== null || await this.wait()) {
      if (this.#answer !== null) await this.answer();
    }
  }

  async #write(text: string): Promise<number> {
    assert(this.#answer === null, "two writes at once");
    this.asked.push(text);
    const { promise, resolve } = Promise.withResolvers<Answer>();
    this.#answer = resolve;
    const answer = await promise;
    if (answer instanceof Error) throw answer;
    const count = Math.min(answer, text.length);
    this.written += text.slice(0, count);
    return count;
  }
}

/** A line of so many characters that begins with this number. */
function long(number: number, length: number): string {
  return String(number).padEnd(length, ".");
}

const FULL = new Error("no space left");

Deno.test("[LOG-5] a line is written at once, those right after it together, in order", async () => {
  const bench = new Bench();
  bench.print("1");
  assertEquals(bench.asked, ["1\n"]);
  bench.print("2", "3");
  await bench.answer();
  assertEquals(bench.asked, ["1\n"], "a moment ago one was written");
  await bench.wait();
  assertEquals(bench.asked, ["1\n", "2\n3\n"]);
  await bench.answer();
  assertEquals([await bench.wait(), await bench.wait()], [true, false], "no timer for nothing");
  bench.print("4");
  assertEquals(bench.asked.at(-1), "4\n");
});

Deno.test("[LOG-5] an important line does not wait for others, but for the write under way", async () => {
  const bench = new Bench();
  bench.print("1");
  bench.print("2");
  bench.printer.flush();
  assertEquals(bench.asked, ["1\n"]);
  await bench.answer();
  bench.printer.flush();
  await settled();
  assertEquals(bench.asked, ["1\n", "2\n"]);
});

Deno.test("[LOG-5] what a write left is written next, without a pause", async () => {
  const bench = new Bench();
  bench.print("12345");
  bench.print("6");
  await bench.answer(2);
  await bench.answer(3);
  await bench.writeAll();
  assertEquals(bench.asked, ["12345\n", "345\n", "\n", "6\n"]);
  assertEquals(bench.written, "12345\n6\n");
});

Deno.test("[LOG-5] after an error it is tried again, less and less often, at least once a second", async () => {
  const bench = new Bench();
  bench.print("1");
  bench.print("2");
  for (let i = 0; i < 9; i++) {
    await bench.answer(i === 4 ? 0 : FULL);
    bench.printer.flush();
    await settled();
    assertEquals(bench.asked.length, i + 1, "nothing makes it try sooner");
    await bench.wait();
  }
  assertEquals(bench.pauses, [20, 40, 80, 160, 320, 640, 1_000, 1_000, 1_000]);
  await bench.writeAll();
  assertEquals(bench.written, "1\n2\n");
  bench.print("3");
  await bench.answer(FULL);
  assertEquals(bench.pauses.at(-1), 20, "from the beginning");
});

Deno.test("[LOG-5] what is beyond a mebibyte is lost, counted, and told in its place", async () => {
  const bench = new Bench();
  const kept = 1_024;
  for (let i = 0; i < kept; i++) bench.print(long(i, 1_024));
  assertEquals(bench.formatted, kept);
  bench.print("a", "b", "c");
  assertEquals(bench.formatted, kept + 1, "what is lost anyway is not made a line");
  await bench.answer(FULL);
  await bench.wait();
  bench.print("d");
  await bench.writeAll();
  bench.print("e");
  await bench.writeAll();
  const lines = bench.written.split("\n");
  assertEquals(lines.slice(0, kept), Array.from({ length: kept }, (_, i) => long(i, 1_024)));
  assertEquals(lines.slice(kept), ["4 lost", "e", ""]);
  bench.print(long(0, 2_000_000), "f");
  await bench.writeAll();
  assertEquals(bench.written.split("\n").slice(kept + 2), ["1 lost", "f", ""], "alone");
});

Deno.test("[LOG-5] there is room again as soon as a part is written", async () => {
  const bench = new Bench();
  for (let i = 0; i < 1_024; i++) bench.print(long(i, 1_024));
  bench.print("a");
  await bench.answer();
  bench.print("b");
  await bench.writeAll();
  assertEquals(bench.written.split("\n").slice(1_024), ["1 lost", "b", ""]);
});

Deno.test("[LOG-5] much is written in pieces of whole lines; after an error in small ones", async () => {
  const bench = new Bench();
  bench.print("0");
  for (let i = 1; i <= 200; i++) bench.print(long(i, 999));
  bench.print(long(201, 10_000), "202");
  await bench.answer();
  await bench.wait();
  assertEquals(bench.asked[1]?.length, 66_000);
  await bench.answer();
  assertEquals(bench.asked[2]?.length, 66_000, "without a pause");
  await bench.answer(FULL);
  await bench.wait();
  await bench.writeAll();
  assertEquals(bench.asked.slice(3).filter((text) => !text.endsWith("\n")), []);
  const sizes = bench.asked.slice(3).map((text) => text.length);
  assertEquals(sizes.toSorted((a, b) => b - a).slice(0, 2), [10_001, 4_000]);
  assertEquals(
    bench.written.match(/^\d+/gm)?.map(Number),
    Array.from({ length: 203 }, (_, i) => i),
  );
});

Deno.test("[LOG-5] at the end all is tried at once, and again without long pauses", async () => {
  const bench = new Bench();
  await bench.printer.drained();
  bench.print("1");
  bench.print("2");
  const drained = bench.printer.drained();
  await bench.answer(FULL);
  await bench.wait();
  await bench.answer(FULL);
  await bench.wait();
  await bench.answer();
  await bench.answer();
  await drained;
  assertEquals([bench.written, bench.pauses], ["1\n2\n", [10, 10]]);
});

Deno.test("[LOG-5] the end does not wait for a pause that has begun", async () => {
  for (const answer of [FULL, Infinity]) {
    const bench = new Bench();
    bench.print("1");
    bench.print("2");
    await bench.answer(answer);
    const drained = bench.printer.drained();
    await settled();
    await bench.answer();
    if (answer === FULL) await bench.answer();
    await drained;
    assertEquals(bench.written, "1\n2\n");
  }
});
