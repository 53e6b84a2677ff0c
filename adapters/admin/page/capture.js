/**
 * Shows every frame between the client and the server, by a WebSocket that tells what passes through it. It must be in
 * place before a client opens a socket.
 *
 * @typedef {object} Seen
 * @property {"opening" | "sent" | "received" | "closed"} what
 * @property {number} at
 * @property {string} id Of the client, as in the URL of its socket.
 * @property {string} text The frame; empty for the others.
 * @property {number} code Of a close, else 0.
 * @property {string} reason
 * @property {boolean} wasOpen Whether the socket was open at its close.
 *
 * @module
 */

/**
 * Puts the class in place.
 *
 * @param {{ WebSocket: typeof WebSocket }} target
 * @param {() => number} now
 * @param {(seen: Seen) => void} tell
 * @returns {() => void} Puts the first class back.
 */
export function captureSockets(target, now, tell) {
  const Plain = target.WebSocket;
  target.WebSocket = class extends Plain {
    #id = "";

    /**
     * @param {string | URL} url
     * @param {string | string[]} [protocols]
     */
    constructor(url, protocols) {
      super(url, protocols);
      this.#id = new URL(url).searchParams.get("id") ?? "";
      let wasOpen = false;
      this.#tell({ what: "opening" });
      this.addEventListener("open", () => {
        wasOpen = true;
      });
      this.addEventListener("message", ({ data }) => {
        this.#tell({ what: "received", text: String(data) });
      });
      this.addEventListener("close", ({ code, reason }) => {
        this.#tell({ what: "closed", code, reason, wasOpen });
      });
    }

    /**
     * @override
     * @param {Parameters<WebSocket["send"]>[0]} data
     */
    send(data) {
      this.#tell({ what: "sent", text: String(data) });
      super.send(data);
    }

    /** @param {Pick<Seen, "what"> & Partial<Seen>} seen */
    #tell(seen) {
      tell({ at: now(), id: this.#id, text: "", code: 0, reason: "", wasOpen: false, ...seen });
    }
  };
  return () => {
    target.WebSocket = Plain;
  };
}
