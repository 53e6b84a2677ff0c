/**
 * A connection to Redis: one socket for commands, and one that is subscribed. If either ends, both do, and another
 * connection must be made; the library makes none, keeps no command for later, and has no deadline for one.
 *
 * @module
 */
import { isIP } from "node:net";
import { createClient, ErrorReply } from "redis";
import type { ClusterAddress, RedisHost } from "../../core/mod.ts";
import type { EngineCommand } from "../../core/cluster/mod.ts";
import { scheduleTimeout } from "../clock.ts";
import { messageOf } from "../errors.ts";
import { argumentsOf, keyPrefix, type Reply, SCRIPTS } from "./scripts.ts";

/** Redis refused a command with an error. */
export class Refusal extends Error {}

/** A connection that is ready: Redis has all scripts. */
export interface Connection {
  /** The Redis that it leads to; with sentinels the one that they named. */
  readonly host: RedisHost;
  /** What of its settings should be otherwise, as a sentence; `null` if nothing is known. */
  readonly unfit: string | null;
  /** Calls `hear` with what is published on a channel. Settles when the subscription is there. */
  readonly subscribe: (channel: string, hear: (message: string) => void) => Promise<void>;
  /**
   * Runs the script of a command. What is sent before an answer comes runs in that order.
   *
   * Rejects with a {@linkcode Refusal}, or with another error if the connection ended.
   */
  readonly run: (command: EngineCommand) => Promise<Reply>;
  /** Sends any command, in the order of the others. Rejects as `run` does. */
  readonly send: (...words: readonly string[]) => Promise<Reply>;
  /** Ends both sockets at once: what waits is not sent, and answers that are on their way are not read. */
  readonly drop: () => void;
}

interface ConnectionPorts {
  readonly address: ClusterAddress;
  readonly namespace: string;
  /** Called once, if the connection ends by itself. */
  readonly onEnd: (why: string) => void;
  /** Drops a connection that is being made. */
  readonly signal: AbortSignal;
}

/** How long a connection may take until it is ready. A frozen Redis accepts one, and says nothing. */
export const CONNECT_MAX_MS = 5_000;

/** Makes a connection. Rejects, with a sentence for people, if that fails or takes too long. */
export async function openConnection(ports: ConnectionPorts): Promise<Connection> {
  const { address, signal } = ports;
  const host = await locate(address, signal);
  return await bounded(signal, async (sockets) => {
    const commands = sockets.add(host, address);
    const subscriber = sockets.add(host, address);
    await Promise.all([commands.connect(), subscriber.connect()]);
    const send = (...words: readonly string[]): Promise<Reply> => commands.send(words);
    if (address.scheme === "redis+sentinel") await checkRole(send);
    const kinds = Object.keys(SCRIPTS) as EngineCommand["kind"][];
    const info = send("INFO").then(String, () => ""); // A user may be forbidden to ask.
    const loaded = await Promise.all(kinds.map((kind) => send("SCRIPT", "LOAD", SCRIPTS[kind])));
    const hashes = new Map(kinds.map((kind, i) => [kind, String(loaded[i])]));
    const prefix = keyPrefix(ports.namespace);
    sockets.onEnd(ports.onEnd);
    return {
      host,
      unfit: unfitness(await info),
      subscribe: subscriber.subscribe,
      run: (command) =>
        send("EVALSHA", hashes.get(command.kind) ?? "", "1", prefix, ...argumentsOf(command)),
      send,
      drop: sockets.drop,
    };
  });
}

/** The Redis of an address: the sentinels know where it is, and the first that answers is believed. */
async function locate(address: ClusterAddress, signal: AbortSignal): Promise<RedisHost> {
  const { scheme, hosts, master } = address;
  const failures: string[] = [];
  for (const host of hosts) {
    if (scheme !== "redis+sentinel") return host;
    try {
      return await bounded(signal, async (sockets) => {
        const sentinel = sockets.add(host, null);
        await sentinel.connect();
        const reply = await sentinel.send(["SENTINEL", "get-master-addr-by-name", master]);
        sockets.drop();
        const [name, port] = typeof reply === "object" && reply !== null ? reply : [];
        if (name === undefined) throw new Refusal(`it knows no master "${master}"`);
        return { host: String(name), port: Number(port) };
      });
    } catch (error) {
      failures.push(messageOf(error));
    }
  }
  throw new Error(`No sentinel says where the Redis is: ${[...new Set(failures)].join("; ")}`);
}

