/**
 * A hash over a whole run: two runs that differ in one instant, event or effect have different digests.
 * Two 32-bit lanes of multiply and rotate; quick, and no match for anybody who looks for a collision.
 *
 * @module
 */
import type { Event } from "../../core/mod.ts";
import type { Step } from "./loop.ts";

/** The digest so far. */
export class Digest {
  #a = 0x6a09e667 | 0;
  #b = 0xbb67ae85 | 0;
  readonly #double = new Float64Array(1);
  readonly #words = new Int32Array(this.#double.buffer);

  /** Takes in a step. */
  add(now: number, event: Event, effects: Step["effects"]): void {
    this.#number(now);
    this.#text(event.kind);
    if ("conn" in event) this.#number(event.conn);
    if ("text" in event) this.#text(event.text);
    else if (event.kind !== "socket-closed" && event.kind !== "tick") {
      this.#text(JSON.stringify(event));
    }
    for (const effect of effects) {
      this.#number(effect.conn);
      if (effect.kind === "send") this.#text(effect.text);
      else this.#text(`${effect.code} ${effect.reason}`);
    }
  }

  /** Sixteen hexadecimal digits. */
  toString(): string {
    const hex = (lane: number): string => (lane >>> 0).toString(16).padStart(8, "0");
    return hex(this.#a) + hex(this.#b);
  }

  #number(value: number): void {
    this.#double[0] = value;
    this.#mix(this.#words[0] ?? 0);
    this.#mix(this.#words[1] ?? 0);
  }

  #text(text: string): void {
    let hash = text.length;
    for (let i = 0; i < text.length; i++) hash = Math.imul(hash, 31) + text.charCodeAt(i) | 0;
    this.#mix(hash);
  }

  #mix(word: number): void {
    this.#a = Math.imul(this.#a ^ word, 0x85ebca6b);
    this.#a = (this.#a << 13) | (this.#a >>> 19);
    this.#b = Math.imul((this.#b + word) | 0, 0xc2b2ae35) ^ (this.#a >>> 7);
    this.#b = (this.#b << 17) | (this.#b >>> 15);
  }
}
