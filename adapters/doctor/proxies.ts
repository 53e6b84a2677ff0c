/**
 * Reverse proxies: which one answers, and what to change in its configuration for each mistake.
 *
 * @module
 */
import type { Answer, Findings } from "./findings.ts";

/** A proxy that the doctor knows the configuration of. */
export type Proxy = "nginx" | "caddy" | "haproxy" | "apache";

/** A mistake in the configuration of a proxy. */
export type ProxyMistake =
  | "no-upgrade"
  | "bad-handshake"
  | "prefix-cut"
  | "no-upstream"
  | "not-routed"
  | "cors-twice"
  | "not-forwarded"
  | "short-timeout"
  | "host-lost"
  | "refused";

/** Recognizes the proxy by a header or an error page of its own. */
export function recognizeProxy(findings: Findings): Proxy | null {
  const { root, id, healthz, opened, nonsense } = findings;
  const answers = [root, id, healthz, opened, nonsense].filter((found): found is Answer =>
    found?.kind === "answer"
  );
  return SIGNS.find(({ header, page }) =>
    answers.some(({ headers, body }) =>
      header.test(`${headers["server"] ?? ""} ${headers["via"] ?? ""}`) || page.test(body)
    )
  )?.proxy ?? null;
}

const SIGNS: readonly { readonly proxy: Proxy; readonly header: RegExp; readonly page: RegExp }[] =
  [
    { proxy: "nginx", header: /nginx|openresty/i, page: /<center>(?:nginx|openresty)/ },
    { proxy: "caddy", header: /caddy/i, page: /(?!)/ },
    { proxy: "apache", header: /apache/i, page: /<address>Apache/ },
    {
      proxy: "haproxy",
      header: /haproxy/i,
      page:
        /Your browser sent an invalid request\.|No server is available to handle this request\./,
    },
  ];

/** What to change and where. `{path}` stands for the path of the server. */
export function remedyFor(mistake: ProxyMistake, proxy: Proxy | null, path: string): string {
  const { all, ...each } = REMEDIES[mistake];
  const special = proxy === null ? undefined : each[proxy];
  const text = special === undefined ? all : `${NAMES[proxy ?? "nginx"]}: ${special}`;
  return text.replaceAll("{path}", path);
}

export const NAMES: Readonly<Record<Proxy, string>> = {
  nginx: "nginx",
  caddy: "Caddy",
  haproxy: "HAProxy",
  apache: "Apache",
};

type Remedies = Readonly<Record<Proxy | "all", string>>;

