/**
 * The doctor against real proxies: the recipes of adapters/listen as they are, and each with a mistake that people
 * make in it, which the doctor must name with the line to change.
 */
import { diagnose, type Line } from "../../adapters/doctor/doctor.ts";
import type { SignalboxOptions } from "../../main.ts";
import { assert, assertEquals, assertStringIncludes } from "../support/assert.ts";
import { type Certificate, makeCertificate } from "../support/certificate.ts";
import { serveBox } from "../support/served.ts";
import { type Daemon, type Edit, findDaemon, freePort, startDaemon } from "./daemons.ts";

/** A recipe with a mistake, and what the doctor must say. */
interface Wrong {
  readonly title: string;
  readonly edits?: readonly Edit[];
  /** The word for the mistake. */
  readonly mistake: string;
  /** What the advice must contain. */
  readonly todo: string;
  /** The server behind the proxy, where it is not the right one. */
  readonly server?: SignalboxOptions;
  readonly certificate?: "expired" | "other-name" | "untrusted";
  readonly scheme?: "http";
  /** Whether a silent socket must be watched. */
  readonly isIdle?: true;
}

const RIGHT: SignalboxOptions = { path: "/signal", trusted_proxies: ["127.0.0.1"] };
const LISTED: SignalboxOptions = { ...RIGHT, cors: ["https://elsewhere.example"] };

/** Longer than the timeouts of one second below. */
const IDLE_MS = 2_000;

/** Stands for a port that nothing listens on, and for those of a second server and of another application. */
const NOBODY = "NOBODY";
const SECOND = "SECOND";
const OTHER = "OTHER";

const NGINX: readonly Wrong[] = [
  {
    title: "no Upgrade and Connection headers",
    edits: [
      ["    proxy_set_header Upgrade $http_upgrade;\n", ""],
      ['    proxy_set_header Connection "upgrade";\n', ""],
    ],
    mistake: "no-upgrade",
    todo: "proxy_set_header Upgrade $http_upgrade;",
  },
  {
    title: "Connection keep-alive",
    edits: [['Connection "upgrade"', "Connection keep-alive"]],
    mistake: "no-upgrade",
    todo: 'proxy_set_header Connection "upgrade";',
  },
  {
    title: "a slash at the end of proxy_pass",
    edits: [["proxy_pass http://127.0.0.1:9000;", "proxy_pass http://127.0.0.1:9000/;"]],
    mistake: "prefix-cut",
    todo: "proxy_pass http://127.0.0.1:9000;",
  },
  {
    title: "rewrite that removes the path",
    edits: [[
      "    proxy_http_version",
      "    rewrite ^/signal/(.*)$ /$1 break;\n    proxy_http_version",
    ]],
    mistake: "prefix-cut",
    todo: "rewrite",
  },
  {
    title: "the path is passed on to a server at /",
    server: { trusted_proxies: ["127.0.0.1"] },
    mistake: "prefix-kept",
    todo: "--path /signal/",
  },
  {
    title: "a wrong port in proxy_pass",
    edits: [["127.0.0.1:9000", `127.0.0.1:${NOBODY}`]],
    mistake: "no-upstream",
    todo: "proxy_pass http://127.0.0.1:PORT;",
  },
  {
    title: "a read timeout of a second",
    edits: [["proxy_read_timeout 120s", "proxy_read_timeout 1s"]],
    isIdle: true,
    mistake: "short-timeout",
    todo: "proxy_read_timeout 120s;",
  },
  {
    title: "no X-Forwarded-For",
    edits: [["    proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;\n", ""]],
    mistake: "not-forwarded",
    todo: "proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;",
  },
  {
    title: "the server trusts no proxy",
    server: { path: "/signal" },
    mistake: "not-trusted",
    todo: "--trusted_proxies 127.0.0.1",
  },
  {
    title: "a second Access-Control-Allow-Origin",
    edits: [[
      "    proxy_read",
      "    add_header Access-Control-Allow-Origin * always;\n    proxy_read",
    ]],
    mistake: "cors-twice",
    todo: "add_header Access-Control-Allow-Origin",
  },
  {
    title: "a location for the socket only",
    edits: [["location /signal/ {", "location = /signal/peerjs {"]],
    mistake: "not-routed",
    todo: "location /signal/ {",
  },
  {
    title: "no Host, and a server that lists origins",
    edits: [["    proxy_set_header Host $http_host;\n", ""]],
    server: LISTED,
    mistake: "origin",
    todo: "proxy_set_header Host $http_host;",
  },
  {
    title: "a password for everything",
    edits: [["    proxy_http_version", "    deny all;\n    proxy_http_version"]],
    mistake: "refused",
    todo: "deny",
  },
  {
    title: "two servers that do not know each other",
    edits: [
      ["server {", `upstream two { server 127.0.0.1:9000; server 127.0.0.1:${SECOND}; }\nserver {`],
      ["proxy_pass http://127.0.0.1:9000;", "proxy_pass http://two;"],
    ],
    mistake: "separate-servers",
    todo: "--cluster",
  },
  {
    title: "a redirect from http: to https:",
    edits: [[
      "listen 443 ssl;",
      "listen 443 ssl;\n  error_page 497 =301 https://$host$request_uri;",
    ]],
    scheme: "http",
    mistake: "redirect-tls",
    todo: "secure: true",
  },
  {
    title: "a certificate that has ended",
    certificate: "expired",
    mistake: "expired",
    todo: "renew",
  },
];

