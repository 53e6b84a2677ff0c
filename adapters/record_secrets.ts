/**
 * What a recording has in place of secrets: keyed digests, which tell equal from different and nothing more.
 *
 * The key of the digests is random, made once for a process, and never written. What rules look at stays:
 * whether a token is missing, empty, too long or has control characters in it, and which ones are equal.
 * The option `key` becomes a digest in the same way, so a right key stays right. Secrets that no rule looks
 * at, and paths of files, are blotted out: a replay reads none of them.
 *
 * @module
 */
import { createHmac, randomBytes } from "node:crypto";
import {
  type Event,
  OPTION_NAMES,
  type OptionName,
  optionOf,
  type Owner,
  owner,
  type Settings,
  settingsFrom,
} from "../core/mod.ts";

/** How many characters a digest has: HMAC-SHA-256 in base64url. */
export const DIGEST_LENGTH = 43;

/** Replaces the secrets of one server. */
export interface Redactor {
  readonly settings: Settings;
  /** The event as it may be written. */
  readonly event: (event: Event) => Event;
  /** What a snapshot has in place of an owner, which is a token where tokens are not checked. */
  readonly owner: (owner: Owner) => Owner;
}

/** A redactor with a key of its own. */
export function createRedactor(settings: Settings): Redactor {
  const { auth, max_token_length, max_message_bytes } = settings;
  const hmacKey = randomBytes(32);
  let [known, older] = [new Map<string, string>(), new Map<string, string>()];

  function digest(text: string): string {
    return createHmac("sha256", hmacKey).update(text).digest("base64url");
  }

  function key(text: string | null): string | null {
    return text === null || text === "" ? text : digest(text);
  }

  /** A digest is as long as a token may be, or shorter: `record` is refused with a lower bound. */
  function token(text: string | null): string | null {
    if (text === null || text === "") return text;
    const usual = digest(text);
    const sized = text.length > max_token_length ? usual.padEnd(text.length, usual) : usual;
    if (CONTROL.test(text)) return `\0${sized.slice(1)}`;
    if (auth === "none" && sized === usual) remember(text, usual);
    return sized;
  }

  /**
   * A snapshot has the tokens of all clients at once: most were seen when they came, or in the snapshot before.
   * Those that are unusually long are not worth their place.
   */
  function remember(text: string, digested: string): void {
    if (text.length > KNOWN_MAX_LENGTH) return;
    if (known.size >= KNOWN_MAX) [known, older] = [new Map(), known];
    known.set(text, digested);
  }

  function event(event: Event): Event {
    if (event.kind === "socket-opened") {
      return { ...event, token: token(event.token), key: key(event.key) };
    }
    if (event.kind === "frame-received" && event.text.length > max_message_bytes) {
      // However much more it has, it is only ever refused for its length.
      return { ...event, text: event.text.slice(0, max_message_bytes + 1) };
    }
    return event;
  }

  function ownerOf(text: Owner): Owner {
    if (auth !== "none") return text;
    const seen = known.get(text);
    if (seen !== undefined) return owner(seen);
    const digested = older.get(text) ?? digest(text);
    remember(text, digested);
    return owner(digested);
  }

  return { settings: settingsFrom(withoutSecrets(settings, digest)), event, owner: ownerOf };
}

/** Of how many tokens the digests are kept at hand, twice over, and how long such a token may be. */
const KNOWN_MAX = 10_000;
const KNOWN_MAX_LENGTH = 128;

const CONTROL = /\p{Cc}/u;

/** Long enough for every option that it stands in for. */
const BLOT = "*".repeat(32);

/** Options that name files, or a URL that may have a password in it. */
const PLACES: readonly OptionName[] = ["sslkey", "sslcert", "auth_jwks", "record"];

function withoutSecrets(settings: Settings, digest: (text: string) => string): Settings {
  const written: Record<string, Settings[OptionName]> = { ...settings };
  for (const name of OPTION_NAMES) {
    const isHidden = optionOf(name).secret === true || PLACES.includes(name);
    if (isHidden && settings[name] !== "") written[name] = BLOT;
  }
  return { ...settings, ...written, key: digest(settings.key) };
}
