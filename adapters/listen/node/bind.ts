/**
 * Binds a server of `node:net` to an address.
 *
 * @module
 */
import type { AddressInfo, Server } from "node:net";

/** Where a server listens. */
export interface ListenAddress {
  readonly host: string;
  readonly port: number;
  /** Whether other threads of this process listen there too. */
  readonly reusePort: boolean;
}

/** Settles when the server listens. Rejects if the address cannot be bound. */
export function bind(server: Server, address: ListenAddress): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once("error", reject);
  server.listen(address, () => {
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
