/**
 * Looks at a server from outside, as a page does, and returns what it finds. Judges nothing.
 *
 * @module
 */
import { lookup } from "node:dns/promises";
import { isIP } from "node:net";
import { scheduleTimeout } from "../clock.ts";
import type {
  Findings,
  IdleFinding,
  Opened,
  PairFinding,
  Reached,
  SocketEnd,
  Target,
  Unreached,
} from "./findings.ts";
import { adminPlace, isError, isPeerServer, toldPath } from "./findings.ts";
import { get, probeNonsense, probeTcp, probeTls, timedOut, unreached } from "./http.ts";
import { probeTurn } from "./turn.ts";
import { type Client, isAdmitted, openClient } from "./socket.ts";

/** How the doctor gets tokens. */
export interface Tokens {
  /** The token that was given; `null` for none. */
  readonly given: string | null;
  /** Makes a token; `null` without the secret of the server. */
  readonly mint: ((sub: string, peers: readonly string[]) => Promise<string>) | null;
}

/** Runs every probe. Never rejects. */
export async function examine(target: Target, tokens: Tokens): Promise<Findings> {
  const addresses = await resolve(target);
  const found: Findings = { ...NOTHING, target, addresses, tcp: UNTRIED };
  if (!Array.isArray(addresses)) return found;
  const tcp = await probeTcp(target);
  if (isError(tcp)) return { ...found, tcp };
  const tls = target.secure ? await probeTls(target, "http/1.1") : null;
  if (isError(tls)) {
    const isH2Only = !isError(await probeTls(target, "h2"));
    const isOtherScheme = !isH2Only && await speaksPlain(target);
    return { ...found, tcp, tls, isH2Only, isOtherScheme };
  }
  const isTrusted = tls === null || tls.problem === null;
  // A server whose certificate is wrong may be another one: it must not get a token.
  const safe: Tokens = isTrusted ? tokens : { given: null, mint: null };
  const root = await get(target, target.path);
  if (!target.secure && await speaksTls(target, root)) {
    return { ...found, tcp, isOtherScheme: true };
  }
  const isElsewhere = !isPeerServer(root) && !isUnreachable(root);
  const admin = isElsewhere ? await get(target, "/api/stats") : null;
  // The admin port logs every request that it refuses.
  if (adminPlace(admin) !== null) return { ...found, tcp, tls, root, admin };
  const foundPath = isElsewhere ? await nearestPath(target, toldPath(root)) : null;
  const served = { ...target, path: foundPath ?? target.path };
  const [http, sockets] = await Promise.all([
    probeHttp(served, safe),
    target.hasToken && !isTrusted ? NO_SOCKETS : probeSockets(served, safe),
  ]);
  return { ...found, tcp, tls, root, foundPath, ...http, ...sockets };
}

const UNTRIED: Unreached = { kind: "error", code: "", message: "not tried" };

const NO_SOCKETS = { opened: null, pair: null, idle: null };

const NOTHING = {
  tls: null,
  isH2Only: false,
  isOtherScheme: false,
  root: null,
  foundPath: null,
  admin: null,
  healthz: null,
  readyz: null,
  id: null,
  cors: null,
  ice: null,
  turn: [],
  corsOrigin: "https://a-page-elsewhere.example",
  nonsense: null,
  ...NO_SOCKETS,
};

async function resolve({ host, maxMs }: Target): Promise<readonly string[] | Unreached> {
  if (isIP(host) !== 0) return [host];
  const late = Promise.withResolvers<Unreached>();
  const cancel = scheduleTimeout(() => late.resolve(timedOut()), maxMs);
  const found = lookup(host, { all: true }).then(
    (all) => [...new Set(all.map(({ address }) => address))],
    unreached,
  );
  return await Promise.race([found, late.promise]).finally(cancel);
}

/** A web server answers a request without TLS, on a port with TLS, with 400 at most. */
async function speaksPlain(target: Target): Promise<boolean> {
  const plain = await get({ ...target, secure: false }, target.path);
  return plain.kind === "answer" && plain.status !== 400;
}

