/**
 * What advice is made of.
 *
 * @module
 */
import type { Millis } from "../ids.ts";

/** What is the matter, what to do about it, and how sure that is. */
export interface Advice {
  readonly text: string;
  readonly todo: string;
  readonly sure: Sureness;
}

/**
 * `certain` where the server saw it itself, `likely` where the evidence leaves little else, `possible` where it is what
 * to look at if the connection failed.
 */
export type Sureness = "certain" | "likely" | "possible";

export function certain(text: string, todo: string): Advice {
  return { text, todo, sure: "certain" };
}

export function likely(text: string, todo: string): Advice {
  return { text, todo, sure: "likely" };
}

export function possible(text: string, todo: string): Advice {
  return { text, todo, sure: "possible" };
}

/** A length of time, for people. */
export function duration(ms: number): string {
  return ms < 1_000 ? `${Math.round(ms)} ms` : `${Math.round(ms / 100) / 10} s`;
}

/** How long after one event another came. */
export function gap(from: { at: Millis }, to: { at: Millis }): string {
  return duration(to.at - from.at);
}
