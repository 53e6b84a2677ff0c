/**
 * What the descriptions of a call say about its streams.
 *
 * @module
 */
import type { Advice, Facts } from "./outcome.ts";

/** What the descriptions of a call say about its audio and video. */
export function aboutMedia({ attempt, answer, names: { caller, callee } }: Facts): Advice[] {
  const { caller: { flows: offered }, callee: { flows: answered } } = attempt.sides;
  if (attempt.connection !== "media" || offered === null) return [];
  const kinds = (["audio", "video"] as const).filter((kind) => offered[kind] !== "none");
  if (kinds.length === 0) {
    return [{
      text: `${caller} offers neither audio nor video.`,
      todo: "The stream that it passes to peer.call() has no tracks: wait for getUserMedia.",
      sure: "certain",
    }];
  }
  if (answer === undefined || answered === null) return [];
  const sends = kinds.some((kind) =>
    answered[kind] === "sendrecv" || answered[kind] === "sendonly"
  );
  const refused = kinds.filter((kind) => answered[kind] === "rejected");
  const advice: Advice[] = [];
  if (!sends && refused.length < kinds.length) {
    advice.push({
      text:
        `${callee} answered without a stream: ${caller} sees nothing, and has no "stream" event.`,
      todo:
        "Pass a stream with tracks: call.answer(stream). If only one side is to send, let that side call.",
      sure: "certain",
    });
  }
  if (refused.length > 0 && refused.length < kinds.length) {
    advice.push({
      text: `${callee} rejects the ${refused.join()} of the call.`,
      todo:
        "The browsers have no codec in common: remove what sdpTransform or setCodecPreferences forces.",
      sure: "certain",
    });
  }
  return advice;
}
