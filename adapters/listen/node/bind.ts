/**
 * Binds a server of `node:net` to an address.
 *
 * @module
 */
import type { AddressInfo, Server } from "node:net";

/** Settles when the server listens. Rejects if the address cannot be bound. */
export function bind(server: Server, host: string, port: number): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once("error", reject);
  server.listen({ host, port }, () => {
    server.off("error", reject);
    resolve();
  });
  return promise;
}

/** The port that a server is bound to; 0 if it is none of TCP. */
export function portOf(server: Server): number {
  const address: Partial<AddressInfo> | string | null = server.address();
  return address !== null && typeof address === "object" ? address.port ?? 0 : 0;
}
