/**
 * Breaks of origins, and of the text in URLs.
 *
 * @module
 */
import { type Break, breaksOf } from "./break.ts";

const ORIGINS = breaksOf("core/rules/origin.ts", [
  {
    name: "an origin is another where its case is",
    rules: ["OPEN-10"],
    find: "const lower = text.toLowerCase();",
    put: "const lower = text;",
  },
  {
    name: "an origin is another with its scheme's own port",
    rules: ["SET-7", "OPEN-10"],
    find: "return new URL(origin).origin;",
    put: "return origin;",
  },
  {
    name: "an origin that begins like one that is listed is allowed",
    rules: ["HTTP-8", "OPEN-10"],
    find: "return cors.includes(normal) || ",
    put: "return cors.some((listed) => normal.startsWith(listed)) || ",
  },
  {
    name: "a star means no subdomain",
    rules: ["SET-7"],
    find: " || cors.some((listed) => isSubdomain(listed, normal))",
    put: "",
  },
  {
    name: "a star means an empty name",
    rules: ["SET-7"],
    find: "origin.length >= listed.length",
    put: "origin.length >= listed.length - 1",
  },
  {
    name: "a star means another scheme",
    rules: ["SET-7"],
    find: "origin.startsWith(listed.slice(0, star)) && ",
    put: "",
  },
  {
    name: "a star means whatever begins like it",
    rules: ["SET-7"],
    find: " && origin.endsWith(listed.slice(star + 1))",
    put: "",
  },
  {
    name: "a star means names that only end like it",
    rules: ["SET-7"],
    find: "origin.endsWith(listed.slice(star + 1))",
    put: "origin.endsWith(listed.slice(star + 2))",
  },
  {
    name: "pages of files are only those of shells",
    rules: ["SET-7"],
    find: 'origins: ["file://", "null"]',
    put: 'origins: ["file://"]',
  },
  {
    name: "a path in an origin is left out",
    rules: ["SET-7"],
    find: 'if (rest !== "" && rest !== "/") {',
    put: "if (false) {",
  },
  {
    name: "an address of a socket is an origin",
    rules: ["SET-7"],
    find: "if (SOCKET_SCHEME.test(scheme)) {",
    put: "if (false) {",
  },
  {
    name: "a star may stand anywhere",
    rules: ["SET-7"],
    find: 'authority.slice(isWild ? 1 : 0).includes("*")',
    put: "false",
  },
  {
    name: "advice is given that is no origin",
    rules: ["SET-7"],
    find: "readOrigin(instead).ok ? instead : EXAMPLE",
    put: "instead",
  },
  {
    name: "with TLS a page without is of the server's origin",
    rules: ["OPEN-10"],
    find: 'if (sslkey !== "" && scheme !== "https") return false;',
    put: "",
  },
  {
    name: "a page of another host is of the server's origin",
    rules: ["OPEN-10"],
    find: "own !== null && own === normalOrigin(origin)",
    put: "own !== null",
  },
  {
    name: "without a host every page that has none is of the server's origin",
    rules: ["OPEN-10"],
    find: "own !== null && own ===",
    put: "own ===",
  },
]);

const URL_TEXT = breaksOf("core/wire/url_text.ts", [
  {
    name: "the names of files are cut too",
    rules: ["FAULT-26"],
    find: "const URLS = /\\b(?!file:)",
    put: "const URLS = /\\b",
  },
  {
    name: "the user of a URL is shown",
    rules: ["FAULT-26"],
    find: "new URL(url).host",
    put: 'url.split("/")[2]',
  },
  {
    name: "what cannot be read as a URL is shown as it is",
    rules: ["FAULT-26"],
    find: 'URL.canParse(url) ? new URL(url).host : ""',
    put: 'URL.canParse(url) ? new URL(url).host : url.split("/")[2]',
  },
  {
    name: "a value that is a URL ends at a space",
    rules: ["FAULT-26"],
    find: "? originOf(value) : cutUrls(value)",
    put: "? cutUrls(value) : cutUrls(value)",
  },
  {
    name: "an escaped slash parts a path",
    rules: ["SET-8"],
    find: 'path.split("/").map((part) => escapePart(unescapeOnce(part))).join("/")',
    put: 'unescapeOnce(path).split("/").map(escapePart).join("/")',
  },
  {
    name: "a malformed escape throws",
    rules: ["HTTP-4", "SET-8"],
    find: "} catch {\n      return escapes;",
    put: "} catch (error) {\n      throw error;",
  },
  {
    name: "a key with a percent sign is compared as it was given only",
    rules: ["SET-8"],
    find: " || text === unescapeOnce(key)",
    put: "",
  },
  {
    name: "a key that a client escaped is wrong",
    rules: ["SET-8"],
    find: "text === key || text",
    put: "text",
  },
  {
    name: "a plus in a query is a space only",
    rules: ["SET-8"],
    find: "return isKey(key, given) ? key : decoded;",
    put: "return decoded;",
  },
  {
    name: "a parameter whose name ends in key is the key",
    rules: ["OPEN-2", "SET-8"],
    find: "(?:^|[?&])key=",
    put: "key=",
  },
  {
    name: "half a character ends a request",
    rules: ["SET-8"],
    find: "text.toWellFormed()",
    put: "text",
  },
]);

/** Every break of origins and URLs. */
export const ORIGIN_BREAKS: readonly Break[] = [...ORIGINS, ...URL_TEXT];
