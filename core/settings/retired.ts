/**
 * Retired options, of this server or of the `peerjs` command: they are accepted, and do nothing.
 *
 * @module
 */

import { isOptionName } from "./options.ts";

export interface RetiredOption {
  readonly alias?: string;
  /** Whether its flag takes a value. */
  readonly takes: "value" | "nothing";
  /** Why it is not needed, or what replaces it: the end of a sentence. */
  readonly why: string;
}

const BUCKET = "wrong_token_burst and wrong_token_rate bound wrong tokens, and nobody waits";

/** The table of retired options. */
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

export type RetiredName = keyof typeof RETIRED;

/** The names of all retired options, in the order of the table. */
export const RETIRED_NAMES: readonly RetiredName[] = Object.keys(RETIRED).filter(isRetiredName);

export function isRetiredName(name: string): name is RetiredName {
  return Object.hasOwn(RETIRED, name);
}

export function retiredOption(name: RetiredName): RetiredOption {
  return RETIRED[name];
}

/** The warning for a retired flag, variable or property; `label` names it as the user wrote it. */
export function retiredSentence(label: string, name: RetiredName): string {
  return `${label} does nothing any more: ${RETIRED[name].why}.`;
}

/** The warnings for all retired options among these properties. */
export function retiredSentences(given: Readonly<Record<string, unknown>>): string[] {
  return RETIRED_NAMES.filter((name) => !isOptionName(name) && given[name] !== undefined)
    .map((name) => retiredSentence(`Option ${name}`, name));
}
