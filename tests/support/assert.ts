/** The assertions of the standard library with their types: its npm form comes without them. */
import * as std from "@std/assert";

/** Fails unless `condition` holds. */
export function assert(condition: unknown, message?: string): asserts condition {
  std.assert(condition, message);
}

/** Fails unless the two are deeply equal. */
export function assertEquals<T>(actual: T, expected: T, message?: string): void {
  std.assertEquals(actual, expected, message);
}

/** Fails unless the two are the same value or object. */
export function assertStrictEquals<T>(actual: unknown, expected: T, message?: string): void {
  std.assertStrictEquals(actual, expected, message);
}

/** Fails unless `actual` matches. */
export function assertMatch(actual: string, expected: RegExp, message?: string): void {
  std.assertMatch(actual, expected, message);
}

/** Fails unless `actual` has `expected` in it. */
export function assertStringIncludes(actual: string, expected: string, message?: string): void {
  std.assertStringIncludes(actual, expected, message);
}

/** Fails unless the call throws an error of that class whose message has `includes` in it. */
export function assertThrows(
  call: () => unknown,
  errorClass: new (...args: never[]) => Error,
  includes?: string,
): void {
  std.assertThrows(call, errorClass, includes);
}

/** Fails unless the promise is rejected with an error of that class whose message has `includes` in it. */
export async function assertRejects(
  call: () => Promise<unknown>,
  errorClass: new (...args: never[]) => Error,
  includes?: string,
): Promise<void> {
  await std.assertRejects(call, errorClass, includes);
}
