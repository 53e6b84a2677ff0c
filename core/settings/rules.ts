/**
 * The options that rules read. A state and a recording contain only these: no secrets, and no paths of files.
 *
 * @module
 */
import type { Settings } from "./settings.ts";

const RULE_NAMES = [
  "alive_timeout",
  "auth",
  "auth_expiry",
  "byte_burst",
  "byte_rate",
  "cluster_lease",
  "cluster_limit",
  "concurrent_limit",
  "cors",
  "expire_timeout",
  "frame_burst",
  "frame_rate",
  "max_bad_frames",
  "max_id_length",
  "max_message_bytes",
  "max_query_length",
  "max_queue_bytes",
  "max_sockets_per_address",
  "max_token_length",
  "max_unsent_bytes",
  "ping_timeout",
  "queue_limit",
  "source_queue_bytes",
  "source_queue_limit",
  "wrong_token_addresses",
  "wrong_token_burst",
  "wrong_token_rate",
] as const satisfies readonly (keyof Settings)[];

/** The settings that a rule may read. */
export type Rules = Pick<Settings, typeof RULE_NAMES[number]>;

export function isRuleName(name: string): name is keyof Rules {
  return RULE_NAMES.some((each) => each === name);
}

/** Picks the settings that rules read. */
export function rulesOf(settings: Rules): Rules {
  return Object.fromEntries(RULE_NAMES.map((name) => [name, settings[name]])) as Rules;
}
