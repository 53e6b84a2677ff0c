/**
 * What a recording has in place of options that are secret. Events and states have no secrets in them.
 *
 * @module
 */
import {
  OPTION_NAMES,
  type OptionName,
  optionOf,
  type Settings,
  settingsFrom,
} from "../../core/mod.ts";

/** The settings as they may be written: no rule looks at what is left out. */
export function withoutSecrets(settings: Settings): Settings {
  const written: Record<string, Settings[OptionName]> = { ...settings };
  for (const name of OPTION_NAMES) {
    const isHidden = optionOf(name).secret === true || PLACES.includes(name);
    if (isHidden && settings[name] !== "") written[name] = REDACTED;
  }
  return settingsFrom({ ...settings, ...written, key: REDACTED });
}

/** Long enough for every option that it stands in for. */
const REDACTED = "*".repeat(32);

/** Options that name files, or a URL that may have a password in it. */
const PLACES: readonly OptionName[] = ["sslkey", "sslcert", "auth_jwks", "record"];
