import { CLOSE } from "../../core/mod.ts";
import { assertEquals } from "../support/assert.ts";

Deno.test("[OPEN-7] [OPEN-10] [MSG-9] [AUTH-2] [LIFE-1] [LIFE-4] [LIMIT-1] [AUTH-6] the codes are those of the rules", () => {
  assertEquals(CLOSE, {
    shutdown: 1001,
    tooBig: 1009,
    tryAgainLater: 1013,
    replaced: 4000,
    idTaken: 4001,
    badParameters: 4002,
    wrongKey: 4003,
    full: 4004,
    wrongOrigin: 4005,
    notAuthorized: 4006,
    unanswered: 4007,
    timedOut: 4008,
    left: 4009,
    badFrames: 4010,
    tokenExpired: 4011,
    tooMany: 4029,
  });
});
