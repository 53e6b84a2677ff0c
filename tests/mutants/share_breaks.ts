/**
 * Breaks of what one source, and one address, may have of what waits.
 *
 * @module
 */
import { type Break, breaksOf } from "./break.ts";

/** Every break of a share. */
export const SHARE_BREAKS: readonly Break[] = breaksOf("core/rules/mailbox.ts", [
  {
    name: "a pair may have one message more than a quarter of a mailbox",
    rules: ["QUEUE-7"],
    find: "pair.count < pairLimit",
    put: "pair.count <= pairLimit",
  },
  {
    name: "a pair may have one message less than a quarter of a mailbox",
    rules: ["QUEUE-7"],
    find: "pair.count < pairLimit",
    put: "pair.count + 1 < pairLimit",
  },
  {
    name: "a pair may have all of a mailbox",
    rules: ["QUEUE-7"],
    find: "pair.count < pairLimit(queue_limit) && ",
    put: "",
  },
  {
    name: "in a small mailbox nobody may have a message",
    rules: ["QUEUE-7"],
    find: "Math.max(1, Math.floor(queueLimit / 4))",
    put: "Math.floor(queueLimit / 4)",
  },
  {
    name: "a quarter of a mailbox is rounded up",
    rules: ["QUEUE-7"],
    find: "Math.floor(queueLimit / 4)",
    put: "Math.ceil(queueLimit / 4)",
  },
  {
    name: "a pair may have half of a mailbox",
    rules: ["QUEUE-7"],
    find: "Math.floor(queueLimit / 4)",
    put: "Math.floor(queueLimit / 2)",
  },
  {
    name: "a pair may have any number of a mailbox's bytes",
    rules: ["QUEUE-7"],
    find: " && pair.bytes + bytes <= pairBytes(max_unsent_bytes)",
    put: "",
  },
  {
    name: "the bytes of a pair off by one: one byte more",
    rules: ["QUEUE-7"],
    find: "<= pairBytes(max_unsent_bytes)",
    put: "<= pairBytes(max_unsent_bytes) + 1",
  },
  {
    name: "the bytes of a pair off by one: one byte less",
    rules: ["QUEUE-7"],
    find: "pair.bytes + bytes <= pairBytes",
    put: "pair.bytes + bytes < pairBytes",
  },
  {
    name: "a pair may have half of a mailbox's bytes, in which the largest message has no room",
    rules: ["QUEUE-7"],
    find: "maxUnsentBytes / 2 * 3 / 4",
    put: "maxUnsentBytes / 4",
  },
  {
    name: "the bytes of a pair are not counted",
    rules: ["QUEUE-7"],
    find: "bytes: pair.bytes + bytes,",
    put: "bytes,",
  },
  {
    name: "the bytes of a pair that are gone are still counted",
    rules: ["QUEUE-7"],
    find: "bytes: pair.bytes - bytes }",
    put: "bytes: pair.bytes }",
  },
  {
    name: "an address may fill the store",
    rules: ["QUEUE-8"],
    find: "waiting + bytes <= max_queue_bytes / 4 && ",
    put: "",
  },
  {
    name: "the quarter of an address off by one: one byte more",
    rules: ["QUEUE-8"],
    find: "waiting + bytes <= max_queue_bytes / 4",
    put: "waiting + bytes <= max_queue_bytes / 4 + 1",
  },
  {
    name: "the quarter of an address off by one: one byte less",
    rules: ["QUEUE-8"],
    find: "waiting + bytes <= max_queue_bytes / 4",
    put: "waiting + bytes < max_queue_bytes / 4",
  },
  {
    name: "an address has half of the store",
    rules: ["QUEUE-8"],
    find: "waiting + bytes <= max_queue_bytes / 4",
    put: "waiting + bytes <= max_queue_bytes / 2",
  },
  {
    name: "what nobody holds the source of counts for its source alone",
    rules: ["QUEUE-8", "MSG-12"],
    find: 'conn === undefined ? ""',
    put: "conn === undefined ? src",
  },
  {
    name: "what an address sent counts for where its client is by now",
    rules: ["QUEUE-8"],
    find: "mapGet(state.addressBytes, address)) - bytes",
    put: "mapGet(state.addressBytes, addressOf(state, src))) - bytes",
  },
  {
    name: "the bytes of an address that are gone are still counted",
    rules: ["QUEUE-8"],
    find: "mapGet(state.addressBytes, address)) - bytes",
    put: "mapGet(state.addressBytes, address))",
  },
  {
    name: "the bytes of an address are those of its last message",
    rules: ["QUEUE-8"],
    find: "waiting + bytes),",
    put: "bytes),",
  },
  {
    name: "an address of which nothing waits is remembered",
    rules: ["QUEUE-8"],
    find: "waiting > 0",
    put: "waiting >= 0",
  },
  {
    name: "an address is forgotten with the first of its messages",
    rules: ["QUEUE-8"],
    find: "waiting > 0",
    put: "waiting > 1e9",
  },
]);