async function speaksTls(target: Target, root: Reached): Promise<boolean> {
  const isRefused = root.kind === "answer" ? root.status === 400 : root.code !== "ETIMEDOUT";
  return isRefused && !isError(await probeTls({ ...target, secure: true }, "http/1.1"));
}

type HttpFindings = Pick<
  Findings,
  "healthz" | "readyz" | "id" | "cors" | "corsOrigin" | "ice" | "turn" | "nonsense"
>;

async function probeHttp(target: Target, { given, mint }: Tokens): Promise<HttpFindings> {
  const { path } = target;
  const corsOrigin = target.origin ?? NOTHING.corsOrigin;
  const idPath = `${path}${encodeURIComponent(target.key)}/id`;
  const token = given ?? await mint?.("doctor", []) ?? null;
  const bearer: Record<string, string> = token === null ? {} : { authorization: `Bearer ${token}` };
  const [healthz, readyz, id, cors, ice, nonsense] = await Promise.all([
    get(target, `${path}healthz`),
    get(target, `${path}readyz`),
    get(target, idPath, bearer),
    get(target, path, { origin: corsOrigin }),
    get(target, `${path}${encodeURIComponent(target.key)}/ice`, bearer),
    probeNonsense(target),
  ]);
  const turn = await probeTurn(ice);
  return { healthz, readyz, id, cors, corsOrigin, ice, turn, nonsense };
}

/** Whether a proxy answers in place of the server; then it answers so at other paths, and slowly. */
function isUnreachable(root: Reached): boolean {
  return root.kind === "error" || (root.status >= 502 && root.status <= 504);
}

/** The first path near that of the URL where a server answers; `null` if there is none. */
async function nearestPath(target: Target, told: string | null): Promise<string | null> {
  const parts = target.path.split("/").filter((part) => part !== "");
  const parents = parts.map((_, i) => `/${parts.slice(0, i).map((part) => `${part}/`).join("")}`);
  const near = [told, ...parents.reverse(), ...USUAL_PATHS];
  const candidates = [...new Set(near)].filter((path) => path !== null && path !== target.path);
  for (const path of candidates.slice(0, PATHS_MAX)) {
    const found = path === null ? null : await get(target, path);
    if (isPeerServer(found)) return path;
    if (isError(found)) return null;
  }
  return null;
}

const USUAL_PATHS = ["/", "/peerjs/", "/myapp/", "/signal/", "/peer/", "/peerjs/myapp/"];
const PATHS_MAX = 10;

/** Names the clients of one run, so that they take no id of a real client. */
interface Names {
  readonly a: string;
  readonly b: string | null;
  readonly tokenOf: (id: string) => Promise<string>;
  /** Another owner's token for an id; `null` if none can be made. */
  readonly other: ((id: string) => Promise<string>) | null;
}

function namesFor({ given, mint }: Tokens): Names {
  const mark = crypto.randomUUID().slice(0, 8);
  const [a, b] = [`doctor-${mark}-a`, `doctor-${mark}-b`];
  if (given !== null) {
    const [first = a, second] = idsIn(given);
    const tokenOf = (): Promise<string> => Promise.resolve(given);
    // A token that is no JWT opens any id.
    const isFree = first === a;
    const other = isFree ? (id: string): Promise<string> => Promise.resolve(`other${id}`) : null;
    return { a: first, b: isFree ? b : second ?? null, tokenOf, other };
  }
  if (mint !== null) {
    return { a, b, tokenOf: (id) => mint(id, []), other: (id) => mint(`${id}-other`, [id]) };
  }
  const tokenOf = (id: string): Promise<string> => Promise.resolve(`${mark}${id}`);
  return { a, b, tokenOf, other: (id) => Promise.resolve(`other${mark}${id}`) };
}

