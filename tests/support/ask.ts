/** A request to the core, of which a test gives what matters to it. */
import {
  type HttpReply,
  type HttpRequest,
  initialState,
  millis,
  type PartialSettings,
  peerList,
  respond,
  settingsFrom,
  type Sources,
  type State,
} from "../../core/mod.ts";

export interface Ask extends Partial<HttpRequest> {
  readonly path: string;
  readonly state?: State;
  readonly now?: number;
  readonly suggest?: Sources["suggestId"];
  readonly list?: Sources["listPeers"];
  readonly turn?: Sources["turnCredentials"];
}

/** The reply of a server with these options. */
export function ask(
  options: PartialSettings,
  { suggest = () => crypto.randomUUID(), list = peerList, turn = noTurn, ...given }: Ask,
): HttpReply {
  const settings = settingsFrom(options);
  const { state = initialState(settings), now = 0, ...request } = given;
  return respond(
    { settings, state, now: millis(now) },
    { method: "GET", origin: null, accept: null, id: null, identity: UNCHECKED, ...request },
    { suggestId: suggest, listPeers: list, turnCredentials: turn },
  );
}

const UNCHECKED = { kind: "unchecked" } as const;

function noTurn(): never {
  throw new Error("Nobody asked for TURN credentials");
}
