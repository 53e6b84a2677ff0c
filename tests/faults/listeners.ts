/**
 * The listeners that the faults are tried on.
 *
 * @module
 */
import { type Child, type ChildOptions, startChild } from "../support/child.ts";

/** Every listener that the program has. */
export const LISTENERS = ["deno", "node"] as const;

/** The name of a listener. */
export type ListenerName = typeof LISTENERS[number];

/** Declares a test for each listener; `start` starts the program with it. */
export function testEach(
  name: string,
  test: (
    start: (options?: ChildOptions) => Promise<Child>,
    listener: ListenerName,
  ) => Promise<void>,
): void {
  for (const listener of LISTENERS) {
    Deno.test(`${name}: ${listener}`, async () => {
      const start = (options: ChildOptions = {}): Promise<Child> =>
        startChild({ ...options, args: ["--listener", listener, ...options.args ?? []] });
      await test(start, listener);
    });
  }
}
