/** The assertions of the standard library with their types: its npm form comes without them. */
import * as std from "@std/assert";

type ErrorClass = new (...args: never[]) => Error;

export const assert: (condition: unknown, message?: string) => asserts condition = std.assert;

export const assertEquals: <T>(actual: T, expected: T, message?: string) => void = std.assertEquals;

/** Whether the two are the same value or object. */
export const assertStrictEquals: <T>(actual: unknown, expected: T, message?: string) => void =
  std.assertStrictEquals;

export const assertMatch: (actual: string, expected: RegExp, message?: string) => void =
  std.assertMatch;

export const assertStringIncludes: (actual: string, expected: string, message?: string) => void =
  std.assertStringIncludes;

/** The error is one of that class, and its message has `includes` in it. */
export const assertThrows: (call: () => unknown, error: ErrorClass, includes?: string) => void =
  std.assertThrows;

/** The promise is rejected with such an error. */
export const assertRejects: (
  call: () => Promise<unknown>,
  error: ErrorClass,
  includes?: string,
) => Promise<unknown> = std.assertRejects;
