/**
 * Options that once were, here or with the `peerjs` command: they are accepted, and do nothing.
 *
 * @module
 */

import { isOptionName } from "./options.ts";

/** An option that does nothing any more. */
export interface RetiredOption {
  readonly alias?: string;
  /** Whether a flag of it has a value behind it, or stands alone. */
  readonly takes: "value" | "nothing";
  /** Why it is not missed, or what takes its place: the end of a sentence. */
  readonly why: string;
}

const BUCKET = "wrong_token_burst and wrong_token_rate bound wrong tokens, and nobody waits";

/** Every retired option, by its name. One that is an option again is not retired. */
export const RETIRED = {
  cleanup_out_msgs: { takes: "value", why: "every message expires when it is due" },
  debug: { alias: "d", takes: "nothing", why: "log_level debug prints more" },
  ip_limit: {
    alias: "i",
    takes: "value",
    why: "max_sockets_per_address bounds how many clients an address may have",
  },
  timeout: { takes: "value", why: "it is called expire_timeout" },
  max_waiting_sockets: { takes: "value", why: BUCKET },
  max_wrong_token_delay: { takes: "value", why: BUCKET },
  wrong_token_limit: { takes: "value", why: BUCKET },
  wrong_token_window: { takes: "value", why: BUCKET },
} as const satisfies Record<string, RetiredOption>;

/** The name of a retired option. */
export type RetiredName = keyof typeof RETIRED;

/** All retired options in the order of the table. */
export const RETIRED_NAMES: readonly RetiredName[] = Object.keys(RETIRED).filter(isRetiredName);

/** Whether there once was an option of that name. */
export function isRetiredName(name: string): name is RetiredName {
  return Object.hasOwn(RETIRED, name);
}

/** The row of a retired option. */
export function retiredOption(name: RetiredName): RetiredOption {
  return RETIRED[name];
}

/** Says of a flag, a variable or a property, by whatever it is called, that it does nothing. */
export function retiredSentence(label: string, name: RetiredName): string {
  return `${label} does nothing any more: ${RETIRED[name].why}.`;
}

/** Says of each retired option among these properties that it does nothing. */
export function retiredSentences(given: Readonly<Record<string, unknown>>): string[] {
  return RETIRED_NAMES.filter((name) => !isOptionName(name) && given[name] !== undefined)
    .map((name) => retiredSentence(`Option ${name}`, name));
}
