/**
 * The listeners with which the faults are tested.
 *
 * @module
 */
import { type Child, type ChildOptions, startChild } from "../support/child.ts";

/** All listeners. */
export const LISTENERS = ["deno", "node"] as const;

export type ListenerName = typeof LISTENERS[number];

/** Declares a test for each listener; `start` starts the program with that listener. */
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
