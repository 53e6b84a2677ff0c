/**
 * The reference model on histories whose answers were read off SPEC.md; `reduce` gives them too.
 */
import { connId, type Event, type Message, millis } from "../../core/mod.ts";
import {
  error,
  follows,
  hangsUp,
  type Line,
  message,
  open,
  type Opened,
  opens,
  replaced,
  says,
  taken,
  TICK,
} from "./follows.ts";
import { messageFrom, proven, tokenOf } from "../support/world.ts";

/** Its token is not looked at. */
function blocked(conn: number): string[] {
  const reason = "ID is taken, and its token not looked at: too many wrong ones came";
  return [...taken(conn).slice(0, 1), `closes ${conn}: 4001 ${reason}`];
}

Deno.test("model: [QUEUE-1] [OPEN-5] what waits comes after OPEN, then the old socket is closed", () => {
  follows({}, [
    [0, opens(1, "a"), open(1)],
    [0, says(1, "OFFER", "b")],
    [1, says(1, "CANDIDATE", "b")],
    [1, says(1, "LEAVE", "b")],
    [
      2,
      opens(3, "b"),
      open(3),
      `to 3: ${message("OFFER", "a", "b")}`,
      `to 3: ${message("CANDIDATE", "a", "b")}`,
    ],
    [3, opens(4, "b"), open(4), replaced(3)],
    [3, says(3, "OFFER", "a")],
    [4, opens(2, "b"), replaced(2)],
    [5, says(4, "LEAVE", ""), "closes 4: 4009 Left"],
  ]);
});

Deno.test("model: [QUEUE-3] [QUEUE-4] one EXPIRE stands for what waits, later messages are a new attempt", () => {
  const expire = `to 1: ${message("EXPIRE", "b", "a")}`;
  follows({ expire_timeout: 100 }, [
    [0, opens(1, "a"), open(1)],
    [0, says(1, "OFFER", "b")],
    [50, says(1, "CANDIDATE", "b")],
    [99, TICK],
    [100, TICK, expire],
    [120, says(1, "OFFER", "b")],
    [150, TICK],
    [220, TICK, expire],
  ]);
});

Deno.test("model: [QUEUE-3] nobody else is told of what expires, and who comes back is", () => {
  follows({ expire_timeout: 100 }, [
    [0, opens(1, "a"), open(1)],
    [0, says(1, "OFFER", "b")],
    [0, says(1, "OFFER", "c")],
    [10, hangsUp(1)],
    [50, says(1, "OFFER", "d")],
    [50, opens(2, "a", { token: tokenOf("u") }), open(2)],
    [100, TICK],
    [100, says(2, "OFFER", "b")],
    [110, hangsUp(2)],
    [110, opens(3, "a", { token: tokenOf("u") }), open(3)],
    [200, TICK, `to 3: ${message("EXPIRE", "b", "a")}`],
  ]);
});

Deno.test("model: [QUEUE-2] [QUEUE-4] a refusal is told once, until the next OFFER", () => {
  const refused = `to 1: ${message("EXPIRE", "b", "a")}`;
  follows({ queue_limit: 1, expire_timeout: 100 }, [
    [0, opens(1, "a"), open(1)],
    [0, says(1, "OFFER", "b")],
    [1, says(1, "CANDIDATE", "b"), refused],
    [1, says(1, "CANDIDATE", "b")],
    [1, says(1, "ANSWER", "b"), refused],
    [1, says(1, "EXPIRE", "b")],
    [100, TICK],
  ]);
});

Deno.test("model: [QUEUE-2] [QUEUE-8] an address has a quarter of the store, and all have no more than there is", () => {
  const bytes = message("OFFER", "a", "x").length + 512;
  const id = (conn: number): string => "abcdefg"[conn - 1] ?? "";
  const from = (conn: number, address: string): Line[] => [
    [0, opens(conn, id(conn), { address }), open(conn)],
  ];
  const none = (conn: number): string => `to ${conn}: ${message("EXPIRE", "x", id(conn))}`;
  follows({ max_queue_bytes: 5 * bytes, expire_timeout: 100 }, [
    ...[1, 2, 3, 4, 5, 6].flatMap((conn) => from(conn, `1.2.3.${conn}`)),
    ...from(7, "1.2.3.1"),
    ...[1, 2, 3, 4].map((conn): Line => [0, says(conn, "OFFER", "x")]),
    [0, says(7, "OFFER", "x"), none(7)],
    [0, says(5, "OFFER", "x")],
    [0, says(6, "OFFER", "x"), none(6)],
    [0, hangsUp(1)],
    [1, says(7, "OFFER", "x"), none(7)],
    [100, TICK, ...[2, 3, 4, 5].map(none)],
    [100, says(7, "OFFER", "x")],
  ]);
});

