/**
 * What the main thread and its workers say to each other.
 *
 * @module
 */
import type { Questions } from "../admin/questions.ts";
import type { Settings, SizedField } from "../../core/mod.ts";
import type { EngineAnswer, EngineCommand, NodeName } from "../../core/cluster/mod.ts";

/** What a worker is started with. */
export interface Orders {
  readonly kind: "start";
  /** The place of the worker, from 1 on. One that takes the place of another has its number. */
  readonly place: number;
  /** The number of this start of a worker in the process, from 1 on. */
  readonly launch: number;
  /** The name of the node that the worker is, never used before. */
  readonly name: NodeName;
  readonly settings: Settings;
  /** How many workers listen on the port. */
  readonly sharers: number;
  /** Whether the log goes to a terminal. */
  readonly isTerminal: boolean;
  /** Whether the main thread has the engine of the cluster; otherwise it is a Redis. */
  readonly hasEngine: boolean;
  /** Whether the admin port, or who exports metrics, asks the worker. */
  readonly isWatched: boolean;
}

/** Another worker is there: frames to the node of this name go to this port. */
export interface SiblingJoined {
  readonly kind: "sibling";
  readonly name: NodeName;
  readonly port: MessagePort;
}

/** The worker that was this node has ended. */
export interface SiblingLeft {
  readonly kind: "sibling-left";
  readonly name: NodeName;
}

/** An answer of the engine to a command over the connection `conn`. */
export type Answered = readonly [conn: number, request: number, answer: EngineAnswer];

/** What the engine said in one turn. */
export interface EngineSaid {
  readonly kind: "engine";
  readonly answers: readonly Answered[];
  /** The last probe; `null` if there was none. */
  readonly probe: number | null;
  /** Whether notices wait. */
  readonly isRung: boolean;
}

/** The ids of all clients as a JSON array, for `IdsWanted`. */
export interface Ids {
  readonly kind: "ids";
  readonly text: string;
}

/** The main thread took the lines of a `LogLines`: the next may come. */
export interface LinesTaken {
  readonly kind: "lines-taken";
}

/** Something to do or to say, to be answered by `Replied` with the same number. */
export interface Call {
  readonly kind: "call";
  readonly number: number;
  readonly what: CallName;
  readonly argument: unknown;
}

export type ToWorker = Orders | SiblingJoined | SiblingLeft | EngineSaid | Ids | LinesTaken | Call;

/** The worker listens. */
export interface Listening {
  readonly kind: "listening";
  readonly port: number;
  /** Why the listener cannot read the TLS files again; `null` if it can. */
  readonly cannotReload: string | null;
}

/** The worker could not start. */
export interface NotStarted {
  readonly kind: "not-started";
  readonly message: string;
  readonly exitCode: 1 | 2;
}

/** Commands for the engine, in order, all of one turn. */
export interface EngineAsked {
  readonly kind: "ask";
  readonly commands: readonly (readonly [request: number, command: EngineCommand])[];
}

/** Somebody asks the worker for the ids of all clients. */
export interface IdsWanted {
  readonly kind: "ids-wanted";
}

/** Lines of the log, each with its line break. No more come until they are taken. */
export interface LogLines {
  readonly kind: "lines";
  readonly bytes: Uint8Array;
}

/** The answer to a call; `error` says why there is none. */
export interface Replied {
  readonly kind: "reply";
  readonly number: number;
  readonly value: unknown;
  readonly error: string | null;
}

/** The platform lost the descriptor of a socket; so many so far. */
export interface Leaked {
  readonly kind: "leaked";
  readonly count: number;
}

export type FromWorker =
  | Listening
  | NotStarted
  | EngineAsked
  | IdsWanted
  | LogLines
  | Replied
  | Leaked;

/** What a worker can be called for: the argument, and the value of the answer. */
export interface Calls extends Questions {
  readonly drain: { readonly argument: number; readonly value: null };
  /** Says that it does not hang. */
  readonly ping: { readonly argument: null; readonly value: null };
  readonly reload: { readonly argument: null; readonly value: null };
  readonly sizes: {
    readonly argument: null;
    readonly value: Readonly<Record<SizedField, number>>;
  };
  readonly stop: { readonly argument: null; readonly value: null };
}

export type CallName = keyof Calls;
