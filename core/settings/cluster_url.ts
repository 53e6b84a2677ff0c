/**
 * The URL of option `cluster`, read.
 *
 * @module
 */
import { urlHost } from "../wire/url_text.ts";

/** Where a Redis, or a sentinel of one, listens. */
export interface RedisHost {
  readonly host: string;
  readonly port: number;
}

/** Where the Redis of a cluster is, and what it asks of those who connect. */
export interface ClusterAddress {
  readonly scheme: "redis" | "rediss" | "redis+sentinel";
  /** The Redis itself; with sentinels, these, in the order in which they are asked. */
  readonly hosts: readonly RedisHost[];
  /** The name under which sentinels know the Redis; empty without sentinels. */
  readonly master: string;
  /** Empty for the default user. */
  readonly user: string;
  readonly password: string;
  readonly db: number;
}

/** Reads the URL; a string says what is wrong with it, as a sentence without its stop, and quotes nothing of it. */
export function readClusterUrl(url: string): ClusterAddress | string {
  const [, scheme = "", given = "", authority = "", path = "", query] =
    /^([a-z+]+):\/\/(?:([^/?#]*)@)?([^/?#@]*)(?:\/([^?#]*))?(?:\?([^#]*))?$/.exec(url) ?? [];
  if (scheme !== "redis" && scheme !== "rediss" && scheme !== "redis+sentinel") {
    return "it must begin with redis://, rediss:// or redis+sentinel://, and have no fragment";
  }
  const isSentinel = scheme === "redis+sentinel";
  const hosts = authority.split(",").map((text) => hostOf(text, isSentinel ? 26_379 : 6_379));
  if (hosts.some((host) => host === null)) {
    return "it needs a host, and a port from 1 to 65535; in a password write %2F for /, %40 for @, %3A for :";
  }
  if (hosts.length > 1 && !isSentinel) {
    return "it has several hosts, which only redis+sentinel:// may have";
  }
  if (!/^\d{0,4}$/.test(path)) {
    return "what follows the host must be the number of a database, or nothing";
  }
  const master = masterIn(query, isSentinel);
  if (master === null) {
    return isSentinel
      ? "it needs ?master=NAME, the name under which its sentinels know the Redis, and nothing more"
      : "it must have no query";
  }
  const [user, password] = credentialsOf(given);
  if (user === null || password === null) {
    return "its user or password has a % that escapes nothing: write %25 for %";
  }
  return {
    scheme,
    hosts: hosts.filter((host) => host !== null),
    ...{ master, user, password, db: Number(path) },
  };
}

/** An address as it may be shown: without user, password, database and query. */
export function shownCluster({ scheme, hosts }: ClusterAddress): string {
  return `${scheme}://${hosts.map(shownHost).join(",")}`;
}

/** A host and its port, as in a URL. */
export function shownHost({ host, port }: RedisHost): string {
  return `${urlHost(host)}:${port}`;
}

function hostOf(text: string, defaultPort: number): RedisHost | null {
  const [, bracketed = "", name = "", digits] =
    /^(?:\[([0-9a-f:.]+)\]|([\w.-]+))(?::(\d{1,5}))?$/i.exec(text) ?? [];
  const host = bracketed + name;
  const port = Number(digits ?? defaultPort);
  return host === "" || port < 1 || port > 65_535 ? null : { host, port };
}

function masterIn(query: string | undefined, isSentinel: boolean): string | null {
  if (!isSentinel) return query === undefined ? "" : null;
  return /^master=([\w.-]+)$/.exec(query ?? "")?.[1] ?? null;
}

function credentialsOf(given: string): readonly [string | null, string | null] {
  const colon = given.indexOf(":");
  const [user, password] = colon < 0
    ? [given, ""]
    : [given.slice(0, colon), given.slice(colon + 1)];
  return [unescaped(user), unescaped(password)];
}

function unescaped(text: string): string | null {
  try {
    return decodeURIComponent(text);
  } catch {
    return null;
  }
}