/** What a server says of itself that does not fit a directory. */
function unfitness(info: string): string | null {
  const policy = /^maxmemory_policy:(\S+)/m.exec(info)?.[1] ?? "noeviction";
  const isBounded = !/^maxmemory:0\b/m.test(info);
  if (policy === "noeviction" || !isBounded) return null;
  return `Its maxmemory-policy is ${policy}: it may drop who holds which id; set it to noeviction`;
}

/** A sentinel that was cut off may name a Redis that is a replica by now. */
async function checkRole(send: Connection["send"]): Promise<void> {
  const reply = await send("ROLE");
  const role = typeof reply === "object" ? reply[0] : reply;
  if (role !== "master") throw new Error(`The Redis that a sentinel named is a ${role}, no master`);
}

/** One socket to Redis. */
interface Socket {
  readonly connect: () => Promise<void>;
  readonly send: (words: readonly string[]) => Promise<Reply>;
  readonly subscribe: Connection["subscribe"];
}

/** Sockets that end together. */
interface Sockets {
  /** Adds a socket; without an address, one that needs no password. */
  readonly add: (host: RedisHost, address: ClusterAddress | null) => Socket;
  /** Says where their end is reported from now on; not if they are dropped. */
  readonly onEnd: (report: (why: string) => void) => void;
  readonly drop: () => void;
}

/** Does what sockets are made for; drops them if it fails, takes longer than allowed, or is aborted. */
async function bounded<T>(signal: AbortSignal, work: (sockets: Sockets) => Promise<T>): Promise<T> {
  const failed = Promise.withResolvers<never>();
  let report = (why: string): void => failed.reject(new Error(why));
  let isOver = false;
  const clients: Client[] = [];
  const drop = (): void => {
    isOver = true;
    for (const client of clients) client.destroy();
  };
  const end = (why: string): void => {
    if (isOver) return;
    drop();
    report(why);
  };
  const abort = (): void => end("The connection is not needed any more");
  const cancel = scheduleTimeout(
    () => end(`Redis was not ready within ${CONNECT_MAX_MS / 1_000} s`),
    CONNECT_MAX_MS,
  );
  signal.addEventListener("abort", abort);
  try {
    signal.throwIfAborted();
    return await Promise.race([
      work({
        add: (host, address) => {
          const client = clientOf(host, address);
          client.on("error", (error: unknown) => end(messageOf(error)));
          clients.push(client);
          return socketOf(client, () => isOver);
        },
        onEnd: (next) => void (report = next),
        drop,
      }),
      failed.promise,
    ]);
  } catch (error) {
    drop();
    throw error;
  } finally {
    cancel();
    signal.removeEventListener("abort", abort);
  }
}

function socketOf(client: Client, isOver: () => boolean): Socket {
  return {
    connect: async () => {
      await client.connect();
      // The library forgets a `destroy` that comes while the socket is being connected.
      if (isOver()) client.destroy();
    },
    send: (words) =>
      client.sendCommand<Reply>([...words]).catch((error: unknown): never => {
        throw error instanceof ErrorReply ? new Refusal(withoutArguments(messageOf(error))) : error;
      }),
    subscribe: (channel, hear) => client.subscribe(channel, hear),
  };
}

/** A server that does not know a command says its arguments back: the password, or what was to be published. */
function withoutArguments(message: string): string {
  return message.replace(/,? with args.*$/is, "");
}

type Client = ReturnType<typeof createClient>;

function clientOf({ host, port }: RedisHost, address: ClusterAddress | null): Client {
  const { user = "", password = "", db = 0, scheme } = address ?? {};
  const isSecure = scheme === "rediss";
  const socket = { host, port, connectTimeout: CONNECT_MAX_MS, reconnectStrategy: false } as const;
  const client = createClient({
    RESP: 2,
    disableOfflineQueue: true,
    disableClientInfo: true,
    database: db,
    ...(user !== "" && { username: user }),
    ...(password !== "" && { password }),
    socket: isSecure
      ? { ...socket, tls: true, ...(isIP(host) === 0 && { servername: host }) }
      : socket,
  });
  // Its type depends on the version of the protocol, in nothing that is used here.
  return client as Client;
}