const CADDY: readonly Wrong[] = [
  {
    title: "handle_path",
    edits: [["handle /signal/*", "handle_path /signal/*"]],
    mistake: "prefix-cut",
    todo: "handle /signal/*",
  },
  {
    title: "a wrong port in reverse_proxy",
    edits: [["127.0.0.1:9000", `127.0.0.1:${NOBODY}`]],
    mistake: "no-upstream",
    todo: "reverse_proxy 127.0.0.1:PORT",
  },
  {
    title: "a second Access-Control-Allow-Origin",
    edits: [["handle /signal", "header Access-Control-Allow-Origin *\n\thandle /signal"]],
    mistake: "cors-twice",
    todo: "header Access-Control-Allow-Origin",
  },
  {
    title: "X-Forwarded-For removed",
    edits: [["127.0.0.1:9000", "127.0.0.1:9000 {\nheader_up -X-Forwarded-For\n}"]],
    mistake: "not-forwarded",
    todo: "header_up -X-Forwarded-For",
  },
  {
    title: "Upgrade removed",
    edits: [["127.0.0.1:9000", "127.0.0.1:9000 {\nheader_up -Upgrade\nheader_up -Connection\n}"]],
    mistake: "no-upgrade",
    todo: "header_up -Upgrade",
  },
  {
    title: "a path without its star",
    edits: [["handle /signal/*", "handle /signal/"]],
    mistake: "not-routed",
    todo: "handle /signal/* {",
  },
  {
    title: "a page for every other path, and the socket only",
    edits: [
      ["handle /signal/*", "handle /signal/peerjs"],
      [
        "example.com {",
        "example.com {\nheader /* Content-Type text/html\nrespond <html></html> 200",
      ],
    ],
    mistake: "not-routed",
    todo: "handle /signal/* {",
  },
  {
    title: "a read timeout of a second",
    edits: [["127.0.0.1:9000", "127.0.0.1:9000 {\ntransport http {\nread_timeout 1s\n}\n}"]],
    isIdle: true,
    mistake: "short-timeout",
    todo: "read_timeout",
  },
  {
    title: "a certificate that nobody signed",
    certificate: "untrusted",
    mistake: "self-signed",
    todo: "--ca FILE",
  },
];