Deno.test("model: [QUEUE-7] a pair has a quarter of a mailbox, and three quarters of its bytes", () => {
  const bytes = message("OFFER", "a", "x").length + 512;
  const refused = `to 1: ${message("EXPIRE", "x", "a")}`;
  const both = [[0, opens(1, "a"), open(1)], [0, opens(2, "b"), open(2)]] as const;
  follows({ queue_limit: 11, expire_timeout: 100 }, [
    ...both,
    ...[1, 1, 2].map((conn): Line => [0, says(conn, "OFFER", "x")]),
    [0, says(1, "OFFER", "x"), refused],
  ]);
  follows({ max_unsent_bytes: 8 * bytes, max_message_bytes: 200, expire_timeout: 100 }, [
    ...both,
    ...[1, 1, 1].map((conn): Line => [0, says(conn, "OFFER", "x")]),
    [0, says(1, "OFFER", "x"), refused],
    [0, says(2, "OFFER", "x")],
  ]);
});

Deno.test("model: [QUEUE-4] an EXPIRE stands for what waits between two ids, whoever stored it", () => {
  follows({ queue_limit: 1, expire_timeout: 100 }, [
    [0, opens(1, "a"), open(1)],
    [0, says(1, "CANDIDATE", "b")],
    [0, hangsUp(1)],
    [1, opens(2, "a", { token: tokenOf("u") }), open(2)],
    [1, says(2, "OFFER", "b"), `to 2: ${message("EXPIRE", "b", "a")}`],
    [2, hangsUp(2)],
    [3, opens(3, "a"), open(3)],
    [100, TICK],
  ]);
});

Deno.test("model: [MSG-12] [QUEUE-4] what could not be handed over is stored or refused, and begins no attempt", () => {
  const failed = (type: Message["type"]): Event => (
    { kind: "send-failed", conn: connId(2), message: messageFrom("a", "b", type) }
  );
  const refused = (conn: number, type: Message["type"]): Event => (
    { kind: "send-refused", conn: connId(conn), message: messageFrom("a", "b", type) }
  );
  const offer = message("OFFER", "a", "b");
  const expire = `to 1: ${message("EXPIRE", "b", "a")}`;
  follows({ queue_limit: 1, expire_timeout: 100 }, [
    [0, opens(1, "a"), open(1)],
    [0, opens(2, "b"), open(2)],
    [9, failed("OFFER")],
    [9, failed("LEAVE")],
    [9, { kind: "send-failed", conn: connId(2), message: null }],
    [9, failed("OFFER"), expire],
    [9, failed("CANDIDATE")],
    [9, says(2, "OFFER", "a")],
    [109, TICK],
    [109, opens(3, "b"), open(3)],
    [110, failed("OFFER"), `to 3: ${offer}`],
    [111, refused(3, "OFFER")],
    [111, says(1, "OFFER", "b"), `to 3: ${offer}`],
    [112, refused(3, "OFFER"), expire],
    [112, refused(1, "EXPIRE")],
  ]);
});

Deno.test("model: [LIMIT-3] a held id is taken for an address whose tries are used up, a free one is not", () => {
  follows({ wrong_token_burst: 2, wrong_token_rate: 10 }, [
    [0, opens(1, "a"), open(1)],
    [0, opens(2, "a", { token: tokenOf("u") }), ...taken(2)],
    [0, opens(3, "a", { token: tokenOf("v") }), ...taken(3)],
    [0, opens(4, "a"), ...blocked(4)],
    [0, opens(5, "z"), open(5)],
    [0, opens(6, "a", { address: "5.6.7.8" }), open(6), replaced(1)],
    [49, opens(7, "a"), ...blocked(7)],
    [50, opens(8, "a"), open(8), replaced(6)],
  ]);
});

Deno.test("model: [LIFE-4] whoever answers no ping is disconnected, without an ERROR", () => {
  const unanswered = { kind: "ping-unanswered", conn: connId(1) } as const;
  follows({ ping_timeout: 1_000 }, [
    [0, opens(1, "a"), open(1)],
    [1_000, unanswered, "closes 1: 4007 No answer to a ping for 1000 ms"],
    [1_000, unanswered],
  ]);
});

Deno.test("model: [LIFE-3] at the end everybody is disconnected, the oldest first, without an ERROR", () => {
  const ends = "Server is shutting down";
  follows({}, [
    [0, opens(2, "a"), open(2)],
    [0, opens(1, "b"), open(1)],
    [1, { kind: "shutdown-requested" }, `closes 1: 1001 ${ends}`, `closes 2: 1001 ${ends}`],
    [1, { kind: "shutdown-requested" }],
    [200, TICK],
    [200, opens(4, "", { key: null }), error(4, ends), `closes 4: 1001 ${ends}`],
  ]);
});

