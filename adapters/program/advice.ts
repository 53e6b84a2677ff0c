/**
 * What is unwise in a set of options, with what to do about it. A pure function.
 *
 * @module
 */
import { isLoopback, isOptionName, OPTION_NAMES, optionOf, type Settings } from "../../core/mod.ts";
import { endsSoon, type Lifetime, timeText } from "../lifetime.ts";

/** One thing that is unwise. */
export interface Advice {
  /** A word for it, for programs. */
  readonly about: string;
  readonly text: string;
  readonly todo: string;
}

/** What the options do not say. */
export interface Surroundings {
  /** Whether strangers reach the default listener without a proxy. */
  readonly isExposed: boolean;
  /** How many clients the limit of descriptors allows; `null` for no limit. */
  readonly roomForClients: number | null;
  /** How long the certificate of `sslcert` is valid; `null` without one. */
  readonly certificate: Lifetime | null;
  /** The options that are set by variables. */
  readonly fromVariables: ReadonlySet<string>;
}

/** What is unwise, the most dangerous first. */
export function adviceFor(settings: Settings, surroundings: Surroundings): Advice[] {
  return [
    ...accessAdvice(settings),
    ...networkAdvice(settings, surroundings),
    ...machineAdvice(settings, surroundings),
    ...timeAdvice(settings),
    ...flagAdvice(settings, surroundings),
  ];
}

function accessAdvice(settings: Settings): Advice[] {
  const { auth, auth_http, allow_discovery, turn_urls, cors, key, proxied, trusted_proxies } =
    settings;
  const isOpen = auth === "none" || !auth_http;
  return list(
    proxied && trusted_proxies.length === 0 && {
      about: "proxied",
      text: "proxied believes the X-Forwarded-For of any sender, so any client forges its address",
      todo: "name your proxies: --trusted_proxies ADDRESS in place of --proxied",
    },
    turn_urls.some((url) => /^turns?:/i.test(url)) && isOpen && {
      about: "turn",
      text: "anybody gets credentials for your TURN server",
      todo: "ask for tokens: --auth jwt --auth_http",
    },
    allow_discovery && isOpen && {
      about: "discovery",
      text: "anybody can list the ids of all clients",
      todo: "ask for tokens (--auth jwt --auth_http), or leave out --allow_discovery",
    },
    auth === "none" && key !== "peerjs" && {
      about: "key",
      text: "the key keeps nobody out: every page has it",
      todo: "admit clients by tokens: --auth jwt",
    },
    auth === "none" && {
      about: "auth",
      text: "anybody may claim any free id",
      todo: "ask for tokens (--auth jwt), or use ids that cannot be guessed",
    },
    (cors.length === 0 || cors.includes("*")) && {
      about: "cors",
      text: "pages of any site may use the server",
      todo: "list your pages: --cors https://example.com",
    },
  );
}

function networkAdvice(settings: Settings, { isExposed }: Surroundings): Advice[] {
  const {
    sslkey,
    host,
    proxied,
    trusted_proxies,
    admin_port,
    admin_host,
    cluster,
    cluster_secret,
    listener,
  } = settings;
  const isDirect = !isLoopback(host) && !proxied && trusted_proxies.length === 0;
  return list(
    isExposed && {
      about: "listener",
      text:
        "strangers reach the listener deno without a proxy, and it does not bound all that they do",
      todo:
        "start with --listener node; or with a proxy: --host 127.0.0.1 --trusted_proxies 127.0.0.1",
    },
    isDirect && sslkey === "" && {
      about: "tls",
      text:
        "without TLS, pages of https: sites cannot connect, and everybody on the way reads along",
      todo: "give --sslkey and --sslcert, or put a proxy with TLS in front",
    },
    admin_port !== 0 && !isLoopback(admin_host) && {
      about: "admin",
      text: "the admin port sends its token without TLS to whoever listens on the way",
      todo: "leave out --admin_host, and reach the port through SSH or a proxy with TLS",
    },
    cluster !== "" && cluster_secret === "" && {
      about: "cluster",
      text: "whoever reads Redis can guess tokens from their digests",
      todo: "set PEERSERVER_CLUSTER_SECRET, the same on every node",
    },
    sslkey !== "" && listener === "deno" && {
      about: "reload",
      text: "the listener deno cannot read a renewed certificate without a restart",
      todo: "start with --listener node, and send SIGHUP after a renewal",
    },
  );
}

function machineAdvice(
  { concurrent_limit }: Settings,
  { roomForClients, certificate }: Surroundings,
): Advice[] {
  const lifetime = certificate ?? { endsInMs: null, lifeMs: null };
  const { endsInMs } = lifetime;
  return list(
    roomForClients !== null && concurrent_limit > roomForClients && {
      about: "descriptors",
      text: `the limit of file descriptors has room for ${roomForClients} clients, ` +
        `and concurrent_limit is ${concurrent_limit}`,
      todo: `raise ulimit -n above it, or start with --concurrent_limit ${roomForClients}`,
    },
    endsInMs !== null && endsSoon(lifetime) && {
      about: "certificate",
      text: endsInMs < 0
        ? `the certificate ended ${timeText(-endsInMs)} ago`
        : `the certificate ends in ${timeText(endsInMs)}`,
      todo: "renew it",
    },
  );
}

function timeAdvice({ alive_timeout, expire_timeout }: Settings): Advice[] {
  return list(
    alive_timeout < HIDDEN_TAB_MS && {
      about: "alive_timeout",
      text: `clients in hidden tabs are disconnected: they send one heartbeat a minute, ` +
        `and alive_timeout is ${alive_timeout} ms`,
      todo: "give --alive_timeout 90000",
    },
    (expire_timeout < EXPIRE_MIN_MS || expire_timeout > EXPIRE_MAX_MS) && {
      about: "expire_timeout",
      text: expire_timeout < EXPIRE_MIN_MS
        ? `a client that reloads loses its messages after ${expire_timeout} ms`
        : `a page learns only after ${expire_timeout} ms that a peer is not there`,
      todo: "give --expire_timeout 5000",
    },
  );
}

function flagAdvice(settings: Settings, { fromVariables }: Surroundings): Advice[] {
  const shown = OPTION_NAMES.filter((name) =>
    isOptionName(name) && optionOf(name).secret === true && settings[name] !== "" &&
    !fromVariables.has(name) && (name !== "cluster" || /:[^/]*@/.test(settings.cluster))
  );
  return shown.map((name) => ({
    about: "flag",
    text: `a process list shows ${name}, which is given as a flag`,
    todo: `set PEERSERVER_${name.toUpperCase()} in place of it`,
  }));
}

function list(...items: readonly (Advice | false)[]): Advice[] {
  return items.filter((item) => item !== false);
}

/** A minute between heartbeats, and some time for the way. */
const HIDDEN_TAB_MS = 65_000;
const EXPIRE_MIN_MS = 1_000;
const EXPIRE_MAX_MS = 60_000;
