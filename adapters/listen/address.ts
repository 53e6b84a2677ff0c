/**
 * Where a client comes from.
 *
 * @module
 */
import {
  type AddressRange,
  clientBehind,
  parseRange,
  plainAddress,
  readHop,
  type Settings,
} from "../../core/mod.ts";
import type { Arrival } from "../request.ts";

/**
 * The client's address: the other end of the connection; behind trusted proxies the right-most address in
 * `X-Forwarded-For` that is not one of theirs; with `proxied` alone the left-most, whoever wrote it.
 */
export function clientAddress(
  { header, remoteAddress }: Pick<Arrival, "header" | "remoteAddress">,
  { proxied, trusted_proxies }: Settings,
): string {
  const remote = plainAddress(remoteAddress) ?? remoteAddress;
  if (trusted_proxies.length > 0) {
    return clientBehind(remote, header("x-forwarded-for"), rangesOf(trusted_proxies));
  }
  return (proxied ? firstHop(header("x-forwarded-for") ?? "") : null) ?? remote;
}

/** Only the first part is looked at, however many there are. */
function firstHop(forwardedFor: string): string | null {
  const comma = forwardedFor.indexOf(",");
  return readHop(comma < 0 ? forwardedFor : forwardedFor.slice(0, comma));
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
