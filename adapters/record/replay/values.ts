/**
 * Schemas for the values that lines of a recording are made of.
 *
 * @module
 */
import * as v from "valibot";
import { connId, type Message, millis, owner, peerId } from "../../../core/mod.ts";

export type Schema<T> = v.GenericSchema<unknown, T>;

export const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
export const conn = v.pipe(count, v.transform(connId));
export const at = v.pipe(v.number(), v.finite(), v.transform(millis));
export const peer = v.pipe(v.string(), v.transform(peerId));
export const holder = v.pipe(v.string(), v.transform(owner));

export const MESSAGE = v.strictObject({
  kind: v.literal("message"),
  type: v.picklist(["OFFER", "ANSWER", "CANDIDATE", "EXPIRE", "LEAVE"]),
  src: peer,
  dst: peer,
  text: v.string(),
}) satisfies Schema<Message>;

/** The entries of a map. */
export function entries<K, V>(key: Schema<K>, value: Schema<V>): Schema<(readonly [K, V])[]> {
  return v.array(v.strictTuple([key, value]));
}
