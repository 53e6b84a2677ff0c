/**
 * Where a client comes from.
 *
 * @module
 */

/**
 * The client's address: the one the connection comes from or, where a reverse proxy is trusted, the first
 * one in `X-Forwarded-For`. Empty where neither is known. Must be asked before a request is upgraded.
 */
export function clientAddress(
  headers: Headers,
  info: Deno.ServeHandlerInfo | undefined,
  proxied: boolean,
): string {
  const forwarded = proxied ? headers.get("x-forwarded-for")?.split(",", 1)[0]?.trim() : undefined;
  if (forwarded !== undefined && forwarded !== "") return forwarded;
  const remote = info?.remoteAddr;
  return remote !== undefined && "hostname" in remote ? remote.hostname : "";
}
