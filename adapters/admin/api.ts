/**
 * The JSON API of the admin port.
 *
 * @module
 */
import { STATUS_CODE } from "@std/http/status";
import { isUsableId, type Settings } from "../../core/mod.ts";
import { mintToken } from "../auth/mint.ts";
import { isAnyAddress } from "../listen/address.ts";
import type { Overview } from "./overview.ts";
import type { Reader } from "./reader.ts";
import type { ApiRoute } from "./routes.ts";

/** What the API answers from. */
export interface ApiPorts {
  readonly settings: Settings;
  /** The port of the server itself, as bound. */
  readonly port: number;
  readonly version: string;
  /** How many workers share the port; 1 without workers. */
  readonly workers: number;
  readonly reader: Pick<Reader, "read" | "node">;
  readonly overview: Overview;
  /** The wall clock in milliseconds since 1970. */
  readonly wallNow: () => number;
}

/** An answer of the API: a value for JSON, or `null` for an answer without a body. */
export interface ApiAnswer {
  readonly status: number;
  readonly value: unknown;
}

/** A request to the API. */
export interface ApiRequest {
  readonly route: ApiRoute;
  readonly isDelete: boolean;
  readonly query: URLSearchParams;
}

/** Thrown where a parameter is not valid, with a sentence that says so. */
export class BadParameter extends Error {}

/** Returns the function that answers. It rejects with {@linkcode BadParameter}. */
export function createApi(ports: ApiPorts): (request: ApiRequest) => Promise<ApiAnswer> {
  return async ({ route, isDelete, query }) => {
    switch (route.kind) {
      case "stats":
        return ok(await statsOf(ports));
      case "clients":
        return ok(
          await ports.overview.search({
            part: query.get("search") ?? "",
            after: integer(query, "after", { least: 0, most: Number.MAX_SAFE_INTEGER, usual: 0 }),
            limit: integer(query, "limit", { least: 1, most: 100, usual: 50 }),
          }),
        );
      case "client":
        return isDelete ? dismiss(ports, route.id) : clientOf(ports, route.id);
      case "attempts":
        return ok(await attemptsOf(ports, query));
      case "try":
        return ok(await tryOf(ports, query));
    }
  };
}

function ok(value: unknown): ApiAnswer {
  return { status: STATUS_CODE.OK, value };
}

async function statsOf(
  { settings, port, version, workers, reader, wallNow }: ApiPorts,
): Promise<unknown> {
  const { path, auth, allow_discovery, listener, concurrent_limit } = settings;
  const metrics = Object.fromEntries(await reader.read());
  const server = {
    version,
    startedAt: startedAt(),
    now: Math.round(wallNow()),
    path,
    port,
    secure: settings.sslkey !== "",
    auth,
    discovery: allow_discovery,
    listener,
    concurrentLimit: concurrent_limit,
    node: reader.node(),
    workers,
  };
  return { server, metrics };
}

/** When this process started: it tells the attempts of two servers with the same ids apart. */
function startedAt(): number {
  return Math.round(performance.timeOrigin);
}

async function clientOf({ overview }: ApiPorts, id: string): Promise<ApiAnswer> {
  const client = await overview.client(id);
  return client === null ? ABSENT : ok(client);
}

async function dismiss({ overview }: ApiPorts, id: string): Promise<ApiAnswer> {
  return await overview.dismiss(id) ? { status: STATUS_CODE.NoContent, value: null } : ABSENT;
}

async function attemptsOf({ overview }: ApiPorts, query: URLSearchParams): Promise<unknown> {
  const limit = integer(query, "limit", { least: 1, most: 200, usual: 50 });
  const list = await overview.attempts({ peer: query.get("peer"), limit });
  return { ...list, startedAt: startedAt() };
}

/** What two clients of the page need to meet on this server. */
async function tryOf({ settings, port }: ApiPorts, query: URLSearchParams): Promise<unknown> {
  const ids = (query.get("ids") ?? "").split(",").filter((id) => id !== "");
  if (ids.length > TRY_IDS_MAX || !ids.every((id) => isUsableId(id, settings.max_id_length))) {
    throw new BadParameter(
      `ids must be at most ${TRY_IDS_MAX} ids with commas between them, each of at most ` +
        `${settings.max_id_length} characters and without control characters.`,
    );
  }
  const { path, key, auth, sslkey, auth_secret, admin_token } = settings;
  // Without a token of the admin port any user of the machine could have one for any id.
  const mayMint = auth_secret !== "" && admin_token !== "";
  return {
    path,
    key,
    port,
    secure: sslkey !== "",
    host: specificHost(settings),
    auth,
    tokens: !mayMint ? null : Object.fromEntries(
      await Promise.all(ids.map(async (id) => [
        id,
        await mintToken(settings, { sub: id, expiresMs: TRY_TOKEN_MS }),
      ])),
    ),
  };
}

/** The host at which the page reaches the server; `null` if that is the page's own. */
export function specificHost({ host }: Pick<Settings, "host">): string | null {
  return isAnyAddress(host) || /^(?:localhost|127\.0\.0\.1)$/i.test(host) ? null : host;
}

/** A whole number in the query. */
function integer(
  query: URLSearchParams,
  name: string,
  { least, most, usual }: {
    readonly least: number;
    readonly most: number;
    readonly usual: number;
  },
): number {
  const text = query.get(name);
  if (text === null || text === "") return usual;
  const value = /^\d{1,16}$/.test(text) ? Number(text) : NaN;
  if (value >= least && value <= most) return value;
  throw new BadParameter(
    `${name} must be a whole number from ${least} to ${most}: got ${
      JSON.stringify(text.slice(0, 40))
    }.`,
  );
}

const TRY_IDS_MAX = 4;

/** How long the tokens of the page's clients are valid. */
const TRY_TOKEN_MS = 600_000;

const ABSENT: ApiAnswer = {
  status: STATUS_CODE.NotFound,
  value: { error: "No client with this id is connected to this process." },
};
