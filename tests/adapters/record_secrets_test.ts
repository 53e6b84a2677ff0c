/**
 * What a recording has in place of options that are secret.
 */
import { withoutSecrets } from "../../adapters/record/secrets.ts";
import { settingsFrom } from "../../core/mod.ts";
import { assert, assertEquals } from "../support/assert.ts";

Deno.test("[REC-5] secret options, paths and URLs are blotted out, and what is left can be run", () => {
  const settings = withoutSecrets(settingsFrom({
    auth: "jwt",
    auth_secret: "sesame".repeat(10),
    auth_issuer: "issuer",
    sslkey: "sesame.key",
    sslcert: "sesame.crt",
    record: "sesame.rec",
    key: "sesame-key",
    expire_timeout: 77,
  }));
  assert(!JSON.stringify(settings).includes("sesame"));
  assertEquals([settings.auth, settings.auth_issuer, settings.expire_timeout], [
    "jwt",
    "issuer",
    77,
  ]);
  const jwks = withoutSecrets(settingsFrom({ auth: "jwt", auth_jwks: "https://u:sesame@host/" }));
  assert(!JSON.stringify(jwks).includes("sesame"));
});
