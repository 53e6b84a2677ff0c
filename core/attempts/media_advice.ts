/**
 * What the descriptions of a call say about its streams.
 *
 * @module
 */
import type { Facts } from "./outcome.ts";
import { type Advice, certain } from "./words.ts";

/** What is the matter with the audio and video of a call; nothing if all of it is rejected, which is an outcome. */
export function aboutMedia({ attempt, names: { caller, callee } }: Facts): Advice[] {
  const { caller: { flows: offered }, callee: { flows: answered } } = attempt.sides;
  if (attempt.connection !== "media" || offered === null) return [];
  const kinds = (["audio", "video"] as const).filter((kind) => offered[kind] !== "none");
  if (kinds.length === 0) {
    return [certain(
      `The call of ${caller} has neither audio nor video.`,
      "The stream that it passes to peer.call() has no tracks yet: wait for getUserMedia().",
    )];
  }
  if (answered === null) return [];
  const rejected = kinds.filter((kind) => answered[kind] === "rejected");
  if (rejected.length === kinds.length) return [];
  const advice: Advice[] = [];
  if (kinds.every((kind) => !SENDS.includes(answered[kind]))) {
    advice.push(certain(
      `${callee} answered without a stream: ${caller} sees and hears nothing, and has no "stream" event.`,
      "Pass a stream with tracks: call.answer(stream). If one side only is to send, let that side call.",
    ));
  }
  if (rejected.length > 0) {
    advice.push(certain(
      `${callee} rejects the ${rejected.join()} of the call.`,
      "The browsers have no codec in common: look at sdpTransform and setCodecPreferences().",
    ));
  }
  return advice;
}

const SENDS: readonly string[] = ["sendrecv", "sendonly"];