const REMEDIES: Readonly<Record<ProxyMistake, Remedies>> = {
  "no-upgrade": {
    nginx: 'in "location {path} {" write: proxy_http_version 1.1; ' +
      'proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection "upgrade";',
    caddy: 'delete "header_up -Upgrade", "header_up Upgrade" and "header_up Connection" in ' +
      "reverse_proxy: it passes these headers on by itself",
    haproxy: 'delete "http-request del-header Upgrade" and "http-request del-header Connection": ' +
      '"mode http" passes these headers on by itself',
    apache: 'load mod_proxy_wstunnel ("a2enmod proxy_wstunnel"), and write: ' +
      'ProxyPass "{path}" "http://127.0.0.1:9000{path}" upgrade=websocket, or in the balancer: ' +
      'BalancerMember "http://127.0.0.1:9000" upgrade=websocket',
    all:
      "let the proxy pass on the headers Upgrade and Connection, and speak HTTP/1.1 to the server",
  },
  "bad-handshake": {
    nginx: 'in "location {path} {" write: proxy_http_version 1.1; without it nginx speaks HTTP/1.0',
    caddy: "delete the header_up and transport lines in reverse_proxy that change the handshake",
    haproxy:
      'delete "http-request del-header" and "http-request set-header" lines for Sec-WebSocket-…',
    apache:
      'delete "RequestHeader" lines for Sec-WebSocket-…, and "SetEnv force-proxy-request-1.0"',
    all: "let the proxy speak HTTP/1.1 to the server, and pass on every Sec-WebSocket-… header",
  },
  "prefix-cut": {
    nginx: "write the address without a slash or a path at its end, and no rewrite: " +
      "proxy_pass http://signalbox; or proxy_pass http://127.0.0.1:9000;",
    caddy:
      'write "handle {path}*" in place of "handle_path {path}*", and delete "uri strip_prefix"',
    haproxy: 'delete "http-request set-path" or "http-request replace-path" for {path}',
    apache: 'write the path on both sides: ProxyPass "{path}" "http://127.0.0.1:9000{path}" ' +
      'upgrade=websocket, or ProxyPass "{path}" "balancer://signalbox{path}"',
    all: "let the proxy pass on the path as it came",
  },
  "no-upstream": {
    nginx:
      'the port in "proxy_pass http://127.0.0.1:PORT;", or in "server 127.0.0.1:PORT;" in its ' +
      '"upstream", must be the --port of the server',
    caddy:
      'the port in "reverse_proxy 127.0.0.1:PORT" must be the --port of the server, without https: ' +
      "if that has no TLS",
    haproxy: 'the port in "server NAME 127.0.0.1:PORT" must be the --port of the server, and ' +
      '"option httpchk GET" must name a path that it has: {path}',
    apache:
      'the port in ProxyPass "{path}" "http://127.0.0.1:PORT{path}", or in its BalancerMember, must ' +
      "be the --port of the server",
    all: "the address of the server in the proxy must be that of its options --host and --port",
  },
  "not-routed": {
    nginx: 'write "location {path} {" for all paths that begin so: without "=", and not only for ' +
      "{path}peerjs",
    caddy: 'write "handle {path}* {" with the star, before other "handle" blocks',
    haproxy: 'write "use_backend NAME if { path_beg {path} }": path_beg in place of path',
    apache: 'write ProxyPass "{path}" "http://127.0.0.1:9000{path}" upgrade=websocket before a ' +
      'ProxyPass "/", and not only for {path}peerjs',
    all: "let the proxy pass on all paths that begin with {path}",
  },
  "cors-twice": {
    nginx: 'delete "add_header Access-Control-Allow-Origin …;": the server sends it itself',
    caddy: 'delete "header Access-Control-Allow-Origin …": the server sends it itself',
    haproxy:
      'delete "http-response add-header Access-Control-Allow-Origin …": the server sends it itself',
    apache: 'delete "Header add" and "Header always set Access-Control-Allow-Origin …": ' +
      "the server sends it itself",
    all: "delete the Access-Control-Allow-Origin header in the proxy: the server sends it itself",
  },
  "not-forwarded": {
    nginx:
      'in "location {path} {" write: proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;',
    caddy: 'delete "header_up -X-Forwarded-For" in reverse_proxy: it adds this header by itself',
    haproxy:
      'write "option forwardfor" in the frontend or its defaults, which must be in "mode http"',
    apache: 'delete "ProxyAddHeaders Off" and "RequestHeader unset X-Forwarded-For"',
    all:
      "let the proxy add the address of its client to X-Forwarded-For; one in TCP mode cannot: " +
      'in HAProxy write "mode http", in nginx "http" in place of "stream"',
  },
  "short-timeout": {
    nginx: 'in "location {path} {" write: proxy_read_timeout 120s;',
    caddy: 'delete "stream_timeout", and "read_timeout" and "write_timeout" in "transport http"',
    haproxy: 'write "timeout tunnel 120s" in the backend or the defaults',
    apache:
      "write ProxyTimeout 120, and timeout=120 if the ProxyPass or BalancerMember has a timeout",
    all: "let the proxy keep a silent WebSocket for 120 s",
  },
  "host-lost": {
    nginx: 'in "location {path} {" write: proxy_set_header Host $http_host;',
    caddy: 'delete "header_up Host" in reverse_proxy: it passes Host on by itself',
    haproxy: 'delete "http-request set-header Host"',
    apache: "write: ProxyPreserveHost On",
    all: "let the proxy pass Host on",
  },
  refused: {
    nginx: 'delete "deny", "limit_except" and "auth_basic" for "location {path} {"',
    caddy: 'delete "basic_auth" and "respond" for {path}*',
    haproxy: 'delete "http-request deny" and "http-request auth" for {path}',
    apache: 'write "Require all granted" in <Location "{path}">',
    all: "let the proxy admit requests without a password of its own",
  },
};
