/**
 * Why two clients of the view Try did not meet, and what to do: from what was seen, in sentences.
 *
 * @typedef {"open" | "connect" | "greet"} Stage What was under way: the clients opened, the one connected to the other,
 *   "hello" went across.
 *
 * @typedef {object} Failure
 * @property {Stage} stage
 * @property {string} url Of the server, without a query.
 * @property {string} origin Of this page.
 * @property {{ readonly code: number, readonly reason: string, readonly wasOpen: boolean } | null} closed How a socket
 *   ended first.
 * @property {{ readonly type: string, readonly message: string } | null} error Of the client.
 * @property {"answers" | "silent" | "unknown" | "forbidden"} probe Whether the server answers a plain request, or the
 *   policy of this page forbids any.
 * @property {"jwt" | "none"} auth
 * @property {boolean} hasTokens
 * @property {readonly string[]} turnUrls The TURN servers that alone were used; empty if other ways counted too.
 * @property {number} candidates How many ICE candidates were exchanged.
 *
 * @typedef {{ readonly what: string, readonly todo: string }} Explanation
 *
 * @module
 */
import { visible } from "./words.js";

/**
 * What each close code of the server asks for.
 *
 * @type {Readonly<Record<number, (failure: Failure) => string>>}
 */
const REMEDIES = {
  1001: () => "The server stops. Start it again, then try again.",
  1012: () => "The server restarts. Try again in some seconds.",
  1013: () => "The server cannot decide now. Try again in some seconds.",
  4001: () => "Somebody holds this id with another token. Choose other ids.",
  4002: () => "Choose other ids or tokens.",
  4003: () => "This page uses the key that the server was started with. Reload the page.",
  4004: () =>
    "The server is full. Raise --concurrent_limit, or disconnect clients in the view Now.",
  4005: ({ origin }) =>
    `Option --cors does not list the origin of this page. Start the server with --cors ${origin} too.`,
  4006: ({ hasTokens }) =>
    hasTokens
      ? "The server did not accept the token. Give a fresh one for this id, signed with the server's secret."
      : "The server asks for a token (--auth jwt). Give one for each id in the fields below.",
  4011: () => "The token has ended. Give a fresh one.",
  4029: () =>
    "The address of this browser has too many sockets or attempts. Close some, or wait a minute.",
};

/**
 * @param {Failure} failure
 * @returns {Explanation}
 */
export function explain(failure) {
  const { what, todo } = explanationOf(failure);
  // Sentences of the server and of the client end without a full stop.
  return { what: /[.!?]$/.test(what) ? what : `${what}.`, todo };
}

/**
 * @param {Failure} failure
 * @returns {Explanation}
 */
function explanationOf(failure) {
  const { stage, closed, error } = failure;
  if (failure.probe === "forbidden") {
    return {
      what: `The policy of this page does not let it connect to ${failure.url}.`,
      todo: "It allows the host of the page's own URL: open the page under the host of the server.",
    };
  }
  if (closed !== null) return explainClose(failure, closed);
  if (error !== null && error.type === "peer-unavailable") {
    return {
      what: `The server knows no such peer: ${visible(error.message)}.`,
      todo: "The other client left. Try again.",
    };
  }
  if (error !== null && error.type !== "negotiation-failed" && error.type !== "webrtc") {
    return {
      what: `The client reports "${visible(error.type)}": ${visible(error.message)}`,
      todo: "The diagram shows how far they came.",
    };
  }
  if (stage === "open") {
    return {
      what: `The server at ${failure.url} did not admit the clients in time.`,
      todo: "Look at its log: it says what it waits for.",
    };
  }
  return explainIce(failure);
}

/**
 * @param {Failure} failure
 * @param {NonNullable<Failure["closed"]>} closed
 * @returns {Explanation}
 */
function explainClose(failure, { code, reason, wasOpen }) {
  const { url, probe } = failure;
  const told = reason === "" ? "" : `: ${visible(reason)}`;
  const todo = REMEDIES[code];
  if (todo !== undefined) {
    return { what: `The server refused the socket with ${code}${told}`, todo: todo(failure) };
  }
  if (code !== 1006 || wasOpen) {
    return {
      what: `The socket ended with ${code}${told}`,
      todo: "Look at the log of the server, and of a proxy in between.",
    };
  }
  if (probe === "silent") {
    return {
      what: `Nothing answers at ${url}.`,
      todo:
        "Check that the server listens there, that this computer reaches the port, and that no firewall is between.",
    };
  }
  return {
    what: `The server answers at ${url}, but a WebSocket does not open there.`,
    todo:
      "A proxy in between must pass on the headers Upgrade and Connection; the log of the server names " +
      "what it refused.",
  };
}

/**
 * @param {Failure} failure
 * @returns {Explanation}
 */
function explainIce({ stage, candidates, turnUrls }) {
  if (stage === "greet") {
    return {
      what: 'The data channel opened, but "hello" did not come across.',
      todo: "Try again; if it stays so, the browser blocks data channels.",
    };
  }
  if (turnUrls.length > 0) return explainTurn(turnUrls, candidates);
  if (candidates === 0) {
    return {
      what: "Signaling works, but the browser offered no address (no ICE candidate).",
      todo:
        "A setting or an extension of this browser blocks WebRTC. Allow it, or use another browser.",
    };
  }
  return {
    what: "Signaling works, but no path between the clients was found (no ICE connection).",
    todo:
      "Set ICE servers to the server's own, or the client's, and try again. Clients behind NAT need a TURN server.",
  };
}

/** @type {(urls: readonly string[], candidates: number) => Explanation} */
function explainTurn(urls, candidates) {
  if (candidates === 0) {
    return {
      what: `Signaling works, but TURN gave the clients no address (${visible(urls.join(", "))}).`,
      todo:
        "Check that this computer reaches it at that host and port, over UDP or TCP as the URL says, that its secret " +
        "(static-auth-secret) is turn_secret, and that its clock is right.",
    };
  }
  return {
    what: `TURN gave addresses, but the clients did not meet through it (${
      visible(urls.join(", "))
    }).`,
    todo:
      "Its relay ports (49152 to 65535 by default, over UDP) must be open; behind a NAT its external-ip must be right.",
  };
}