/** The ids that a JWT names, without a check of it; empty for other tokens. */
function idsIn(token: string): string[] {
  try {
    const body = Uint8Array.fromBase64(token.split(".")[1] ?? "", { alphabet: "base64url" });
    const { sub, peers } = Object(JSON.parse(new TextDecoder().decode(body)));
    return [sub, ...Array.isArray(peers) ? peers : []].filter((id) => typeof id === "string");
  } catch {
    return [];
  }
}

async function probeSockets(
  target: Target,
  tokens: Tokens,
): Promise<Pick<Findings, "opened" | "pair" | "idle">> {
  const { a, b, tokenOf, other } = namesFor(tokens);
  const first = await openClient(target, a, await tokenOf(a));
  const { opened } = first;
  try {
    if (!isAdmitted(first)) return { ...NO_SOCKETS, opened };
    const claims = other === null ? NO_CLAIMS : await claimAgain(target, a, await other(a));
    // Servers that do not know each other lose messages, and each takes seconds to be lost.
    const pair = claims.admitted > 0
      ? { arrived: [], large: null }
      : await probePair(target, first, b === null ? null : [b, await tokenOf(b)]);
    if ("kind" in pair) return { ...NO_SOCKETS, opened: pair };
    const idle = target.idleMs === 0 ? null : await watchIdle(target, first);
    return { opened, pair: { ...pair, claims }, idle };
  } finally {
    await first.end();
  }
}

/**
 * Sends messages between two clients; from a client to itself if a token has only one id. Returns how the second one
 * began if it is not admitted.
 */
async function probePair(
  target: Target,
  first: Client,
  partner: readonly [id: string, token: string] | null,
): Promise<Omit<PairFinding, "claims"> | Opened> {
  const second = partner === null ? first : await openClient(target, ...partner);
  try {
    if (!isAdmitted(second)) return second.opened;
    const arrived: boolean[] = [];
    for (const [from, to] of [[first, second], [second, first]] as const) {
      if (!arrived.includes(false)) arrived.push(await cross(from, to, ""));
    }
    const large = arrived.includes(false)
      ? null
      : await cross(first, second, "x".repeat(LARGE_BYTES));
    return { arrived, large };
  } finally {
    if (second !== first) await second.end();
  }
}

async function cross(from: Client, to: Client, filling: string): Promise<boolean> {
  const mark = crypto.randomUUID();
  from.send({ type: "CANDIDATE", dst: to.id, payload: { mark, filling } });
  return await to.arrival(mark, CROSS_MAX_MS);
}

/** Opens a held id with another token, a few times, because a balancer sends only some of them elsewhere. */
async function claimAgain(
  target: Target,
  id: string,
  token: string,
): Promise<PairFinding["claims"]> {
  const claims = { refused: 0, admitted: 0 };
  for (let i = 0; i < CLAIMS; i++) {
    const client = await openClient(target, id, token);
    if (isAdmitted(client)) claims.admitted++;
    else if (client.opened.kind === "upgraded") claims.refused++;
    await client.end();
  }
  return claims;
}

/** Watches a client that sends what a hidden tab does: one heartbeat a minute. */
async function watchIdle(target: Target, client: Client): Promise<IdleFinding> {
  const { idleMs } = target;
  const startedAt = performance.now();
  const passed = (): number => performance.now() - startedAt;
  let end: SocketEnd | null = null;
  while (end === null && passed() < idleMs) {
    end = await client.closed(Math.min(HEARTBEAT_MS, idleMs - passed()));
    if (end === null) client.send({ type: "HEARTBEAT" });
  }
  const livedMs = Math.round(passed());
  const isGone = end !== null && isUnreachable(await get(target, target.path));
  return { askedMs: idleMs, livedMs, end, isGone };
}

const NO_CLAIMS = { refused: 0, admitted: 0 };
const CLAIMS = 3;
const LARGE_BYTES = 65_536;
const HEARTBEAT_MS = 60_000;

/** A server keeps a message for a peer that it does not know for 5 s, so one that takes longer is lost. */
const CROSS_MAX_MS = 4_000;