const HAPROXY: readonly Wrong[] = [
  {
    title: "a wrong port in the backend",
    edits: [["127.0.0.1:9000", `127.0.0.1:${NOBODY}`]],
    mistake: "no-upstream",
    todo: "server NAME 127.0.0.1:PORT",
  },
  {
    title: "no tunnel timeout",
    edits: [["  timeout tunnel 120s\n", ""], ["timeout server 30s", "timeout server 1s"]],
    isIdle: true,
    mistake: "short-timeout",
    todo: "timeout tunnel 120s",
  },
  {
    title: "no option forwardfor",
    edits: [["  option forwardfor\n", ""]],
    mistake: "not-forwarded",
    todo: "option forwardfor",
  },
  {
    title: "mode tcp",
    edits: [
      ["mode http", "mode tcp"],
      ["  option forwardfor\n", ""],
      // Stands for a proxy on another machine.
      ["127.0.0.1:9000", "127.0.0.1:9000 source 127.0.0.2"],
      ["use_backend signalbox if { path_beg /signal/ }", "default_backend signalbox"],
    ],
    mistake: "not-forwarded",
    todo: "mode http",
  },
  {
    title: "replace-path",
    edits: [["  use_backend", "  http-request replace-path /signal/(.*) /\\1\n  use_backend"], [
      "if { path_beg /signal/ }",
      "if TRUE",
    ]],
    mistake: "prefix-cut",
    todo: "replace-path",
  },
  {
    title: "a second Access-Control-Allow-Origin",
    edits: [[
      "  use_backend",
      "  http-response add-header Access-Control-Allow-Origin *\n  use_backend",
    ]],
    mistake: "cors-twice",
    todo: "http-response add-header",
  },
  {
    title: "a rule for the socket only",
    edits: [["path_beg /signal/", "path /signal/peerjs"]],
    mistake: "not-routed",
    todo: "path_beg /signal/",
  },
  {
    title: "Upgrade removed",
    edits: [["  use_backend", "  http-request del-header Upgrade\n  use_backend"]],
    mistake: "no-upgrade",
    todo: "del-header Upgrade",
  },
  {
    title: "a certificate for another name",
    certificate: "other-name",
    mistake: "wrong-name",
    todo: "localhost",
  },
];

const APACHE: readonly Wrong[] = [
  {
    title: "no upgrade=websocket",
    edits: [[" upgrade=websocket", ""]],
    mistake: "no-upgrade",
    todo: "upgrade=websocket",
  },
  {
    title: "another ProxyPass first",
    edits: [[
      '  ProxyPass "/signal/"',
      `  ProxyPass "/" "http://127.0.0.1:${OTHER}/"\n  ProxyPass "/signal/"`,
    ]],
    mistake: "not-routed",
    todo: 'before a ProxyPass "/"',
  },
  {
    title: "no path on the right side of ProxyPass",
    edits: [["127.0.0.1:9000/signal/", "127.0.0.1:9000/"]],
    mistake: "prefix-cut",
    todo: 'ProxyPass "/signal/" "http://127.0.0.1:9000/signal/"',
  },
  {
    title: "a wrong port in ProxyPass",
    edits: [["127.0.0.1:9000", `127.0.0.1:${NOBODY}`]],
    mistake: "no-upstream",
    todo: "127.0.0.1:PORT",
  },
  {
    title: "a timeout of a second",
    edits: [["timeout=120", "timeout=1"], [
      "  ProxyPreserveHost",
      "  Timeout 1\n  ProxyPreserveHost",
    ]],
    isIdle: true,
    mistake: "short-timeout",
    todo: "timeout=120",
  },
  {
    title: "a second Access-Control-Allow-Origin",
    edits: [[
      "  ProxyPreserveHost",
      '  Header always set Access-Control-Allow-Origin "*"\n  ProxyPreserveHost',
    ]],
    mistake: "cors-twice",
    todo: "Header always set",
  },
  {
    title: "ProxyAddHeaders Off",
    edits: [["  ProxyPreserveHost", "  ProxyAddHeaders Off\n  ProxyPreserveHost"]],
    mistake: "not-forwarded",
    todo: "ProxyAddHeaders Off",
  },
  {
    title: "Require all denied",
    edits: [[
      "</Virtual",
      '  <Location "/signal/">\n  Require all denied\n  </Location>\n</Virtual',
    ]],
    mistake: "refused",
    todo: "Require all granted",
  },
  {
    title: "a ProxyPass for the socket only",
    edits: [
      ['ProxyPass "/signal/"', 'ProxyPass "/signal/peerjs"'],
      ["127.0.0.1:9000/signal/", "127.0.0.1:9000/signal/peerjs"],
    ],
    mistake: "not-routed",
    todo: "not only for /signal/peerjs",
  },
  {
    title: "no ProxyPreserveHost, and a server that lists origins",
    edits: [["  ProxyPreserveHost On\n", ""]],
    server: LISTED,
    mistake: "origin",
    todo: "ProxyPreserveHost On",
  },
];

