/**
 * The permissions of Deno that the options need, asked for before the server starts.
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import { isUrl } from "../auth/key_set.ts";
import { StartError } from "../errors.ts";
import { reachable } from "../listen/address.ts";
import { folderOf, recordFiles } from "../record/disk.ts";
import {
  escape,
  type OptionName,
  parseAddress,
  readClusterUrl,
  type Settings,
  urlHost,
} from "../../core/mod.ts";
import { type Environment, VARIABLES_PATTERN } from "./environment.ts";
import { NOTIFY_PROGRAM } from "./notify.ts";
import { countWorkers } from "./worker_count.ts";

/** `npm:ws` reads it when it is loaded. */
const WS_VARIABLE = "WS_NO_BUFFER_UTIL";

/** One permission. */
export interface Need {
  /** The option that needs it; `null` for what is read from the environment. */
  readonly option: OptionName | null;
  readonly kind: "net" | "read" | "write" | "env" | "run";
  /** As the flag of Deno takes it; `null` for all of this kind. */
  readonly value: string | null;
}

/** What a server with these options cannot start or run without. */
export function needsOf(settings: Settings): Need[] {
  const { listener, host, port, sslkey, sslcert, auth_jwks, record, cluster } = settings;
  const { admin_port, admin_host } = settings;
  const { count: workers } = countWorkers(settings);
  const hosts = host === "" ? ["::", "0.0.0.0"] : [host];
  return [
    ...hosts.map((name) => net("port", name, port)),
    // It connects to itself, to notice when it no longer accepts.
    ...(listener === "node" ? hosts.flatMap((name) => nodeAddresses("listener", name, port)) : []),
    ...(listener === "node" ? [need("listener", "env", WS_VARIABLE)] : []),
    ...(sslkey === "" ? [] : [need("sslkey", "read", sslkey), need("sslcert", "read", sslcert)]),
    // `checkTls` of listener deno tries the files on a port of its own.
    ...(sslkey !== "" && listener === "deno" ? [need("sslkey", "net", "127.0.0.1:0")] : []),
    ...(auth_jwks === "" ? [] : [keysNeed(auth_jwks)]),
    ...(cluster === "" ? [] : clusterNeeds(cluster)),
    ...(admin_port === 0 ? [] : [net("admin_port", admin_host, admin_port)]),
    ...(admin_port === 0 ? [] : nodeAddresses("admin_port", admin_host, admin_port)),
    ...(workers === 1 ? [] : moduleNeeds()),
    ...(record === ""
      ? []
      : recordFiles(record, workers).map((file) => need("record", "read", file))),
    // Its folder: the file before it is renamed, and a start tries to make one.
    ...(record === "" ? [] : [need("record", "write", folderOf(record))]),
  ];
}

/** What the doctor cannot look at a server without; the server may name others, which it looks at too. */
export const DOCTOR_NEEDS: readonly Need[] = [
  { option: null, kind: "net", value: null },
  { option: null, kind: "env", value: WS_VARIABLE },
];

/** What the environment has that the program reads; without it the variables count as unset. */
export function environmentNeeds({ get }: Environment): Need[] {
  const isNotifying = get("NOTIFY_SOCKET") !== undefined;
  return [
    need(null, "env", VARIABLES_PATTERN),
    ...(get("OTEL_DENO") === undefined ? [] : [need(null, "env", "OTEL_DENO,OTEL_DENO_TRACING")]),
    ...(isNotifying ? [need(null, "env", "NOTIFY_SOCKET"), need(null, "run", NOTIFY_PROGRAM)] : []),
  ];
}

/** The flags of `deno run` that grant this, one for each kind. */
export function flagsFor(needs: readonly Need[]): string[] {
  return KINDS.flatMap((kind) => {
    const values = needs.filter((need) => need.kind === kind).map(({ value }) => value);
    if (values.length === 0) return [];
    // A comma in a path has no escape: all of its kind must do.
    const isPath = kind === "read" || kind === "write";
    const named = values.filter((value) => value !== null && !(isPath && value.includes(",")));
    return named.length < values.length
      ? [`--allow-${kind}`]
      : [`--allow-${kind}=${[...new Set(named)].join()}`];
  });
}

