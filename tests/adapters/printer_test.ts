/**
 * The printer of the log: everything in order, nothing lost, and few writes for many.
 */
import { createPrinter, type Printer } from "../../adapters/printer.ts";
import { assertEquals } from "../support/assert.ts";

interface Bench extends Printer<number> {
  readonly written: (readonly number[])[];
  /** Ends the pause, if there is one; says whether there was. */
  readonly wait: () => boolean;
}

function bench(): Bench {
  const written: (readonly number[])[] = [];
  const timers: (() => void)[] = [];
  const printer = createPrinter({
    write: (items: readonly number[]) => void written.push(items),
    schedule: (callback) => {
      timers.push(callback);
      return () => {};
    },
  });
  const wait = (): boolean => {
    const [timer] = timers.splice(0);
    timer?.();
    return timer !== undefined;
  };
  return { ...printer, written, wait };
}

Deno.test("an item is printed at once, those right after it together, in order", () => {
  const { print, written, wait } = bench();
  print(1);
  assertEquals(written, [[1]]);
  print(2);
  print(3);
  assertEquals(written, [[1]]);
  wait();
  assertEquals(written, [[1], [2, 3]]);
  print(4);
  assertEquals(written, [[1], [2, 3]], "another pause followed");
  wait();
  assertEquals(wait(), true);
  assertEquals(wait(), false, "no timer is left when nothing comes");
  print(5);
  assertEquals(written, [[1], [2, 3], [4], [5]]);
});

Deno.test("what waits is printed at once when asked for, and once", () => {
  const { print, written, wait, flush } = bench();
  flush();
  assertEquals(written, []);
  print(1);
  print(2);
  flush();
  flush();
  assertEquals(written, [[1], [2]]);
  wait();
  assertEquals(written, [[1], [2]]);
});

Deno.test("no more than 256 items wait", () => {
  const { print, written } = bench();
  for (let i = 0; i <= 256; i++) print(i);
  assertEquals(written.map((items) => items.length), [1, 256]);
});
