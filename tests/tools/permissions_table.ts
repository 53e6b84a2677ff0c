/** The table of permissions in adapters/program/README.md, made of the function that the start asks with. */
import { fileURLToPath } from "node:url";
import { environmentNeeds, flagsFor, needsOf } from "../../adapters/program/permissions.ts";
import { type PartialSettings, settingsFrom } from "../../core/mod.ts";

const ROOT_PATH = fileURLToPath(new URL("../../", import.meta.url));
const TLS = { sslkey: "key.pem", sslcert: "cert.pem" } as const;
const JWT = { auth: "jwt" } as const;

/** All options that need a permission, as on a command line. */
export const NEEDING: readonly (readonly [flags: string, given: PartialSettings])[] = [
  ["`--port 9000`", { port: 9000 }],
  ["`--port 0`", { port: 0 }],
  ["`--host 127.0.0.1`", { host: "127.0.0.1" }],
  ["`--listener node`", { listener: "node" }],
  ["`--workers 2`", { workers: 2 }],
  ["`--sslkey key.pem --sslcert cert.pem`", TLS],
  ["the same, and `--listener node`", { ...TLS, listener: "node" }],
  ["`--auth_jwks keys.json`", { ...JWT, auth_jwks: "keys.json" }],
  ["`--auth_jwks https://id.example/keys`", { ...JWT, auth_jwks: "https://id.example/keys" }],
  ["`--cluster redis://redis.example`", { cluster: "redis://redis.example" }],
  ["`--cluster redis+sentinel://…`", { cluster: "redis+sentinel://s.example?master=m" }],
  ["`--admin_port 9001`", { admin_port: 9001 }],
  ["`--record run/record`", { record: "run/record" }],
  ["the same, and `--workers 2`", { record: "run/record", workers: 2 }],
];

const VARIABLES = [
  ["variables of options", {}],
  ["`OTEL_DENO`", { OTEL_DENO: "true" }],
  ["systemd with `Type=notify`", { NOTIFY_SOCKET: "path" }],
] as const;

export function permissionsTable(): string {
  const rows = [...NEEDING.map(optionRow), ...VARIABLES.map(variableRow)];
  return ["| with | it needs |", "|---|---|", ...rows].join("\n");
}

/** What options add to an address to listen on; those of the address itself need that address. */
function optionRow([name, given]: typeof NEEDING[number]): string {
  const base = needsOf(settingsFrom({})).map(({ value }) => value);
  const needs = needsOf(settingsFrom(given));
  const isAddress = given.host !== undefined || given.port !== undefined;
  return row(name, isAddress ? needs : needs.filter(({ value }) => !base.includes(value)));
}

function variableRow([name, variables]: typeof VARIABLES[number]): string {
  const needsWith = (env: object): ReturnType<typeof environmentNeeds> =>
    environmentNeeds({ get: (name) => new Map(Object.entries(env)).get(name), names: () => [] });
  const [, ...more] = needsWith(variables);
  return row(name, more.length > 0 ? more : needsWith({}));
}

function row(name: string, needs: ReturnType<typeof needsOf>): string {
  // The folder of the server, which is another on each machine.
  const flags = flagsFor(needs).map((flag) => flag.replaceAll(ROOT_PATH, ""));
  return `| ${name} | ${flags.map((flag) => `\`${flag}\``).join(" ")} |`;
}