/** Words as a shell takes them: in quotes where it would change them. */
export function shellText(words: readonly string[]): string {
  return words.map((word) =>
    /^[\w./:=,@%+-]*$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`
  ).join(" ");
}

/**
 * Asks for permissions, as Deno does: on a terminal it asks the user. Later some modules of Deno throw where nobody can
 * catch it, and what connects tries again for ever.
 *
 * @throws {StartError} If one is denied.
 */
export function demandPermissions(needs: readonly Need[]): void {
  const denied = needs.filter((need) => !isGranted(need));
  const [first] = denied;
  if (first === undefined) return;
  const { option, kind, value } = first;
  const flags = escape(shellText(flagsFor(denied)));
  const what = `Deno may not ${VERBS[kind]}${value === null ? "" : ` ${escape(value)}`}`;
  throw new StartError(
    `${option === null ? "" : `Option ${option}: `}${what}: start it with ${flags}.`,
    2,
  );
}

const KINDS = ["net", "read", "write", "env", "run"] as const;

const VERBS: Readonly<Record<Need["kind"], string>> = {
  net: "use the network",
  read: "read",
  write: "write to",
  env: "read the variable",
  run: "run",
};

function need(option: Need["option"], kind: Need["kind"], value: string | null): Need {
  return { option, kind, value };
}

/** A port of a host; all its ports for port 0, which becomes any. */
function net(option: OptionName, host: string, port: number): Need {
  return need(option, "net", port === 0 ? urlHost(host) : `${urlHost(host)}:${port}`);
}

/**
 * The addresses that `node:net` uses for a host to listen on: to bind it, after it looked up the name, and to connect
 * to itself. Those of any other name than localhost are not known yet.
 */
function nodeAddresses(option: OptionName, host: string, port: number): Need[] {
  if (host.toLowerCase() === "localhost") {
    return ["127.0.0.1", "::1"].map((address) => net(option, address, port));
  }
  if (parseAddress(host) === null) return [need(option, "net", null)];
  return [net(option, reachable(host), port)];
}

function keysNeed(place: string): Need {
  if (!isUrl(place) || !URL.canParse(place)) return need("auth_jwks", "read", place);
  const { protocol, hostname, port } = new URL(place);
  const number = Number(port) || (protocol === "https:" ? 443 : 80);
  return need("auth_jwks", "net", `${hostname}:${number}`);
}

/** A worker reads its modules when it starts: Deno allows without asking only what `main.ts` may load. */
function moduleNeeds(): Need[] {
  const root = new URL("../../", import.meta.url);
  if (root.protocol !== "file:") return [];
  return ["adapters", "core"].map((folder) =>
    need("workers", "read", fileURLToPath(new URL(folder, root)))
  );
}

function clusterNeeds(url: string): Need[] {
  const address = readClusterUrl(url);
  if (typeof address === "string") return [];
  // Sentinels name the Redis only later.
  if (address.scheme === "redis+sentinel") return [need("cluster", "net", null)];
  return address.hosts.map(({ host, port }) => net("cluster", host, port));
}

function isGranted({ kind, value }: Need): boolean {
  try {
    return Deno.permissions.requestSync(descriptorOf(kind, value)).state === "granted";
  } catch {
    // The platform cannot even ask for such a value: whatever uses it says what is wrong.
    return true;
  }
}

function descriptorOf(kind: Need["kind"], value: string | null): Deno.PermissionDescriptor {
  switch (kind) {
    case "net":
      return value === null ? { name: "net" } : { name: "net", host: value };
    case "read":
      return value === null ? { name: "read" } : { name: "read", path: value };
    case "write":
      return value === null ? { name: "write" } : { name: "write", path: value };
    case "env":
      return value === null ? { name: "env" } : { name: "env", variable: value };
    case "run":
      return value === null ? { name: "run" } : { name: "run", command: value };
  }
}
