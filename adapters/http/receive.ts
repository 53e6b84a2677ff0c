/**
 * The way of a request: answered, refused, or upgraded to a WebSocket; the same behind every listener.
 *
 * @module
 */
import { STATUS_CODE } from "@std/http/status";
import { routeOf, type Settings } from "../../core/mod.ts";
import type { OwnerOf } from "../auth/owner.ts";
import { clientAddress } from "../listen/address.ts";
import {
  asksForSocket,
  HANDSHAKE_VERSIONS,
  handshakeFault,
  readHandshake,
  subprotocolOf,
} from "../listen/handshake.ts";
import type { Arrival, Received, Reply } from "../request.ts";
import type { Sockets } from "../sockets/sockets.ts";
import type { Replies } from "./replies.ts";

/** What requests end up at. */
export interface ReceptionPorts {
  readonly settings: Settings;
  readonly replies: Replies;
  readonly sockets: Sockets;
  readonly ownerOf: OwnerOf;
  /** Whether tokens are checked. */
  readonly isChecked: boolean;
}

/** Where requests come in. */
export interface Reception {
  readonly receive: (arrival: Arrival) => Received;
  /** The answer to a handshake that the platform finds wrong. */
  readonly refuseHandshake: (arrival: Arrival, why: string) => Reply;
}

/** A reception of one server. */
export function createReception(
  { settings, replies, sockets, ownerOf, isChecked }: ReceptionPorts,
): Reception {
  function receive(arrival: Arrival): Received {
    if (!asksForSocket(arrival) || routeOf(settings, arrival.path) !== "socket") {
      return { kind: "reply", reply: replies.reply(arrival) };
    }
    const fault = handshakeFault(arrival.header);
    if (fault !== null) return { kind: "reply", reply: refuseHandshake(arrival, fault) };
    if (!sockets.hasRoom(clientAddress(arrival, settings))) {
      const reply = replies.refuse(arrival, STATUS_CODE.ServiceUnavailable, NO_SOCKET_ROOM);
      return { kind: "reply", reply };
    }
    // Read before the upgrade, after which some platforms forget the request.
    const handshake = readHandshake(arrival, settings, { ownerOf, isChecked });
    return {
      kind: "upgrade",
      subprotocol: subprotocolOf(arrival.header),
      attach: (socket) => sockets.attach(socket, handshake),
      refuse: (why) => refuseHandshake(arrival, why),
    };
  }

  function refuseHandshake(arrival: Arrival, why: string): Reply {
    const body = `The WebSocket handshake is not valid: ${why}.`;
    const reply = replies.refuse(arrival, STATUS_CODE.BadRequest, body);
    return { ...reply, headers: { ...reply.headers, "sec-websocket-version": HANDSHAKE_VERSIONS } };
  }

  return { receive, refuseHandshake };
}

const NO_SOCKET_ROOM = "Too many connections are waiting to be closed: try again later.";
