/**
 * What a recording has in place of the key and of tokens, and what it must not lose with them.
 */
import { createRedactor, DIGEST_LENGTH } from "../../adapters/record_secrets.ts";
import { type Event, millis, settingsFrom } from "../../core/mod.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { FILE, makeStudio, replayText, textOf } from "../support/recording.ts";
import { opening } from "../support/world.ts";

const KEY = "sesame-key";
const TOKEN = "sesame-token";

/** The token and the key of an event. */
function secretsOf(event: Event): (string | null)[] {
  return event.kind === "socket-opened" ? [event.token, event.key] : [];
}

Deno.test("[REC-5] digests keep what rules look at: missing, empty, equal, too long, broken", () => {
  const settings = settingsFrom({ key: KEY, max_token_length: DIGEST_LENGTH });
  const redactor = createRedactor(settings);
  const redacted = (token: string | null, key: string | null = KEY): (string | null)[] =>
    secretsOf(redactor.event(opening(1, { token, key })));
  const [token, key] = redacted(TOKEN);
  assertEquals(token?.length, DIGEST_LENGTH);
  assertEquals(key, redactor.settings.key);
  assertEquals(redacted(TOKEN), [token, key], "equal stays equal");
  assert(redacted("other")[0] !== token);
  assert(redacted(TOKEN, "wrong")[1] !== key);
  assertEquals(redacted("", ""), ["", ""]);
  assertEquals(redacted(null, null), [null, null]);
  const long = "x".repeat(DIGEST_LENGTH + 1);
  assertEquals(redacted(long)[0]?.length, long.length);
  assertEquals(redacted(long.repeat(9))[0]?.length, long.length * 9);
  for (const broken of ["a\nb", `${"x".repeat(DIGEST_LENGTH - 1)}\0`, "\x7f"]) {
    const [hidden] = redacted(broken);
    assert(/\p{Cc}/u.test(hidden ?? ""), broken);
    assertEquals(hidden?.length, DIGEST_LENGTH);
  }
  assertEquals(redacted(`${long}\n`)[0]?.length, long.length + 1);
  const another = createRedactor(settings);
  assert(another.settings.key !== redactor.settings.key, "each process has a key of its own");
});

Deno.test("[REC-5] secret options, paths and URLs are blotted out, and what is left can be run", () => {
  const { settings } = createRedactor(settingsFrom({
    auth: "jwt",
    auth_secret: "sesame".repeat(10),
    auth_issuer: "issuer",
    sslkey: "sesame.key",
    sslcert: "sesame.crt",
    record: "sesame.rec",
    key: KEY,
    expire_timeout: 77,
  }));
  assert(!JSON.stringify(settings).includes("sesame"));
  assertEquals([settings.auth, settings.auth_issuer, settings.expire_timeout], [
    "jwt",
    "issuer",
    77,
  ]);
  const jwks = createRedactor(settingsFrom({ auth: "jwt", auth_jwks: "https://u:sesame@host/" }));
  assert(!JSON.stringify(jwks.settings).includes("sesame"));
});

Deno.test("[REC-5] where tokens are proven an owner is a subject and stays; else it is a digest", async () => {
  for (const auth of ["none", "jwt"] as const) {
    const settings = settingsFrom({
      key: KEY,
      record: FILE,
      max_record_bytes: 65_536,
      ...(auth === "jwt" && { auth, auth_secret: "s".repeat(32), auth_expiry: "close" }),
    });
    const studio = makeStudio(settings);
    const identity = auth === "none"
      ? { kind: "unchecked" } as const
      : { kind: "proven", subject: "a", peers: ["b"], endsAt: millis(9e9) } as const;
    const open = (conn: number, id: string, token: string): void =>
      studio.happen(opening(conn, { id, token, key: KEY, identity }), 1);
    open(1, "a", TOKEN);
    for (let i = 0; i < 250; i++) open(2 + i, "b", TOKEN);
    open(500, "b", `${TOKEN}-wrong`);
    open(501, "a", TOKEN);
    await studio.recorder.stop();
    assertEquals([...studio.disk.files.keys()].sort(), [FILE, `${FILE}.1`]);
    for (const path of [FILE, `${FILE}.1`]) {
      const text = textOf(studio.disk, path);
      assert(!text.includes("sesame"), path);
      assertEquals((await replayText(text, "--diff")).code, 0, "takeovers and refusals as before");
    }
    const { map, entries } = JSON.parse(textOf(studio.disk).split("\n", 2)[1] ?? "");
    assertEquals(map, "claims");
    const owners = entries.map(([, { owner }]: [string, { owner: string }]) => owner);
    assertEquals(new Set(owners).size, 1);
    assertEquals(owners[0] === "a", auth === "jwt");
  }
});