const CASES: readonly (readonly [Daemon, readonly Wrong[]])[] = [
  ["nginx", NGINX],
  ["caddy", CADDY],
  ["haproxy", HAPROXY],
  ["apache", APACHE],
];

const DAY_MS = 86_400_000;

async function certificateFor(kind: Wrong["certificate"]): Promise<Certificate> {
  if (kind === "other-name") return await makeCertificate(3, { name: "other.example" });
  if (kind !== "expired") return await makeCertificate();
  const now = Date.now();
  const valid = [new Date(now - 40 * DAY_MS), new Date(now - 5 * DAY_MS)] as const;
  return await makeCertificate(3, { valid });
}

/** The lines of the doctor for a proxy with a recipe that is wrong in this way, or right. */
async function linesFor(daemon: Daemon, path: string, wrong: Partial<Wrong>): Promise<Line[]> {
  const { server = RIGHT, edits = [], scheme = "https", certificate, isIdle } = wrong;
  await using cert = await certificateFor(certificate);
  await using box = serveBox(server);
  await using second = serveBox(server);
  await using other = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen: () => {} },
    () => new Response("<h1>No such page</h1>", { status: 404 }),
  );
  const ports = [
    [NOBODY, freePort()],
    [SECOND, second.port],
    [OTHER, other.addr.port],
  ] as const;
  const withPorts = edits.map(([from, to]): Edit => [
    from,
    ports.reduce((text, [name, port]) => text.replaceAll(name, String(port)), to),
  ]);
  await using proxy = await startDaemon(daemon, path, {
    upstream: box.port,
    key: cert.key,
    cert: cert.cert,
    edits: withPorts,
  });
  const target = {
    secure: scheme === "https",
    host: "localhost",
    port: proxy.port,
    path: "/signal/",
    key: "peerjs",
    origin: null,
    ca: certificate === "untrusted" ? null : cert.pem,
    hasToken: false,
    idleMs: isIdle ? IDLE_MS : 0,
  };
  return await diagnose(target, { given: null, mint: null });
}

for (const [daemon, wrongs] of CASES) {
  const found = findDaemon(daemon);
  const declare = (name: string, body: (path: string) => Promise<void>): void =>
    Deno.test(`[CLI-4] ${daemon}: ${name}`, async () => {
      if (found.kind === "found") return await body(found.path);
      assert(found.allowed, found.reason);
      console.log(`left out: ${found.reason}`);
    });

  declare("the doctor finds nothing wrong with the recipe", async (path) => {
    const lines = await linesFor(daemon, path, { isIdle: true });
    assertEquals(lines.filter(({ status }) => status === "fail"), []);
    const passed = lines.filter(({ status }) => status === "pass").map(({ check }) => check);
    for (const check of ["tls", "path", "cors", "messages", "large", "ids", "idle", "address"]) {
      assert(passed.includes(check), `${check} is not among ${passed}`);
    }
  });

  declare("the doctor names each mistake, and the line to change", async (path) => {
    const outcomes = await Promise.all(wrongs.map(async (wrong) => {
      const failed = (await linesFor(daemon, path, wrong)).filter(({ status }) =>
        status === "fail"
      );
      return { ...wrong, failed };
    }));
    for (const { title, mistake, todo, failed } of outcomes) {
      assertEquals(failed.map((line) => line.mistake), [mistake], title);
      assertStringIncludes(failed[0]?.todo ?? "", todo, title);
    }
  });
}
