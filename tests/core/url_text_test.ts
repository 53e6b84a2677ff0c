/** URLs in text that people read: only the origin stays. */
import { cutUrl, cutUrls, settingsFrom } from "../../core/mod.ts";
import { assert, assertEquals, assertStringIncludes } from "../support/assert.ts";

/** Texts, and the same with their URLs cut. */
const TEXTS: Readonly<Record<string, string>> = {
  "": "",
  "no URL: a//b, a:/b, ://": "no URL: a//b, a:/b, ://",
  "see https://example.com": "see https://example.com",
  "see https://example.com/.": "see https://example.com/.",
  "see https://example.com:8443": "see https://example.com:8443",
  "https://example.com/a": "https://example.com/…",
  "https://example.com?key=secret": "https://example.com/…",
  "https://example.com#secret": "https://example.com/…",
  "https://secret@example.com": "https://example.com/…",
  "https://me:secret@example.com:81/?x": "https://example.com:81/…",
  "https://me:a@b@example.com/": "https://example.com/…",
  "HTTPS://Example.COM/secret": "HTTPS://example.com/…",
  "ws://[2001:db8::1]:90/secret": "ws://[2001:db8::1]:90/…",
  "redis://:secret@cache:6379/0": "redis://cache:6379/…",
  "x+y-z.1://h/secret": "x+y-z.1://h/…",
  "(https://a.example/secret): reset": "(https://a.example/…): reset",
  "'https://a.example/secret', \"https://b.example/s\"":
    "'https://a.example/…', \"https://b.example/…\"",
  "<https://a.example/secret>;https://b.example/secret":
    "<https://a.example/…>;https://b.example/…",
  "https://a.example/(secret)'secret\nhttps://b.example/x y":
    "https://a.example/…\nhttps://b.example/… y",
  "https://example.com/…": "https://example.com/…",
  "https://": "https://",
  "https://:secret": "https://…",
  "https://me:secret@": "https://…",
  "https://me:secret@host:99999/": "https://…",
  "https://?secret": "https://…",
  "at f (file:///srv/app/main.ts:1:2)": "at f (file:///srv/app/main.ts:1:2)",
  "/etc/keys.json?x=1, C:\\keys": "/etc/keys.json?x=1, C:\\keys",
};

Deno.test("[FAULT-26] cutUrls keeps the origin of each URL, and the text around it", () => {
  for (const [text, left] of Object.entries(TEXTS)) {
    assertEquals(cutUrls(text), left);
    assertEquals(cutUrls(left), left, "once more");
    assert(!/secret/.test(left));
  }
});

Deno.test("[FAULT-26] a value that begins as a URL is cut as a whole, whatever is in it", () => {
  const values = {
    "https://me:se cret@example.com/": "https://example.com/…",
    ' https://example.com/"secret" secret': " https://example.com/…".trim(),
    "https://example.com": "https://example.com",
    "https://me:secret@host:x/a b": "https://…",
    "file:///etc/my keys.json": "file:///etc/my keys.json",
    "/etc/my keys.json": "/etc/my keys.json",
    "of https://example.com/secret": "of https://example.com/…",
    [`${"x".repeat(30)}://example.com/a`]: `${"x".repeat(30)}://example.com/a`,
  };
  for (const [value, shown] of Object.entries(values)) assertEquals(cutUrl(value), shown);
});

Deno.test("[FAULT-26] cutUrls handles texts of 100,000 characters that are chosen to be slow to match", () => {
  for (const part of ["a.", "a://", "https://x/", "https://,", ":", "a+", "x", "https://@", " a"]) {
    const text = part.repeat(100_000 / part.length);
    assert(cutUrls(text).length <= 2 * text.length);
  }
});

Deno.test("[FAULT-26] [SET-2] the error for an invalid value shows the value, of a URL only the origin", () => {
  const mistakes = [
    [{ auth_jwks: "https://me:secret@example.com/\n" }, 'got "https://example.com/…".'],
    [{ auth_jwks: "/etc/keys\n" }, 'got "/etc/keys\\n".'],
    [{ cors: ["https://me:secret@example.com"] }, 'got "https://example.com/…", which has a user'],
    [{ cors: ["https://example.com/path"] }, 'got "https://example.com/path", which has a path'],
    [{ cors: ["https://example.com/?secret"] }, 'got "https://example.com/…", which has a path'],
    [{ trusted_proxies: ["10.0.0.1", "http://secret@p/"] }, 'got "10.0.0.1", "http://p/…".'],
  ] as const;
  for (const [given, message] of mistakes) {
    let shown = "";
    try {
      settingsFrom(given);
    } catch (error) {
      shown = String(error);
    }
    assertStringIncludes(shown, message);
    assert(!shown.includes("secret"));
  }
});
