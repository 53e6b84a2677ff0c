/**
 * Decides on a request: a reply, or an upgrade to a WebSocket. The decision is the same behind every listener.
 *
 * @module
 */
import { STATUS_CODE } from "@std/http/status";
import { routeOf, type Settings } from "../../core/mod.ts";
import type { OwnerOf } from "../auth/owner.ts";
import { clientAddress } from "../listen/address.ts";
import {
  asksForSocket,
  type Check,
  HANDSHAKE_VERSIONS,
  handshakeFault,
  readHandshake,
  subprotocolOf,
  subprotocolsIn,
} from "../listen/handshake.ts";
import type { Refusal, RefusedClient } from "../observe/refusal.ts";
import type { IncomingRequest, Received, Reply } from "../request.ts";
import type { Sockets } from "../sockets/sockets.ts";
import type { Replies } from "./replies.ts";

/** What the decision on a request depends on. */
export interface ReceptionPorts {
  readonly settings: Settings;
  readonly replies: Replies;
  readonly sockets: Sockets;
  readonly ownerOf: OwnerOf;
  /** For how many more milliseconds the server drains; `null` if it does not. */
  readonly drainsFor: () => number | null;
  readonly check: Check;
  /** Called for a handshake that is refused before there is a socket. */
  readonly onRefused: (client: RefusedClient, refusal: Refusal) => void;
}

/** The part of a server that decides on requests. */
export interface Reception {
  /** Decides on a request: a reply, or an upgrade. */
  readonly receive: (incoming: IncomingRequest) => Received;
  /** The reply to a handshake that is not valid. `why` is the end of a sentence. */
  readonly refuseHandshake: (incoming: IncomingRequest, why: string) => Reply;
}

export function createReception(
  { settings, replies, sockets, ownerOf, drainsFor, check, onRefused }: ReceptionPorts,
): Reception {
  function receive(incoming: IncomingRequest): Received {
    if (!asksForSocket(incoming) || routeOf(settings, incoming.path) !== "socket") {
      return { kind: "reply", reply: replies.reply(incoming) };
    }
    const subprotocols = subprotocolsIn(incoming.header);
    const fault = handshakeFault(incoming.header, subprotocols);
    if (fault !== null) return { kind: "reply", reply: refuseHandshake(incoming, fault) };
    const drainMs = drainsFor();
    if (drainMs !== null) return { kind: "reply", reply: sendAway(incoming, drainMs) };
    const address = clientAddress(incoming, settings);
    if (!sockets.hasRoom(address)) {
      const code = STATUS_CODE.ServiceUnavailable;
      const reply = replies.refuse(incoming, code, NO_SOCKET_ROOM);
      tell(incoming, { why: "too-many", code, reason: NO_SOCKET_ROOM });
      return { kind: "reply", reply };
    }
    // Read before the upgrade: Deno's request throws afterwards.
    const handshake = readHandshake(incoming, settings, { ownerOf, check, address });
    return {
      kind: "upgrade",
      subprotocol: subprotocolOf(subprotocols),
      attach: (socket) => sockets.attach(socket, handshake),
      refuse: (why) => refuseHandshake(incoming, why),
    };
  }

  /** Before the upgrade, because then a proxy can try another server. */
  function sendAway(incoming: IncomingRequest, ms: number): Reply {
    const code = STATUS_CODE.ServiceUnavailable;
    const reply = replies.refuse(incoming, code, DRAINING);
    tell(incoming, { why: "stopping", code, reason: DRAINING });
    const seconds = Math.max(1, Math.ceil(ms / 1_000));
    return { ...reply, headers: { ...reply.headers, "retry-after": `${seconds}` } };
  }

  function refuseHandshake(incoming: IncomingRequest, why: string): Reply {
    const body = `The WebSocket handshake is not valid: ${why}.`;
    const code = STATUS_CODE.BadRequest;
    const reply = replies.refuse(incoming, code, body);
    tell(incoming, { why: "bad-handshake", code, reason: body });
    return { ...reply, headers: { ...reply.headers, "sec-websocket-version": HANDSHAKE_VERSIONS } };
  }

  function tell(incoming: IncomingRequest, refusal: Refusal): void {
    const id = new URLSearchParams(incoming.query).get("id") || null;
    const address = clientAddress(incoming, settings);
    onRefused({ id, address, origin: incoming.header("origin") }, refusal);
  }

  return { receive, refuseHandshake };
}

const DRAINING = "The server is restarting, and takes no new clients: try another, or again later.";
const NO_SOCKET_ROOM = "Too many connections are waiting to be closed: try again later.";
