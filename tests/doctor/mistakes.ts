/** Mistakes that people make in the recipes of adapters/listen, and what the doctor must say of each. */
import type { SignalboxOptions } from "../../main.ts";
import type { Daemon, Edit } from "./daemons.ts";

/** A recipe with a mistake, and what the doctor must say. */
export interface Wrong {
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

export const RIGHT: SignalboxOptions = { path: "/signal", trusted_proxies: ["127.0.0.1"] };
const LISTED: SignalboxOptions = { ...RIGHT, cors: ["https://elsewhere.example"] };

/** Stands for a port that nothing listens on, and for those of a second server and of another application. */
export const NOBODY = "NOBODY";
export const SECOND = "SECOND";
export const OTHER = "OTHER";

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
    edits: [["proxy_pass http://signalbox;", "proxy_pass http://signalbox/;"]],
    mistake: "prefix-cut",
    todo: "proxy_pass http://signalbox;",
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
    todo: 'in "server 127.0.0.1:PORT;" in its "upstream"',
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
      ["#server 127.0.0.1:9001", `server 127.0.0.1:${SECOND}`],
    ],
    mistake: "separate-servers",
    todo: "--cluster",
  },
  {
    title: "a redirect from http: to https:",
    edits: [[
      "listen 443 ssl http2;",
      "listen 443 ssl http2;\n  error_page 497 =301 https://$host$request_uri;",
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
    edits: [["127.0.0.1:9000 {", "127.0.0.1:9000 {\nheader_up -X-Forwarded-For"]],
    mistake: "not-forwarded",
    todo: "header_up -X-Forwarded-For",
  },
  {
    title: "Upgrade removed",
    edits: [["127.0.0.1:9000 {", "127.0.0.1:9000 {\nheader_up -Upgrade\nheader_up -Connection"]],
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
    edits: [["127.0.0.1:9000 {", "127.0.0.1:9000 {\ntransport http {\nread_timeout 1s\n}"]],
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
      ['  log-format "%ci [%tr] %HM %ST %b/%s %Ta"\n', ""],
      ["  http-request redirect scheme https code 301 unless { ssl_fc }\n", ""],
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
    edits: [["balancer://signalbox/signal/", "balancer://signalbox/"]],
    mistake: "prefix-cut",
    todo: 'ProxyPass "/signal/" "balancer://signalbox/signal/"',
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
      "  ProxyPreserveHost",
      '  <Location "/signal/">\n  Require all denied\n  </Location>\n  ProxyPreserveHost',
    ]],
    mistake: "refused",
    todo: "Require all granted",
  },
  {
    title: "a ProxyPass for the socket only",
    edits: [
      ['ProxyPass "/signal/"', 'ProxyPassMatch "^/signal/peerjs$"'],
      ["balancer://signalbox/signal/", "balancer://signalbox/signal/peerjs"],
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

const HTTP_TO_TLS: Wrong = {
  title: "http: in the URL of a port with TLS",
  scheme: "http",
  mistake: "is-tls",
  todo: "write https: in the URL",
};

export const CASES: readonly (readonly [Daemon, readonly Wrong[]])[] = [
  ["nginx", [...NGINX, HTTP_TO_TLS]],
  ["caddy", [...CADDY, HTTP_TO_TLS]],
  ["haproxy", [...HAPROXY, HTTP_TO_TLS]],
  ["apache", [...APACHE, HTTP_TO_TLS]],
];
