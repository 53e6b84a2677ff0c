/**
 * Where a client comes from.
 *
 * @module
 */
import {
  type AddressRange,
  clientBehind,
  parseAddress,
  parseRange,
  type Settings,
} from "../core/mod.ts";
import type { Arrival } from "./exchange.ts";

/**
 * The client's address: the other end of the connection; behind trusted proxies the right-most address in
 * `X-Forwarded-For` that is not one of theirs; with `proxied` alone the left-most, whoever wrote it.
 */
export function clientAddress(
  { header, remoteAddress }: Pick<Arrival, "header" | "remoteAddress">,
  { proxied, trusted_proxies }: Settings,
): string {
  if (trusted_proxies.length > 0) {
    return clientBehind(
      plainAddress(remoteAddress),
      header("x-forwarded-for"),
      rangesOf(trusted_proxies),
    );
  }
  const first = proxied ? header("x-forwarded-for")?.split(",", 1)[0]?.trim() : undefined;
  const isAddress = first !== undefined && parseAddress(first) !== null;
  return plainAddress(isAddress ? first : remoteAddress);
}

/** An IPv4 address without the IPv6 clothes in which a socket for both sees it. */
function plainAddress(address: string): string {
  return address.startsWith("::ffff:") && address.includes(".") ? address.slice(7) : address;
}

const parsed = new WeakMap<readonly string[], readonly AddressRange[]>();

/** Parsed once for each list of settings. */
function rangesOf(texts: readonly string[]): readonly AddressRange[] {
  const known = parsed.get(texts);
  if (known !== undefined) return known;
  const ranges = texts.map(parseRange).filter((range) => range !== null);
  parsed.set(texts, ranges);
  return ranges;
}