Deno.test("model: [LIMIT-1] [MSG-6] [MSG-7] [MSG-9] frames that are too many, bad or too long", () => {
  const much = "Too many frames: 2 at once and 10 a second are allowed";
  const long = "A message may have at most 40 bytes";
  const limits = { frame_rate: 10, frame_burst: 2, max_bad_frames: 2, max_message_bytes: 40 };
  const text = (conn: number, text: string): Event => (
    { kind: "frame-received", conn: connId(conn), text }
  );
  follows(limits, [
    [0, opens(1, "a"), open(1)],
    [0, text(1, '{"\u2028'), error(1, 'A frame must be JSON, and this is not: "{\\"\\u{2028}".')],
    [0, says(1, "HEARTBEAT")],
    [49, text(1, "null"), error(1, much), `closes 1: 4029 ${much}`],
    [49, opens(2, "a"), open(2)],
    [99, text(2, "[]"), error(2, "A frame must be a JSON object: got an array.")],
    [
      99,
      text(2, "5"),
      error(2, "A frame must be a JSON object: got 5."),
      "closes 2: 4010 Sent 2 bad frames in a row",
    ],
    [99, opens(3, "a"), open(3)],
    [
      99,
      text(3, "é".repeat(21)),
      error(3, `${long}: this one has more.`),
      `closes 3: 1009 ${long}`,
    ],
  ]);
});

Deno.test("model: [LIFE-1] who was due first is disconnected first, of several the oldest connection", () => {
  const silent = (conn: number): string => `closes ${conn}: 4008 No valid message for 300 ms`;
  follows({ alive_timeout: 300 }, [
    [0, opens(3, "c"), open(3)],
    [0, opens(2, "b"), open(2)],
    [0, opens(1, "a"), open(1)],
    [1, says(1, "HEARTBEAT")],
    [299, TICK],
    [302, TICK, silent(2), silent(3), silent(1)],
  ]);
});

Deno.test("model: [AUTH-1] [AUTH-2] [LIMIT-2] [LIMIT-10] what a token proves, and places of an address", () => {
  const identity = proven("me", ["a"]);
  const limits = { auth: "jwt", auth_secret: "s".repeat(32), max_sockets_per_address: 1 } as const;
  const full = "Too many connections from this address";
  follows(limits, [
    [
      0,
      opens(1, "a"),
      error(1, "The token was not checked"),
      "closes 1: 4006 The token was not checked",
    ],
    [0, opens(2, "a", { identity, address: "2001:db8::1" }), open(2)],
    [
      0,
      opens(3, "b", { identity }),
      error(3, "The token is not for this id"),
      "closes 3: 4006 The token is not for this id",
    ],
    [
      0,
      opens(4, "me", { identity, address: "2001:db8:0:0:1::" }),
      error(4, full),
      `closes 4: 4029 ${full}`,
    ],
    [
      0,
      opens(5, "a", { identity, token: tokenOf("new"), address: "2001:DB8::2" }),
      open(5),
      replaced(2),
    ],
    [0, opens(6, "me", { identity, address: "::ffff:1.2.3.4" }), open(6)],
    [0, opens(7, "a", { identity }), error(7, full), `closes 7: 4029 ${full}`],
  ]);
});

Deno.test("model: [AUTH-6] who is connected with a token leaves when it ends, unless it is silent before", () => {
  const until = (at: number): Partial<Opened> => ({
    identity: proven("me", ["a", "b"], millis(at)),
  });
  const ended = "The token has expired";
  const settings = { auth: "jwt", auth_secret: "s".repeat(32), alive_timeout: 300 } as const;
  follows({ ...settings, auth_expiry: "close" }, [
    [0, opens(1, "me", until(299)), open(1)],
    [0, opens(2, "a", until(301)), open(2)],
    [100, opens(3, "b", until(100)), error(3, ended), `closes 3: 4006 ${ended}`],
    [100, opens(4, "b", until(101)), open(4)],
    [100, opens(5, "b", until(400)), open(5), replaced(4)],
    [298, TICK],
    [299, TICK, error(1, ended), `closes 1: 4011 ${ended}`],
    [300, TICK, "closes 2: 4008 No valid message for 300 ms"],
    [399, TICK],
    [400, TICK, error(5, ended), `closes 5: 4011 ${ended}`],
  ]);
  follows(settings, [
    [9, opens(1, "me", until(1)), open(1)],
    [308, TICK],
    [309, TICK, "closes 1: 4008 No valid message for 300 ms"],
  ]);
});
