/**
 * What no WebSocket library would send, byte by byte, to the real program: frames that are wrong.
 *
 * Whoever sends them is told or closed, and another client goes on as if nothing had been.
 */
import { assert, assertEquals, assertStringIncludes } from "../support/assert.ts";
import { type Child, startChild } from "../support/child.ts";
import { join } from "../support/peer_socket.ts";
import { frame, OPCODE, openRaw, type RawSocket, repeated } from "../support/raw_socket.ts";
import { type ListenerName, LISTENERS } from "../support/served.ts";
import { boundGrowth } from "../support/vitals.ts";

const MIB = 1_048_576;

/** What a process may grow by where the memory is to stay flat: what a garbage collector leaves about. */
const GROWTH_MAX = 16 * MIB;

/** Not UTF-8: a stray byte, an overlong form, a surrogate, an end in the middle. */
const NO_UTF_8 = [[0xff], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0x22, 0xe2, 0x82]];

/** Declares a test of the program with a bystander, who must notice nothing of what it does. */
function attack(
  name: string,
  listeners: readonly ListenerName[],
  test: (child: Child, listener: ListenerName) => Promise<void>,
): void {
  for (const listener of listeners) {
    Deno.test(`${name}: ${listener}`, async () => {
      await using child = await startChild({ args: ["--listener", listener] });
      await using bystander = await join(child, "bystander");
      await test(child, listener);
      assertEquals(await bystander.fence(), { frames: [], closed: null });
    });
  }
}

async function admitted(child: Child, id: string): Promise<RawSocket> {
  const socket = await openRaw(child.port, id);
  assertEquals(await socket.json(), { type: "OPEN" });
  return socket;
}

attack(
  "[FAULT-1] [MSG-6] what is no message is answered with an ERROR",
  LISTENERS,
  async (child) => {
    using a = await admitted(child, "a");
    const bad: [Uint8Array, string][] = [
      [frame("nonsense"), "must be JSON"],
      [frame("null"), "must be a JSON object"],
      [frame("[]"), "must be a JSON object"],
      [frame("5"), "must be a JSON object"],
      [frame(""), "must be JSON"],
      ...NO_UTF_8.map((bytes): [Uint8Array, string] => [
        frame(Uint8Array.from(bytes), { opcode: OPCODE.binary }),
        `${bytes.length} bytes that are none`,
      ]),
    ];
    for (const [bytes, answer] of bad) {
      await a.write(bytes);
      const { type, payload } = Object(await a.json());
      assertEquals(type, "ERROR");
      assertStringIncludes(payload.msg, answer);
    }
    await a.send('{"type":"OFFER","dst":"a"}');
    assertEquals(await a.json(), { type: "OFFER", src: "a", dst: "a" });
  },
);

attack(
  "[FAULT-5] [LIFE-2] frames that break the protocol end their socket",
  LISTENERS,
  async (child) => {
    const broken: [string, Uint8Array][] = [
      ["a reserved bit", frame("{}", { rsv: 4 })],
      ["an unknown opcode", frame("{}", { opcode: 3 })],
      ["2^63 - 1 bytes", frame("{}", { claimed: 2n ** 63n - 1n })],
      ["2^64 - 1 bytes", frame("{}", { claimed: 2n ** 64n - 1n })],
      ["text that is not UTF-8", frame(Uint8Array.of(0xc3, 0x28))],
      ["a ping in fragments", frame("x", { opcode: OPCODE.ping, fin: false })],
      ["a continuation of nothing", frame("x", { opcode: OPCODE.continuation })],
    ];
    const assertGrowth = await boundGrowth(child);
    // All at once: node waits 5 s for each to answer its close.
    await Promise.all(broken.map(async ([what, bytes]) => {
      using a = await admitted(child, what);
      await a.write(bytes);
      const code = await a.closed();
      assert([1002, 1006, 1007, 1009].includes(code), `${what}: ${code}`);
      // The record is cleared: another token gets the id.
      await child.nextLine((line) => line.includes(`\\"${what}\\" disconnected`));
    }));
    await assertGrowth(GROWTH_MAX);
  },
);

attack("[FAULT-11] [MSG-1] nobody can speak as another", LISTENERS, async (child) => {
  using a = await admitted(child, "a");
  using b = await admitted(child, "b");
  const spoofed = [
    '{"type":"OFFER","src":"bystander","dst":"b","payload":1}',
    '{"type":"OFFER","src":"a","dst":"b","src":"bystander","payload":1}',
    '{"type":"OFFER","dst":"b","payload":1,"\\u0073rc":"bystander"}',
    '{"type":"OFFER","dst":"b","payload":1,"__proto__":{"src":"bystander"}}',
  ];
  for (const text of spoofed) {
    await a.send(text);
    assertEquals(await b.json(), { type: "OFFER", src: "a", dst: "b", payload: 1 });
  }
});

