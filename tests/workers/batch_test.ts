import fc from "fast-check";
import { type Batch, BatchWriter, readBatch } from "../../adapters/workers/batch.ts";
import { type LinkFrame, nodeName } from "../../core/cluster/mod.ts";
import { peerId } from "../../core/mod.ts";
import { assert, assertEquals } from "../support/assert.ts";

const [FROM, TO] = [nodeName("here"), nodeName("there")];

const text = fc.string({ unit: "binary", maxLength: 5 });
const number = fc.nat(9);
const message = fc.record({
  kind: fc.constant("message" as const),
  type: fc.constantFrom("OFFER", "ANSWER", "CANDIDATE", "EXPIRE", "LEAVE"),
  src: text.map(peerId),
  dst: text.map(peerId),
  text,
});
const carried = fc.record({ number, seq: number, message: fc.option(message) });
const ack = fc.record({
  link: number,
  below: number,
  bounced: fc.array(fc.tuple(number, fc.constantFrom("gone" as const, "slow" as const)), {
    maxLength: 3,
  }),
});
const frames: fc.Arbitrary<LinkFrame[]> = fc.array(
  fc.record({
    from: fc.constant(FROM),
    to: fc.constant(TO),
    // The first of a turn may be the last of one link, the rest the first of the next.
    link: fc.constantFrom(1, 2),
    base: number,
    carried: fc.array(carried, { maxLength: 3 }),
    ack: fc.option(ack),
    returned: fc.array(fc.tuple(number, message), { maxLength: 2 }),
  }).map((one) => one.ack === null ? { ...one, returned: [] } : one),
  { maxLength: 6 },
);

/** What frames carry, each with its link. */
function carriedBy(all: readonly LinkFrame[]): unknown[] {
  return all.flatMap(({ link, carried }) => carried.map((one) => ({ ...one, link })));
}

function lastAck(all: readonly LinkFrame[]): unknown {
  const last = all.findLast(({ ack }) => ack !== null);
  return last === undefined ? null : [last.ack, last.returned];
}

Deno.test("[WORKER-7] a batch carries what its frames do, in their order, with the last acknowledgement, as no more frames", () => {
  const writer = new BatchWriter();
  let merged = 0;
  fc.assert(
    fc.property(frames, (sent) => {
      for (const frame of sent) writer.add(frame);
      // What a port does.
      const batch: Batch = structuredClone(writer.take());
      const came = readBatch(batch, FROM, TO);
      merged += sent.length - came.length;
      assertEquals(carriedBy(came), carriedBy(sent));
      assertEquals<unknown>(lastAck(came), lastAck(sent));
      assert(came.every(({ from, to }) => from === FROM && to === TO));
      // Of what a link carries, nothing is taken as late: a frame has the base of the first that is in it.
      const bases = sent.filter(({ carried }) => carried.length > 0);
      for (const { link, base, carried } of came) {
        if (carried.length === 0) continue;
        assert(bases.some((one) => one.link === link && one.base === base));
      }
      // Neighbours of one link are one frame.
      for (const [i, { link, carried }] of came.entries()) {
        assert(i === 0 || (carried.length > 0 && came[i - 1]?.link !== link));
      }
    }),
    { numRuns: 300 },
  );
  assert(merged > 0);
});
