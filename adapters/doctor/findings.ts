/**
 * What the probes of the doctor find, as plain data.
 *
 * @module
 */

import { urlHost } from "../../core/mod.ts";
import type { Lifetime } from "../lifetime.ts";

/** A request that got an answer, or why it got none. */
export type Reached = Answer | Unreached;

/** An answer to an HTTP request. */
export interface Answer {
  readonly kind: "answer";
  readonly status: number;
  /** By name in lower case; a header that came twice has both values, with a comma between them. */
  readonly headers: Readonly<Record<string, string>>;
  /** The beginning of the body. */
  readonly body: string;
}

/** Why there is no answer. */
export interface Unreached {
  readonly kind: "error";
  /** The code of the platform, such as `ECONNREFUSED`, or `ETIMEDOUT`. */
  readonly code: string;
  readonly message: string;
}

/** How a socket began: the first frame of the server if it was upgraded. */
export type Opened =
  | {
    readonly kind: "upgraded";
    /** The type of the first frame; empty if the socket closed, or was silent, before it. */
    readonly type: string;
    /** The sentence of the server if it refuses. */
    readonly text: string;
  }
  | Reached;

/** The certificate of a server, and the protocols of its TLS. */
export interface TlsFinding extends Lifetime {
  readonly kind: "tls";
  /** The code of what is wrong with the chain or the name, such as `CERT_HAS_EXPIRED`; `null` for nothing. */
  readonly problem: string | null;
  /** The names in the certificate, as `DNS:example.com, IP Address:192.0.2.1`. */
  readonly names: string;
  readonly issuer: string;
}

/** How long a silent socket lived. */
export interface IdleFinding {
  readonly askedMs: number;
  readonly livedMs: number;
  /** How it ended; `null` if it was still open. */
  readonly end: SocketEnd | null;
  /** Whether the server did not answer after that end. */
  readonly isGone: boolean;
}

/** How a socket ended. */
export interface SocketEnd {
  readonly code: number;
  readonly reason: string;
}

/** A STUN or TURN server that a server hands out, and whether it answers. */
export interface TurnFinding {
  readonly url: string;
  readonly answers: boolean;
}

/** What was found of two clients. */
export interface PairFinding {
  /** Whether a message came across, for each direction that was tried. */
  readonly arrived: readonly boolean[];
  /** Whether a message of 64 KiB came across; `null` if it was not tried. */
  readonly large: boolean | null;
  /** Tries to open the id of a connected client with another token, by outcome. */
  readonly claims: { readonly refused: number; readonly admitted: number };
}

/** Everything that was found; `null` for what was not tried. */
export interface Findings {
  readonly target: Target;
  readonly addresses: readonly string[] | Unreached;
  readonly tcp:
    | { readonly kind: "open"; readonly local: string; readonly remote: string }
    | Unreached;
  readonly tls: TlsFinding | Unreached | null;
  /** Whether TLS works for HTTP/2 only. */
  readonly isH2Only: boolean;
  /** Whether the port answers with TLS and the URL has `http:`, or the other way round. */
  readonly isOtherScheme: boolean;
  readonly root: Reached | null;
  /** The path of the server, where it is another one than that of the URL. */
  readonly foundPath: string | null;
  /** The answer at the place of the API of an admin port, if no PeerJS server answers. */
  readonly admin: Reached | null;
  readonly healthz: Reached | null;
  readonly readyz: Reached | null;
  readonly id: Reached | null;
  /** The answer to a page of another origin. */
  readonly cors: Reached | null;
  /** The answer that lists ICE servers. */
  readonly ice: Reached | null;
  /** What `ice` lists. */
  readonly turn: readonly TurnFinding[];
  /** The page that `cors` is about. */
  readonly corsOrigin: string;
  readonly opened: Opened | null;
  readonly pair: PairFinding | null;
  readonly idle: IdleFinding | null;
  /** The answer to a request that is not HTTP: its error page names some proxies. */
  readonly nonsense: Reached | null;
}

/** What the doctor is to look at. */
export interface Target {
  readonly secure: boolean;
  /** The name or the address, without brackets. */
  readonly host: string;
  readonly port: number;
  /** Begins and ends in a slash. */
  readonly path: string;
  readonly key: string;
  /** The origin of the page; `null` for the origin of the server itself. */
  readonly origin: string | null;
  /** Authorities to trust in place of those of the system, as PEM; `null` for those. */
  readonly ca: string | null;
  /** Whether a token was given, or can be made. */
  readonly hasToken: boolean;
  /** How long each probe may take. */
  readonly maxMs: number;
  /** How long a silent socket is watched. */
  readonly idleMs: number;
}

/** The host with the brackets that a URL needs. */
export function hostText({ host }: Pick<Target, "host">): string {
  return urlHost(host);
}

/** The origin of a page that the server itself serves. */
export function ownOrigin({ secure, host, port }: Target): string {
  return new URL(`${secure ? "https" : "http"}://${hostText({ host })}:${port}`).origin;
}

/** Whether there was no answer. */
export function isError(reached: { readonly kind: string } | null): reached is Unreached {
  return reached?.kind === "error";
}

/** Whether an answer is that of a PeerJS server about itself. */
export function isPeerServer(reached: Reached | null): boolean {
  return reached?.kind === "answer" && reached.status === 200 &&
    reached.body.includes("broker connections between PeerJS clients");
}

/** Where the server of an admin port is: `null` if the answer is of no admin port, "" if it does not tell. */
export function adminPlace(admin: Reached | null): string | null {
  if (admin?.kind !== "answer") return null;
  const { body } = admin;
  const [, path, port] =
    /^\{"server":\{[^}]*"path":"([^"]{0,255})","port":(\d{1,5})\b/.exec(body) ?? [];
  if (port !== undefined) return `port ${port}, path ${path}`;
  return /^\{"error":"[^"]*admin[_ ]token/.test(body) ? "" : null;
}

/** The path that an answer of signalbox tells its client to use, as a URL has it; `null` if it is no such answer. */
export function toldPath(reached: { readonly kind: string } | null): string | null {
  if (reached === null || !("body" in reached)) return null;
  const told = /Give the client this path: new Peer\(id, \{ path: "(\/[^"\s]{0,255})"/.exec(
    String(reached.body),
  )?.[1];
  // Joined as text: as a relative URL, `//name/` would be another host.
  return told === undefined ? null : new URL(`http://host${told}`).pathname;
}
