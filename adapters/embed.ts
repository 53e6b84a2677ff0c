/**
 * What an application imports: the server to embed, and the types of what it is given and gives.
 *
 * @module
 */
export {
  createSignalbox,
  type ProgramOption,
  type Signalbox,
  type SignalboxOptions,
} from "./signalbox.ts";
export type { Applicant, Authorize, Verdict } from "./auth/authorize.ts";
export type { Claims } from "./auth/jwt.ts";
export type { NodeServer } from "./listen/node/mount.ts";
export type { Client } from "./observe/clients.ts";
export type { End } from "./observe/client_end.ts";
export type { Hooks, PeerMessage } from "./observe/hooks.ts";
export type { Refusal, RefusalWord, RefusedClient } from "./observe/refusal.ts";
export type { Application } from "./server.ts";
export type { PartialSettings, Settings } from "../core/mod.ts";
