/** What transcripts are made of, for the conversations in which the two servers differ. */

export const OPEN = { type: "OPEN" };

/** The end of a socket that the incumbent closed: it gives no code, and no reason. */
export const NO_CODE = { code: 1005, reason: "" };

/** How a socket ends whose server died. */
export const BROKEN = { code: 1006, reason: "" };

/** A socket that was admitted, heard this, and is open. */
export function open(...heard: readonly unknown[]): readonly unknown[] {
  return [OPEN, ...heard, "open"];
}

/** A socket that was admitted, heard this, and was closed by signalbox. */
export function closed(
  code: number,
  reason: string,
  ...heard: readonly unknown[]
): readonly unknown[] {
  return [OPEN, ...heard, { code, reason }];
}

/** A socket that was admitted, heard this, and was closed by the incumbent. */
export function dropped(...heard: readonly unknown[]): readonly unknown[] {
  return [OPEN, ...heard, NO_CODE];
}

/** A socket that signalbox refused. */
export function refused(code: number, msg: string): readonly unknown[] {
  return [error(msg), { code, reason: msg }];
}

/** A socket that the incumbent refused. */
export function turnedAway(msg: string): readonly unknown[] {
  return [error(msg), NO_CODE];
}

export function error(msg: string): unknown {
  return { type: "ERROR", payload: { msg } };
}

/** The frame that says that `src` could not be reached. */
export function expire(src: string, dst: string): unknown {
  return { type: "EXPIRE", src, dst };
}

/** An offer; without a payload the field is missing. */
export function offer(src: string, dst: string, payload?: unknown): unknown {
  return payload === undefined ? { type: "OFFER", src, dst } : { type: "OFFER", src, dst, payload };
}

/** An answer in JSON; `request` is such as `{ GET: "peerjs/peers" }`. */
export function json(
  request: Readonly<Record<string, string>>,
  value: unknown,
  page: Readonly<Record<string, string>> = {},
): unknown {
  const type = { "content-type": "application/json; charset=utf-8" };
  return { ...request, status: 200, ...type, ...page, body: JSON.stringify(value) };
}

/** An answer of signalbox in words. */
export function text(
  request: Readonly<Record<string, string>>,
  status: number,
  body: string,
  headers: Readonly<Record<string, string>> = {},
): unknown {
  const type = { "content-type": "text/plain; charset=utf-8" };
  return { ...request, status, ...type, ...headers, body };
}

/** The incumbent's 404; `path` is the whole path, and `request` as the client made it. */
export function cannot(
  request: Readonly<Record<string, string>>,
  path: string,
  page: Readonly<Record<string, string>> = {},
): unknown {
  const [method] = Object.keys(request);
  const body = `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>Error</title>
</head>
<body>
<pre>Cannot ${method} ${path}</pre>
</body>
</html>
`;
  return { ...request, status: 404, "content-type": "text/html; charset=utf-8", ...page, body };
}

/** What signalbox is, letter for letter as the incumbent. */
export const ABOUT = {
  name: "PeerJS Server",
  description: "A server side element to broker connections between PeerJS clients.",
  website: "https://peerjs.com/",
};

/** How signalbox names its URLs where the prefix is `/myapp`. */
export const URLS = `The URLs of this server are:
  GET /myapp/              what this is
  GET /myapp/healthz       whether it runs
  GET /myapp/readyz        whether it takes new clients
  GET /myapp/<key>/id      a new id
  GET /myapp/<key>/peers   the connected peers, where discovery is allowed
  WebSocket /myapp/peerjs?key=<key>&id=<id>&token=<token>
Give the client this path: new Peer(id, { path: "/myapp/", … }).
`;
