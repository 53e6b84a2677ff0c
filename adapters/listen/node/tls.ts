/**
 * HTTPS with `node:https`: checks the files, creates the server, and limits the time of handshakes.
 *
 * @module
 */
import { createPrivateKey, X509Certificate } from "node:crypto";
import { createServer, type Server, type ServerOptions } from "node:https";
import type { Socket } from "node:net";
import { scheduleTimeout } from "../../clock.ts";
import type { Tls } from "../listener.ts";

/**
 * Creates an HTTPS server.
 *
 * @param handshakeMaxMs How long a TLS handshake may take, in milliseconds.
 */
export function createSecureServer(
  options: ServerOptions,
  tls: Tls,
  handshakeMaxMs: number,
): Server {
  const server = createServer({ ...options, handshakeTimeout: NO_TIMEOUT, ...tls });
  limitHandshakes(server, handshakeMaxMs);
  server.on("tlsClientError", (_error, connection) => connection.destroy());
  return server;
}

/** Switches `handshakeTimeout` off: 0 and a value that is not a number mean the default. */
const NO_TIMEOUT = -1;

/**
 * Ends connections whose handshake takes too long. The platform's `handshakeTimeout` does so too, but its timer is not
 * cancelled when a handshake fails, and keeps 24 KB per connection until it fires ([FAULT-29] in
 * tests/faults/answers_test.ts).
 */
function limitHandshakes(server: Server, maxMs: number): void {
  // The secure socket is another object than the raw one. The endpoint identifies both.
  const pending = new Map<string, () => void>();
  server.on("connection", (raw: Socket) => {
    const endpoint = endpointOf(raw);
    const cancel = scheduleTimeout(() => raw.destroy(), maxMs);
    pending.set(endpoint, cancel);
    raw.once("close", () => {
      cancel();
      if (pending.get(endpoint) === cancel) pending.delete(endpoint);
    });
  });
  server.on("secureConnection", (secure) => {
    const endpoint = endpointOf(secure);
    pending.get(endpoint)?.();
    pending.delete(endpoint);
  });
}

function endpointOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress} ${remotePort}`;
}

/**
 * Checks that key and certificate belong together. Deno's `node:tls` accepts any text, and then every handshake fails.
 *
 * @throws {Error} If they do not. The message is a part of a sentence.
 */
export function checkTls({ key, cert }: Tls): void {
  const certificate = new X509Certificate(firstPem(cert, "CERTIFICATE"));
  if (!certificate.checkPrivateKey(createPrivateKey(firstPem(key, "(?:[A-Z]+ )?PRIVATE KEY")))) {
    throw new Error("the key is not that of the certificate");
  }
}

/** The first block of a PEM text whose label matches. Blocks with other labels may come before it. */
function firstPem(text: string, label: string): string {
  const block = new RegExp(`^-----BEGIN (${label})-----[^]+?^-----END \\1-----`, "m").exec(text);
  if (block === null) throw new Error("a key or a certificate is not there");
  return block[0];
}
