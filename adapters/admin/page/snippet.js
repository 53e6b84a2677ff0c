/**
 * What a user puts into a page of their own to use this server.
 *
 * @typedef {object} Place Where the server is, for a client.
 * @property {string} host
 * @property {number} port
 * @property {string} path
 * @property {string} key
 * @property {boolean} secure
 *
 * @module
 */

/** The key of a client that sets none. */
const USUAL_KEY = "peerjs";

/**
 * The options of a client that reaches the server.
 *
 * @param {Place} place
 * @returns {{ host: string, port: number, path: string, secure: boolean, key?: string }}
 */
export function clientOptions({ host, port, path, key, secure }) {
  return {
    host,
    port,
    path,
    // Without it the client takes the scheme of the page that it is in.
    secure,
    ...(key === USUAL_KEY ? {} : { key }),
  };
}

/**
 * @param {Place} place
 * @param {boolean} needsToken
 * @returns {string}
 */
export function snippetFor(place, needsToken) {
  const lines = Object.entries(clientOptions(place)).map(([name, value]) =>
    `  ${name}: ${JSON.stringify(value).replaceAll("<", "\\u003c")},`
  );
  return `<script src="https://unpkg.com/peerjs@1.5.5/dist/peerjs.min.js"></script>
<script>
const peer = new Peer("alice", {
${lines.join("\n")}${
    needsToken ? '\n  token: "…", // a JWT for alice, made by your application' : ""
  }
});
peer.on("open", (id) => console.log("open as", id));
peer.on("error", (error) => console.error(error.type, error.message));
</script>`;
}
