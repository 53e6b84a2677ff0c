/**
 * Breaks of what waits for peers that are not connected: bounds, order, expiry.
 *
 * @module
 */
import { type Break, breaksOf } from "./break.ts";

/** Every break of what waits. */
export const MAILBOX_BREAKS: readonly Break[] = breaksOf("core/rules/mailbox.ts", [
  {
    name: "a source may store any number of bytes",
    rules: ["QUEUE-2"],
    find: " && source.bytes + bytes <= source_queue_bytes",
    put: "",
  },
  {
    name: "source_queue_bytes off by one",
    rules: ["QUEUE-2"],
    find: "source.bytes + bytes <= source_queue_bytes",
    put: "source.bytes + bytes < source_queue_bytes",
  },
  {
    name: "the bytes of a source that are gone are still counted",
    rules: ["QUEUE-2", "STATE-3"],
    find: "bytes: source.bytes - bytes }",
    put: "bytes: source.bytes }",
  },
  {
    name: "messages expire by queue, not each at its own time",
    rules: ["MSG-3"],
    find: "const expiresAt = millis(now + state.settings.expire_timeout);",
    put:
      "const oldest = mapGet(state.stored, mapGet(state.mailboxes, dst)?.serials[0] ?? -1);\n  const expiresAt = oldest?.expiresAt ?? millis(now + state.settings.expire_timeout);",
  },
  {
    name: "expire_timeout off by one",
    rules: ["MSG-3"],
    find: "millis(now + state.settings.expire_timeout)",
    put: "millis(now + state.settings.expire_timeout + 1)",
  },
  {
    name: "a message expires a millisecond early",
    rules: ["QUEUE-3"],
    find: "message.expiresAt > now)",
    put: "message.expiresAt > now + 1)",
  },
  {
    name: "a message does not expire at its deadline, only after it",
    rules: ["QUEUE-3", "STATE-2"],
    find: "message.expiresAt > now)",
    put: "message.expiresAt >= now)",
  },
  {
    name: "queue_limit off by one: one message more",
    rules: ["QUEUE-2"],
    find: "mailbox.serials.length < queue_limit",
    put: "mailbox.serials.length <= queue_limit",
  },
  {
    name: "queue_limit off by one: one message less",
    rules: ["QUEUE-2"],
    find: "mailbox.serials.length < queue_limit",
    put: "mailbox.serials.length + 1 < queue_limit",
  },
  {
    name: "source_queue_limit off by one: one message more",
    rules: ["QUEUE-2"],
    find: "source.count < source_queue_limit",
    put: "source.count <= source_queue_limit",
  },
  {
    name: "source_queue_limit off by one: one message less",
    rules: ["QUEUE-2"],
    find: "source.count < source_queue_limit",
    put: "source.count + 1 < source_queue_limit",
  },
  {
    name: "max_queue_bytes off by one: one byte more",
    rules: ["QUEUE-2"],
    find: "state.storedBytes + bytes <= max_queue_bytes",
    put: "state.storedBytes + bytes <= max_queue_bytes + 1",
  },
  {
    name: "max_queue_bytes off by one: one byte less",
    rules: ["QUEUE-2"],
    find: "state.storedBytes + bytes <= max_queue_bytes",
    put: "state.storedBytes + bytes < max_queue_bytes",
  },
  {
    name: "half of max_unsent_bytes off by one: one byte more",
    rules: ["QUEUE-2"],
    find: "mailbox.bytes + bytes <= max_unsent_bytes / 2",
    put: "mailbox.bytes + bytes <= max_unsent_bytes / 2 + 1",
  },
  {
    name: "half of max_unsent_bytes off by one: one byte less",
    rules: ["QUEUE-2"],
    find: "mailbox.bytes + bytes <= max_unsent_bytes / 2",
    put: "mailbox.bytes + bytes < max_unsent_bytes / 2",
  },
  {
    name: "a mailbox may have all of max_unsent_bytes",
    rules: ["QUEUE-2"],
    find: "<= max_unsent_bytes / 2",
    put: "<= max_unsent_bytes",
  },
  {
    name: "a stored message counts for its characters, not its bytes",
    rules: ["QUEUE-2"],
    find: "(ASCII.test(text) ? 1 : 3) * text.length",
    put: "text.length",
  },
  {
    name: "a stored message counts for its text alone",
    rules: ["QUEUE-2"],
    find: " * text.length + STORED_OVERHEAD_BYTES",
    put: " * text.length",
  },
  {
    name: "what a stored message takes beside its text is half of what it is",
    rules: ["QUEUE-2"],
    find: "STORED_OVERHEAD_BYTES = 512",
    put: "STORED_OVERHEAD_BYTES = 256",
  },
  {
    name: "a message that finds no room is lost without a word",
    rules: ["QUEUE-2", "QUEUE-5"],
    find: "return refuseMessage(state, src, dst);",
    put: "return [state, []];",
  },
  {
    name: "a mailbox is drained out of order",
    rules: ["QUEUE-1"],
    find: "for (const serial of mailbox.serials) {",
    put: "for (const serial of mailbox.serials.toReversed()) {",
  },
  {
    name: "what was drained stays stored, and expires too",
    rules: ["QUEUE-5"],
    find: "effects.push(send(conn, message.text));\n    next = forget(next, serial, message);",
    put: "effects.push(send(conn, message.text));",
  },
  {
    name: "nothing expires after a drained message",
    rules: ["QUEUE-3"],
    find: "return [skipGaps(next), effects];",
    put: "return [next, effects];",
  },
  {
    name: "each message of an attempt raises its own EXPIRE",
    rules: ["QUEUE-4"],
    find: " && !isTold(next, message, serial)) {",
    put: ") {",
  },
  {
    name: "an EXPIRE stands for one message too many",
    rules: ["QUEUE-4"],
    find: "serial < must(",
    put: "serial <= must(",
  },
  {
    name: "an EXPIRE stands for one message too few",
    rules: ["QUEUE-4"],
    find: "expireSentBelow: state.nextSerial }",
    put: "expireSentBelow: state.nextSerial - 1 }",
  },
  {
    name: "an EXPIRE to a source that is gone is stored",
    rules: ["QUEUE-3"],
    find: "if (isOwnerHere(next, message) && !isTold",
    put:
      "if (!isOwnerHere(next, message)) {\n      const { src, dst } = message;\n      next = store(next, { src: dst, dst: src, text: expireFrame(dst, src) }, millis(1e9))[0];\n    } else if (!isTold",
  },
  {
    name: "an EXPIRE that nobody got stands for what follows",
    rules: ["QUEUE-4"],
    find: "if (isOwnerHere(next, message) && !isTold",
    put:
      "if (!isOwnerHere(next, message)) {\n      next = tell(next, 0 as ConnId, message)[0];\n    } else if (!isTold",
  },
  {
    name: "EXPIRE names its receiver as the peer that was not reached",
    rules: ["QUEUE-3"],
    find: "expireFrame(dst, src)",
    put: "expireFrame(src, dst)",
  },
  {
    name: "EXPIRE goes to whoever has the id by now",
    rules: ["QUEUE-3"],
    find: "mapGet(state.claims, src)?.owner === owner",
    put: "mapGet(state.claims, src) !== undefined",
  },
  {
    name: "each message that finds no room raises an EXPIRE",
    rules: ["QUEUE-4", "LIMIT-6"],
    find: "if (source.refusalsTold.includes(dst)) return [state, []];",
    put: "",
  },
  {
    name: "a refusal is told without an EXPIRE standing for what waits",
    rules: ["QUEUE-4"],
    find: "return [next, [told]];",
    put: "return [{ ...next, pairs: state.pairs }, [told]];",
  },
  {
    name: "one peer without room more is remembered",
    rules: ["QUEUE-4"],
    find: "source.refusalsTold.slice(1 - TOLD_MAX)",
    put: "source.refusalsTold.slice(-TOLD_MAX)",
  },
  {
    name: "of peers without room the newest is forgotten first",
    rules: ["QUEUE-4"],
    find: "source.refusalsTold.slice(1 - TOLD_MAX)",
    put: "source.refusalsTold.slice(0, TOLD_MAX - 1)",
  },
  {
    name: "the bytes of what is gone are still counted",
    rules: ["QUEUE-2"],
    find: "storedBytes: state.storedBytes - bytes,",
    put: "",
  },
  {
    name: "the messages of a source that are gone are still counted",
    rules: ["QUEUE-2"],
    find: "{ count: source.count - 1, bytes",
    put: "{ count: source.count, bytes",
  },
  {
    name: "a pair is forgotten with the first of its messages",
    rules: ["QUEUE-4"],
    find: "pair.count > 1",
    put: "pair.count > 99",
  },
  {
    name: "the bytes of a mailbox do not sink when its first message expires",
    rules: ["QUEUE-2"],
    find: "bytes: mailbox.bytes - bytes }",
    put: "bytes: mailbox.bytes }",
  },
  {
    name: "a mailbox grows in place, in older states too",
    rules: ["STATE-1"],
    find: "const serials = [...mailbox.serials, serial];",
    put: "const serials = mailbox.serials as number[];\n  serials.push(serial);",
  },
  {
    name: "a mailbox shrinks in place, in older states too",
    rules: ["STATE-1"],
    find: "mailbox.serials.slice(1)",
    put: "(mailbox.serials as number[]).splice(1)",
  },
  {
    name: "the search for the first message does not end",
    rules: ["QUEUE-3"],
    find: "serial < state.nextSerial && ",
    put: "",
  },
]);
