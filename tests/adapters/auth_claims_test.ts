import { SignJWT } from "jose";
import { createVerifier } from "../../adapters/auth/jwt.ts";
import { CLOSE, type Identity, settingsFrom } from "../../core/mod.ts";
import { assert, assertEquals, assertThrows } from "../support/assert.ts";
import { opening, ownerOf, refuses, world } from "../support/world.ts";

const SECRET = "a secret of at least thirty-two characters";

/** What a token with these claims proves where an audience and an issuer are asked for. */
async function proves(claims: Record<string, unknown>): Promise<Identity> {
  const asked = { auth_audience: "signalbox", auth_issuer: "https://id.example" };
  const verify = createVerifier(settingsFrom({ auth: "jwt", auth_secret: SECRET, ...asked }), {
    now: () => 0,
    ownerOf,
  });
  assert(verify !== null);
  const token = new SignJWT(claims).setProtectedHeader({ alg: "HS256" }).setSubject("alice");
  return await verify(await token.setExpirationTime("1h").sign(new TextEncoder().encode(SECRET)));
}

Deno.test("[AUTH-1] a token for another application, or of another issuer, is refused", async () => {
  const [aud, iss] = ["signalbox", "https://id.example"];
  assertEquals((await proves({ aud, iss })).kind, "proven");
  assertEquals((await proves({ aud: ["other", aud], iss })).kind, "proven");
  const wrong = (claim: string): Identity => ({
    kind: "rejected",
    reason: `The claim ${claim} of the token is not the one asked for`,
  });
  assertEquals(await proves({ aud: "other", iss }), wrong("aud"));
  assertEquals(await proves({ aud, iss: "https://evil.example" }), wrong("iss"));
  assertEquals((await proves({ iss })).kind, "rejected");
});

Deno.test("[AUTH-1] where tokens are asked for, a socket whose token nobody checked is refused", () => {
  const w = world({ auth: "jwt", auth_secret: SECRET });
  assertEquals(w.step(opening(1)), refuses(1, CLOSE.notAuthorized, "The token was not checked"));
});

Deno.test("[SET-2] options of auth that do not fit together are refused, and a secret is not shown", () => {
  const mistakes = [
    [{ auth: "jwt" }, "needs one of auth_secret and auth_jwks"],
    [{ auth: "jwt", auth_secret: SECRET, auth_jwks: "keys.json" }, "needs one of"],
    [{ auth_secret: SECRET }, "need auth jwt"],
    [{ auth_http: true }, "need auth jwt"],
    [{ auth: "jwt", auth_secret: "short" }, "Option auth_secret must be 32 or more characters."],
  ] as const;
  for (const [given, message] of mistakes) {
    assertThrows(() => settingsFrom(given), RangeError, message);
  }
});
