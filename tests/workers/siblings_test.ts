import { createSiblings, type Siblings } from "../../adapters/workers/siblings.ts";
import { type LinkFrame, nodeName } from "../../core/cluster/mod.ts";
import { peerId } from "../../core/mod.ts";
import { assertEquals } from "../support/assert.ts";

const [HERE, THERE] = [nodeName("here"), nodeName("there")];

/** Siblings whose turns the test ends, and the frames that they received. */
function worker(own = HERE): Siblings & {
  readonly received: LinkFrame[];
  /** Ends the turn; whether that was waited for. */
  readonly endTurn: () => boolean;
} {
  const turns: (() => void)[] = [];
  const received: LinkFrame[] = [];
  const siblings = createSiblings({
    own,
    receive: (frame) => void received.push(frame),
    afterTurn: (callback) => void turns.push(callback),
  });
  const endTurn = (): boolean => turns.splice(0).map((call) => call()).length > 0;
  return { ...siblings, received, endTurn };
}

function frame(number: number, text: string, from = HERE, to = THERE): LinkFrame {
  const message = {
    ...{ kind: "message", type: "OFFER" } as const,
    ...{ src: peerId("a"), dst: peerId("b"), text },
  };
  return {
    from,
    to,
    link: 1,
    base: 1,
    carried: [{ number, seq: 7, message }],
    ack: null,
    returned: [],
  };
}

/** Settles when a port has brought one more message. */
function heard(port: MessagePort): Promise<void> {
  return new Promise((resolve) =>
    port.addEventListener("message", () => resolve(), { once: true })
  );
}

Deno.test("[WORKER-7] frames of one turn come as one, and to a worker that is not there nothing is sent", async () => {
  const [one, other] = [worker(), worker(THERE)];
  const { port1, port2 } = new MessageChannel();
  assertEquals(one.send(frame(1, "x")), false);
  one.join(THERE, port1);
  other.join(HERE, port2);
  assertEquals([one.send(frame(1, "x")), one.send(frame(2, "y"))], [true, true]);
  const comes = heard(port2);
  one.endTurn();
  await comes;
  const [came, ...others] = other.received;
  assertEquals(others, []);
  assertEquals(came?.carried, [frame(1, "x"), frame(2, "y")].flatMap(({ carried }) => carried));
  one.leave(THERE);
  assertEquals(one.send(frame(3, "z")), false);
  other.stop();
});
