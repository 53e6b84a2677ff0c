/**
 * Answers to requests that ask for no socket, and to those that cannot have one.
 *
 * @module
 */
import { STATUS_CODE } from "@std/http/status";
import {
  addressGroup,
  type HttpReply,
  type Identity,
  needsToken,
  refusal,
  respond,
  routeOf,
  type Settings,
  type State,
} from "../../core/mod.ts";
import { clientAddress } from "../listen/address.ts";
import { Answers, LONG_LENGTH, sharedList } from "./answers.ts";
import type { Verifier } from "../auth/jwt.ts";
import type { Arrival, Reply } from "../request.ts";
import type { RefusalLog } from "../observe/log_refusals.ts";
import type { Ports } from "../runtime.ts";

/** What answers need. */
export interface RepliesPorts {
  readonly settings: Settings;
  /** The platform's: how long an answer takes to be read is nothing that a recording knows. */
  readonly clock: Pick<Ports, "now" | "schedule">;
  readonly state: () => State;
  /** Makes an id for a client that asks for one. */
  readonly suggestId: () => string;
  /** Checks tokens; `null` where they are not checked. */
  readonly verify: Verifier | null;
  readonly refusals: RefusalLog;
}

/** The answers of one server. */
export interface Replies {
  /** An answer for what is no request that could be received: one sentence, with the headers of every answer. */
  readonly refuse: (arrival: Arrival, status: number, body: string) => HttpReply;
  /** Answers a request that is not upgraded. */
  readonly reply: (arrival: Arrival) => Reply | Promise<Reply>;
  /** Ends every answer that is not read yet. */
  readonly stop: () => void;
}

/** Answers by the state as it is when a request is answered. */
export function createReplies(
  { settings, clock, state, suggestId, verify, refusals }: RepliesPorts,
): Replies {
  const answers = new Answers(settings, clock.schedule);
  const listPeers = sharedList(clock.now);

  function reply(arrival: Arrival): Reply | Promise<Reply> {
    if (verify === null || !needsToken(settings, routeOf(settings, arrival.path))) {
      return answer(arrival, UNCHECKED);
    }
    return verify(bearerToken(arrival)).then((identity) => answer(arrival, identity));
  }

  function answer(arrival: Arrival, identity: Identity): Reply {
    const { method, path, header } = arrival;
    const request = { method, path, origin: header("origin"), identity };
    const answered = respond({ settings, state: state() }, request, suggestId, listPeers);
    if (answered.body.length > LONG_LENGTH) return answerLong(arrival, answered);
    const isMute = method === "HEAD" && answered.status >= 400;
    // What the answer to GET says is why.
    const why = isMute
      ? respond({ settings, state: state() }, { ...request, method: "GET" }, suggestId)
      : answered;
    refusals.request(arrival, why);
    return answered;
  }

  function answerLong(arrival: Arrival, answered: HttpReply): Reply {
    const long = answers.begin(answered.body, addressGroup(clientAddress(arrival, settings)));
    if (long === null) return refuse(arrival, STATUS_CODE.ServiceUnavailable, UNREAD);
    refusals.request(arrival, answered);
    return { ...answered, long };
  }

  function refuse(arrival: Arrival, status: number, body: string): HttpReply {
    const refused = refusal(settings, arrival.header("origin"), status, body);
    refusals.request(arrival, refused);
    return refused;
  }

  return { reply, refuse, stop: () => answers.stop() };
}

/** What a token proves where none is checked. */
export const UNCHECKED: Identity = { kind: "unchecked" };

const UNREAD = "Too many answers are waiting to be read: try again later.";

/** The token of an HTTP request: `Authorization: Bearer`, or the parameter that sockets have. */
function bearerToken({ header, query }: Arrival): string | null {
  const bearer = /^Bearer +(\S+)$/i.exec(header("authorization") ?? "")?.[1];
  return bearer ?? new URLSearchParams(query).get("token");
}
