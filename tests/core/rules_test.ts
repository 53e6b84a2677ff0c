import { initialState, isRuleName, rulesOf, settingsFrom } from "../../core/mod.ts";
import { assert, assertEquals } from "../support/assert.ts";

Deno.test("[REC-5] a state has the options that rules read, and no key, secret or path of a file", () => {
  const settings = settingsFrom({ key: "k".repeat(9), auth: "jwt", auth_secret: "s".repeat(32) });
  const { rules } = initialState(settings);
  assertEquals(rules, rulesOf(settings));
  assertEquals([rules.auth, rules.queue_limit], ["jwt", settings.queue_limit]);
  for (const name of ["key", "auth_secret", "sslkey", "record", "toString"]) {
    assert(!Object.hasOwn(rules, name) && !isRuleName(name), name);
  }
  for (const name of Object.keys(rules)) assert(isRuleName(name), name);
});
