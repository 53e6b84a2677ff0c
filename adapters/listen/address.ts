/**
 * The raw address of a client, with or without proxies.
 *
 * @module
 */
import {
  type AddressRange,
  clientBehind,
  isInRanges,
  parseRange,
  plainAddress,
  readHop,
  type Settings,
} from "../../core/mod.ts";
import type { IncomingRequest } from "../request.ts";

/**
 * The address of a client: the other end of the connection. If that is a trusted proxy, the right-most address in
 * `X-Forwarded-For` that is not one; with `proxied` alone the left-most, which any client can forge.
 */
export function clientAddress(
  { header, remoteAddress }: Pick<IncomingRequest, "header" | "remoteAddress">,
  { proxied, trusted_proxies }: Settings,
): string {
  const remote = plainAddress(remoteAddress) ?? remoteAddress;
  if (trusted_proxies.length > 0) {
    return clientBehind(remote, header("x-forwarded-for"), rangesOf(trusted_proxies));
  }
  return (proxied ? firstHop(header("x-forwarded-for") ?? "") : null) ?? remote;
}

/**
 * The address of a client, for the client itself, and where it comes from: `forwarded` by a trusted proxy, or the other
 * end of the connection, without an `X-Forwarded-For` (`direct`) or with one that does not count (`ignored`).
 */
export function seenAs(
  incoming: Pick<IncomingRequest, "header" | "remoteAddress">,
  settings: Settings,
): string {
  const { header, remoteAddress } = incoming;
  const forwardedFor = header("x-forwarded-for");
  const { proxied, trusted_proxies } = settings;
  const remote = plainAddress(remoteAddress) ?? remoteAddress;
  const isTrusted = trusted_proxies.length > 0
    ? isInRanges(remote, rangesOf(trusted_proxies))
    : proxied;
  const source = forwardedFor === null ? "direct" : isTrusted ? "forwarded" : "ignored";
  return `${clientAddress(incoming, settings)}; ${source}`;
}

/** Does not split the header, which can have many parts. */
function firstHop(forwardedFor: string): string | null {
  const comma = forwardedFor.indexOf(",");
  return readHop(comma < 0 ? forwardedFor : forwardedFor.slice(0, comma));
}

/** Cached by the list of the settings, so that a request parses nothing. */
const parsed = new WeakMap<readonly string[], readonly AddressRange[]>();

function rangesOf(texts: readonly string[]): readonly AddressRange[] {
  const known = parsed.get(texts);
  if (known !== undefined) return known;
  const ranges = texts.map(parseRange).filter((range) => range !== null);
  parsed.set(texts, ranges);
  return ranges;
}

/** Whether a host to listen on stands for every address. */
export function isAnyAddress(host: string): boolean {
  return host === "" || host === "::" || host === "0.0.0.0";
}

/** An address of this machine that leads to a server which is bound to `host`. */
export function reachable(host: string): string {
  if (host === "::") return "::1";
  return host === "0.0.0.0" ? "127.0.0.1" : host;
}
