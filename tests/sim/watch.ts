/**
 * Watches every step of the server: each must keep the laws and be what the reference model does. Counts what happens,
 * keeps a hash of it, and the last steps for the report of a failure.
 */
import type { ConnId } from "../../core/mod.ts";
import type { Law, Step } from "../history/play.ts";

/** A rule was broken; the peers are those whom it concerns. */
export class RuleBroken extends Error {
  constructor(
    readonly rule: string,
    readonly at: number,
    message: string,
    readonly peers: readonly string[],
  ) {
    super(message);
  }
}

/** What `RuleBroken.rule` is where the laws or the model found it. */
export const STEP = "STEP";

const KEPT = 8_192;
const SHOWN = 20;

export class Watch {
  readonly #ring: Step[] = [];
  readonly #ids = new Map<ConnId, string>();
  #hash = 0;
  steps = 0;
  /** How often there was each kind of event, note and close. */
  readonly counts: Record<string, number> = {};

  constructor(private readonly look: Law) {}

  /** Two runs that differ in an instant, an event or an effect have different digests. */
  get digest(): string {
    return (this.#hash >>> 0).toString(16);
  }

  step(step: Step): void {
    const { event, effects, now } = step;
    if (event.kind === "socket-opened") this.#ids.set(event.conn, String(event.id));
    this.#count(event.kind);
    for (const effect of effects) {
      if (effect.kind === "note") this.#count(effect.what);
      if (effect.kind === "close") this.#count(`closed with ${effect.code}`);
    }
    const text = JSON.stringify([now, event, effects]);
    for (let i = 0; i < text.length; i++) {
      this.#hash = Math.imul(this.#hash ^ text.charCodeAt(i), 0x01000193);
    }
    this.#ring[this.steps++ % KEPT] = step;
    try {
      this.look(step);
    } catch (error) {
      throw new RuleBroken(STEP, now, String(error), this.#peersOf(step));
    }
  }

  /** The last steps that concern one of the peers, or any where there is none, as lines. */
  about(peers: readonly string[]): string[] {
    const at = this.steps % KEPT;
    const inOrder = [...this.#ring.slice(at), ...this.#ring.slice(0, at)];
    const concern = (step: Step): boolean =>
      peers.length === 0 || this.#peersOf(step).some((id) => peers.includes(id));
    return inOrder.filter(concern).slice(-SHOWN).map((step) => this.#lineOf(step));
  }

  #count(what: string): void {
    this.counts[what] = (this.counts[what] ?? 0) + 1;
  }

  #peersOf({ event, effects }: Step): string[] {
    return [event, ...effects].flatMap((it) =>
      "conn" in it && it.kind !== "engine-answered" && it.kind !== "engine-failed"
        ? this.#ids.get(it.conn) ?? `${it.conn}`
        : []
    );
  }

  #lineOf({ now, event, effects }: Step): string {
    const [first, ...rest] = [event, ...effects].map((it) => JSON.stringify(it).slice(0, 200));
    return [`${instant(now)} ${first}`, ...rest].join("\n      → ");
  }
}

/** Virtual time as people read it. */
export function instant(ms: number): string {
  return new Date(ms).toISOString().slice(11, -1);
}
