/** The small worlds that histories are played in: bounds so low that a short history reaches every rule. */
import type { PartialSettings } from "../../core/mod.ts";
import type { Mood } from "./history.ts";

const SMALL: PartialSettings = {
  expire_timeout: 100,
  alive_timeout: 300,
  concurrent_limit: 4,
  queue_limit: 3,
  source_queue_limit: 4,
  max_queue_bytes: 7_000,
  max_unsent_bytes: 3_200,
  max_bad_frames: 2,
  max_message_bytes: 200,
  max_id_length: 11,
  max_token_length: 6,
  max_query_length: 100,
  frame_rate: 100,
  frame_burst: 4,
  max_sockets_per_address: 3,
  wrong_token_burst: 1,
  wrong_token_rate: 2,
  wrong_token_addresses: 2,
  source_queue_bytes: 3_000,
};

const CALM: PartialSettings = {
  ...SMALL,
  queue_limit: 8,
  frame_rate: 0,
  max_message_bytes: 1_100,
  max_unsent_bytes: 17_600,
};

const PROVEN: PartialSettings = {
  ...CALM,
  auth: "jwt",
  auth_secret: "s".repeat(32),
  max_sockets_per_address: 0,
};

/** The worlds that histories are played in, each with the bounds that it is about. */
export const WORLDS: Readonly<Record<string, PartialSettings>> = {
  small: SMALL,
  calm: { ...CALM, max_sockets_per_address: 0, concurrent_limit: 9 },
  defaults: {},
  "no room": {
    ...CALM,
    queue_limit: 0,
    max_message_bytes: 70_000,
    max_unsent_bytes: 280_000,
    alive_timeout: 5_000,
  },
  "no bytes": { ...CALM, max_queue_bytes: 0, concurrent_limit: 2 },
  "no source": { ...CALM, source_queue_limit: 0, concurrent_limit: 0 },
  "no clients": { ...SMALL, concurrent_limit: 0 },
  "many tries": { ...CALM, wrong_token_burst: 3, max_sockets_per_address: 2 },
  "any number of tries": { ...CALM, wrong_token_rate: 0, wrong_token_addresses: 1 },
  "few bytes": { ...CALM, byte_rate: 1_000, byte_burst: 300, max_message_bytes: 200 },
  "any number of bytes": { ...CALM, byte_rate: 0, byte_burst: 1 },
  "quick tries": { ...CALM, wrong_token_rate: 7, wrong_token_burst: 2, alive_timeout: 2_000 },
  exact: {
    ...CALM,
    max_message_bytes: 140,
    max_unsent_bytes: 8 * 562,
    max_queue_bytes: 16 * 562,
    source_queue_bytes: 4 * 562,
    queue_limit: 20,
    source_queue_limit: 9,
    max_sockets_per_address: 0,
    concurrent_limit: 9,
  },
  "a message an address": { ...CALM, max_queue_bytes: 5 * 562, concurrent_limit: 9 },
  "one place": { ...CALM, queue_limit: 1, max_sockets_per_address: 0 },
  "one client": { ...SMALL, concurrent_limit: 1, frame_burst: 1, max_bad_frames: 1 },
  "short lives": { ...CALM, alive_timeout: 100, max_sockets_per_address: 0 },
  "long waits": { ...CALM, alive_timeout: 2_000, expire_timeout: 1_000, queue_limit: 16 },
  proven: { ...PROVEN, auth_expiry: "close" },
  "proven for good": PROVEN,
  "brief memory": {
    ...CALM,
    wrong_token_burst: 2,
    wrong_token_rate: 10,
    wrong_token_addresses: 1,
    max_sockets_per_address: 4,
    alive_timeout: 1_000,
    concurrent_limit: 9,
  },
  pages: {
    ...SMALL,
    cors: ["https://A.example", "https://*.c.example", "null"],
    frame_rate: 7,
    frame_burst: 1,
  },
  "any page": {
    ...CALM,
    cors: ["https://a.example", "*"],
    queue_limit: 100,
    source_queue_limit: 100,
    max_queue_bytes: 100_000,
    source_queue_bytes: 100_000,
    max_sockets_per_address: 0,
  },
};

/** The moods that fit a world. */
export function moodsOf(world: string): readonly Mood[] {
  return world.startsWith("proven")
    ? ["tokens", "the check"]
    : ["everything", "the door", "coming and going"];
}
