/**
 * Replies to HTTP requests, and to upgrades that are refused.
 *
 * @module
 */
import { STATUS_CODE } from "@std/http/status";
import {
  addressGroup,
  type HttpReply,
  type HttpRequest,
  type Identity,
  type Millis,
  needsToken,
  refusal,
  respond,
  routeOf,
  type Settings,
  type State,
} from "../../core/mod.ts";
import { clientAddress, seenAs } from "../listen/address.ts";
import { Answers, cachedPeerList, LONG_LENGTH } from "./answers.ts";
import { createTurnCredentials } from "./ice.ts";
import { createWatching, NO_LIST, type Watched } from "./watching.ts";
import type { Verifier } from "../auth/jwt.ts";
import { bearerIn } from "../auth/owner.ts";
import type { IncomingRequest, Reply } from "../request.ts";
import type { RefusalLog } from "../observe/log_refusals.ts";
import type { Observer, Ports } from "../runtime.ts";

/** What replies depend on. */
export interface RepliesPorts {
  readonly settings: Settings;
  /** The platform's clock, not the loop's: recordings do not include the reading of answers. */
  readonly clock: Pick<Ports, "now" | "schedule">;
  /** The time of the loop. */
  readonly now: () => Millis;
  readonly state: () => State;
  /** Makes the id for `GET <path><key>/id`. */
  readonly suggestId: () => string;
  /** `null` if tokens are not checked. */
  readonly verify: Verifier | null;
  readonly refusals: RefusalLog;
  /** The ids of all nodes as JSON, `null` if they cannot be known; `null` for a server that is alone. */
  readonly clusterPeers: (() => Promise<string | null>) | null;
}

/** The replies of one server. */
export interface Replies {
  /** A refusal that the listener decides on: `body` is one sentence. Logs it. */
  readonly refuse: (incoming: IncomingRequest, status: number, body: string) => HttpReply;
  /** The reply to a request that is not an upgrade. */
  readonly reply: (incoming: IncomingRequest) => Reply | Promise<Reply>;
  /** The observers that presence needs. They must come before those that may make a request. */
  readonly observers: readonly Observer[];
  /** Ends every answer and every stream that is still being sent. */
  readonly stop: () => void;
  /** The number of streams of presence. */
  readonly watcherCount: () => number;
}

export function createReplies(ports: RepliesPorts): Replies {
  const { settings, clock, state, suggestId, verify, refusals, clusterPeers } = ports;
  const answers = new Answers(settings, clock.schedule);
  const listPeers = cachedPeerList(clock.now);
  const watching = createWatching(ports);
  const { refuse, notNow } = createRefuser(ports);
  const turnCredentials = createTurnCredentials(settings);

  function reply(incoming: IncomingRequest): Reply | Promise<Reply> {
    if (verify === null || !needsToken(settings, routeOf(settings, incoming.path))) {
      return answer(incoming, UNCHECKED);
    }
    return verify(bearerToken(incoming)).then(({ identity }) => answer(incoming, identity));
  }

  function answer(incoming: IncomingRequest, identity: Identity): Reply | Promise<Reply> {
    if (clusterPeers === null) return answerWith(incoming, identity, listPeers);
    let isList = false;
    const answered = answerWith(incoming, identity, () => {
      isList = true;
      return "";
    });
    if (!isList) return answered;
    return clusterPeers().then((list) =>
      list === null ? notNow(incoming, NO_LIST) : answerWith(incoming, identity, () => list)
    );
  }

  function answerWith(
    incoming: IncomingRequest,
    identity: Identity,
    list: (state: State) => string,
  ): Reply | Promise<Reply> {
    const request = readHttpRequest(incoming, identity);
    const asked = { settings, state: state(), now: ports.now() };
    const sources = { suggestId, listPeers: list, turnCredentials };
    const answered = respond(asked, request, sources);
    if (answered.isStream) return answerStream(incoming, answered);
    if (answered.body.length > LONG_LENGTH) return answerLong(incoming, answered);
    const isMute = request.method === "HEAD" && answered.status >= 400;
    // The body of the reply to GET says why: it is for the log.
    const why = isMute ? respond(asked, { ...request, method: "GET" }, sources) : answered;
    refusals.request(incoming, why);
    return withSender(answered, incoming, settings);
  }

  function answerLong(incoming: IncomingRequest, answered: HttpReply): Reply {
    const long = answers.begin(answered.body, addressGroup(clientAddress(incoming, settings)));
    if (long === null) return notNow(incoming, UNREAD);
    refusals.request(incoming, answered);
    return { ...answered, long };
  }

  function answerStream(incoming: IncomingRequest, answered: HttpReply): Reply | Promise<Reply> {
    refusals.request(incoming, answered);
    const begin = (stream: Watched): Reply =>
      typeof stream === "string" ? notNow(incoming, stream) : { ...answered, stream };
    const watched = watching.watch(addressGroup(clientAddress(incoming, settings)));
    return watched instanceof Promise ? watched.then(begin) : begin(watched);
  }

  const { observers } = watching;
  return {
    reply,
    refuse,
    observers,
    watcherCount: watching.count,
    stop: () => [answers, watching].forEach((part) => part.stop()),
  };
}

/** Refuses requests, and logs that. */
function createRefuser(
  { settings, refusals }: Pick<RepliesPorts, "settings" | "refusals">,
): Pick<Replies, "refuse"> & { notNow: (incoming: IncomingRequest, why: string) => HttpReply } {
  const refuse: Replies["refuse"] = (incoming, status, body) => {
    const refused = refusal(settings, incoming.header("origin"), status, body);
    refusals.request(incoming, refused);
    return refused;
  };
  return {
    refuse,
    notNow: (incoming, why) => refuse(incoming, STATUS_CODE.ServiceUnavailable, why),
  };
}

export const UNCHECKED: Identity = { kind: "unchecked" };

const UNREAD = "Too many answers are waiting to be read: try again later.";

/** Adds to the reply on the prefix who the server takes its sender for. */
function withSender(reply: HttpReply, incoming: IncomingRequest, settings: Settings): HttpReply {
  if (routeOf(settings, incoming.path) !== "root") return reply;
  return {
    ...reply,
    headers: { ...reply.headers, "signalbox-seen-as": seenAs(incoming, settings) },
  };
}

function readHttpRequest(
  { method, path, query, header }: IncomingRequest,
  identity: Identity,
): HttpRequest {
  const id = query === "" ? null : new URLSearchParams(query).get("id");
  return { method, path, origin: header("origin"), accept: header("accept"), id, identity };
}

/** The token in `Authorization: Bearer`, or else in the query parameter that sockets use. */
function bearerToken({ header, query }: IncomingRequest): string | null {
  return bearerIn(header("authorization")) ?? new URLSearchParams(query).get("token");
}
