/** All conversations, by the settings that they need. */
import type { Group } from "../support/side_by_side.ts";
import { ALIVE_MS, DEADLINES, EXPIRE_MS, EXPIRY, LOOKS } from "./deadlines.ts";
import { ENDS, FRAMES } from "./frames.ts";
import { HTTP, HTTP_AT_ROOT } from "./http.ts";
import { FULL, OPEN, TAKEOVER } from "./open.ts";
import { LISTED_PAGES, PAGE_LIST, PAGES } from "./pages.ts";
import { BOUNDS, FRAMES_MAX, QUEUE, SHARES, UNREAD } from "./queue.ts";
import { RELAY } from "./relay.ts";
import { COMMANDS, KEY_WITH_PLUS, WRITTEN, WRITTEN_KEYS, WRITTEN_OPTIONS } from "./settings.ts";

/** Every group; the names of the conversations are unique. */
export const GROUPS: readonly Group[] = [
  {
    name: "a prefix, and discovery",
    options: { path: "/myapp", allow_discovery: true },
    conversations: [...HTTP, ...PAGES, ...OPEN, ...TAKEOVER, ...RELAY, ...FRAMES, ...QUEUE],
  },
  { name: "the defaults", conversations: [...HTTP_AT_ROOT, ...COMMANDS] },
  { name: "much is written", extra: ["--byte_burst=67108864"], conversations: UNREAD },
  { name: "a list of origins", options: PAGE_LIST, conversations: LISTED_PAGES },
  { name: "a path with a space", options: WRITTEN_OPTIONS, conversations: WRITTEN },
  { name: "a key with a plus", options: KEY_WITH_PLUS, conversations: WRITTEN_KEYS },
  {
    name: "room for one",
    options: { concurrent_limit: 1, allow_discovery: true },
    conversations: FULL,
  },
  {
    name: "little room",
    extra: [`--frame_burst=${FRAMES_MAX}`, "--frame_rate=1"],
    conversations: BOUNDS,
  },
  {
    name: "little room for an address",
    extra: ["--max_queue_bytes=1000000"],
    conversations: SHARES,
  },
  {
    name: "expiry",
    options: { expire_timeout: 150, cleanup_out_msgs: 20, allow_discovery: true },
    conversations: EXPIRY,
  },
  {
    name: "deadlines",
    options: {
      expire_timeout: EXPIRE_MS,
      alive_timeout: ALIVE_MS,
      cleanup_out_msgs: 20,
      allow_discovery: true,
    },
    conversations: DEADLINES,
  },
  { name: "looks", options: { expire_timeout: 100 }, conversations: LOOKS },
  { name: "ends", ends: true, conversations: ENDS },
];

/** Deviations that no client can see, and where they are proved instead. */
export const UNSEEN: Readonly<Record<string, string>> = {
  "HTTP-9": "a generator of ids is a part of the application: core/http_test.ts",
  "MSG-12": "it needs a socket that breaks in the turn in which it is sent to: core/guard_test.ts",
  "LIFE-4": "it shows in times only: adapters/listener_contract_test.ts",
  "LIMIT-11": "it is as LIMIT-1, which is shown: core/guard_test.ts",
  "LIMIT-3": "the incumbent has no bound to reach: core/token_test.ts",
  "LIMIT-7": "it shows in times only: faults/attack_test.ts",
  "LIMIT-10": "the incumbent does nothing with an address: core/address_test.ts",
};
