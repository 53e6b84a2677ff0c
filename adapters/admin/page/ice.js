/**
 * The ICE servers of the view Try, and the way that two clients took.
 *
 * @typedef {import("./try_form.js").IceChoice} IceChoice
 *
 * @typedef {object} Ice
 * @property {object | null} config The configuration of WebRTC; `null` for the client's own.
 * @property {readonly string[]} turnUrls The TURN servers that alone are used; empty if other ways count too.
 *
 * @typedef {object} Stat What is used of an entry of `RTCStatsReport`.
 * @property {string} id
 * @property {string} type
 * @property {string} [selectedCandidatePairId]
 * @property {boolean} [selected]
 * @property {string} [localCandidateId]
 * @property {string} [remoteCandidateId]
 * @property {string} [candidateType]
 *
 * @typedef {{ readonly local: string, readonly remote: string }} Pair The types of the two candidates that met.
 *
 * @module
 */

/**
 * @param {IceChoice} choice
 * @param {string} url Where the server has its ICE servers.
 * @param {string} token The one that the server may ask for; empty for none.
 * @returns {Promise<Ice>}
 */
export async function iceFor(choice, url, token) {
  if (choice === "client") return { config: null, turnUrls: [] };
  if (choice === "none") return { config: { iceServers: [] }, turnUrls: [] };
  const headers = token === "" ? {} : { authorization: `Bearer ${token}` };
  const response = await fetch(url, { headers, cache: "no-store" }).catch(() => null);
  if (response === null || !response.ok) {
    const told = response === null ? "does not answer" : `answers ${response.status}`;
    throw new Error(
      `The server ${told} at ${url}. It has ICE servers if turn_urls and turn_secret are set.`,
    );
  }
  return onlyTurn(await response.json());
}

/**
 * Two clients in one browser always have a shorter way than TURN: they try it only if nothing else is allowed.
 *
 * @param {{ readonly iceServers: readonly { readonly urls: readonly string[] }[] }} config
 * @returns {Ice}
 */
export function onlyTurn(config) {
  const turnUrls = config.iceServers.flatMap(({ urls }) => urls).filter((url) =>
    /^turns?:/i.test(url)
  );
  return {
    config: turnUrls.length === 0 ? config : { ...config, iceTransportPolicy: "relay" },
    turnUrls,
  };
}

/**
 * The pair of candidates that a connection uses; `null` if the browser does not tell.
 *
 * @param {Iterable<Stat>} stats
 * @returns {Pair | null}
 */
export function pairOf(stats) {
  const all = new Map([...stats].map((each) => [each.id, each]));
  const entries = [...all.values()];
  const used = entries.find(({ type }) => type === "transport")?.selectedCandidatePairId;
  // Firefox has no transports, and marks the pair itself.
  const pair = used === undefined
    ? entries.find(({ type, selected }) => type === "candidate-pair" && selected === true)
    : all.get(used);
  const local = all.get(pair?.localCandidateId ?? "")?.candidateType;
  const remote = all.get(pair?.remoteCandidateId ?? "")?.candidateType;
  return local === undefined || remote === undefined ? null : { local, remote };
}

/**
 * @param {Pair | null} pair
 * @returns {string}
 */
export function wayText(pair) {
  if (pair === null) return "";
  const { local, remote } = pair;
  const way = local === "relay" || remote === "relay"
    ? "It went through the TURN server"
    : "It went from browser to browser, and no TURN server was used";
  return `${way} (candidates: ${local} to ${remote}).`;
}