attack(
  "[FAULT-3] [MSG-9] 256 KiB pass, one byte more and 60 MB do not",
  LISTENERS,
  async (child, listener) => {
    const assertGrowth = await boundGrowth(child);
    using a = await admitted(child, "a");
    const envelope = '{"type":"OFFER","dst":"a","payload":""}';
    const fits = envelope.replace('""', `"${"x".repeat(262_144 - envelope.length)}"`);
    await a.send(fits);
    assertEquals(Object(await a.json()).type, "OFFER");
    await a.send(`${fits} `);
    assertStringIncludes(JSON.stringify(await a.json()), "at most 262144 bytes");
    assertEquals(await a.closed(), 1009);
    using b = await admitted(child, "b");
    await b.send(new Uint8Array(60_000_000).fill(0x20));
    assertEquals(await b.closed(), 1009);
    // Deno.serve hands a frame over only when it is whole, up to 64 MiB of it, so the peak is not bounded.
    if (listener === "node") await assertGrowth(GROWTH_MAX);
  },
);

// Row 4 is not for Deno.serve: it gathers fragments without any bound, and the program sees nothing of
// them before the last one.
attack("[FAULT-4] [LIMIT-15] a million fragments of one byte, and one without end, are cut off", [
  "node",
], async (child) => {
  const part = (payload: string | Uint8Array): Uint8Array =>
    frame(payload, { opcode: OPCODE.continuation, fin: false });
  const attacks: [string, Uint8Array, number][] = [
    ["a byte each", repeated(part("x"), 10_000), 100],
    ["no byte each", repeated(part(""), 10_000), 100],
    ["large ones", part(new Uint8Array(60_000)), 2_000],
  ];
  for (const [what, bytes, times] of attacks) {
    const assertGrowth = await boundGrowth(child);
    using a = await admitted(child, what);
    await a.send("x", { fin: false });
    for (let i = 0; i < times && await a.write(bytes); i++);
    const code = await a.closed();
    assert([1006, 1008, 1009].includes(code), `${what}: ${code}`);
    await assertGrowth(GROWTH_MAX, what);
    await child.nextLine((line) => line.includes(`\\"${what}\\" disconnected`));
  }
});

attack(
  "[FAULT-4] [LIMIT-15] a message that comes byte by byte is cut off",
  ["node"],
  async (child) => {
    const sendBytes = async (): Promise<void> => {
      using a = await admitted(child, "a");
      await a.write(frame("", { claimed: 60_000n }));
      const since = performance.now();
      // Each write is its own packet; the server keeps what it reads until the message is whole.
      for (let i = 0; i < 59_000 && await a.write(Uint8Array.of(0x20)); i++);
      const code = await a.closed();
      assert([1006, 1008].includes(code), String(code));
      assert(performance.now() - since < 14_000, "only its silence ended it");
    };
    await sendBytes(); // The first of any traffic lets the young heap grow; what is kept grows each time.
    const assertGrowth = await boundGrowth(child);
    await sendBytes();
    await assertGrowth(GROWTH_MAX);
  },
);

// Row 6 is not for Deno.serve: it takes frames without a mask, and answers pings for as long as they come.
attack("[FAULT-6] a frame without a mask ends its socket", ["node"], async (child) => {
  using a = await admitted(child, "a");
  await a.send('{"type":"HEARTBEAT"}', { masked: false });
  assertEquals(await a.closed(), 1002);
});

attack(
  "[FAULT-6] [LIMIT-14] a flood of pings or pongs closes the socket, a few do not",
  ["node"],
  async (child) => {
    for (const opcode of [OPCODE.ping, OPCODE.pong]) {
      using a = await admitted(child, `flood ${opcode}`);
      await a.write(repeated(frame("", { opcode }), 20));
      await a.send('{"type":"OFFER","dst":"bystander-not-there"}');
      await a.write(repeated(frame("", { opcode }), 200));
      assertEquals(await a.closed(), 1008);
    }
    using calm = await admitted(child, "calm");
    await calm.write(repeated(frame("p", { opcode: OPCODE.ping }), 10));
    for (let i = 0; i < 10; i++) assertEquals((await calm.next())?.opcode, OPCODE.pong);
    await calm.send('{"type":"OFFER","dst":"calm"}');
    assertEquals(await calm.json(), { type: "OFFER", src: "calm", dst: "calm" });
  },
);
