/**
 * What the types of candidates say about the way between two peers.
 *
 * A `host` candidate is an address of the peer's own network, `srflx` the address that a STUN server saw, `relay`
 * one of a TURN server. A client stops to send candidates when it is connected, so a type that is missing is no proof.
 *
 * @module
 */
import type { Role } from "./attempt.ts";
import { type Facts, isHostOnly, silentSides } from "./outcome.ts";
import { type Advice, likely, possible } from "./words.ts";

const STUN = 'new Peer(id, { config: { iceServers: [{ urls: "stun:stun.l.google.com:19302" }] } })';

/** How a page gets a TURN server. */
function turn(icePath: string | null): string {
  const [first, path] = icePath === null
    ? ["Set turn_urls and turn_secret on this server, and pass", "<path><key>/ice"]
    : ["Pass", icePath];
  return `${first} what ${path} answers as the config: new Peer(id, { config }).`;
}

/**
 * What to look at, the most important first.
 *
 * @param hasFailed Whether there is evidence that the connection failed.
 */
export function aboutIce(facts: Facts, hasFailed: boolean): Advice[] {
  const { attempt } = facts;
  if (attempt.isCut) return [];
  const silent = silentSides(attempt);
  if (silent.length > 0) return [aboutSilence(facts, silent)];
  const local = ROLES.filter((role) => isHostOnly(attempt, role));
  const [role] = local;
  const sure = hasFailed ? likely : possible;
  const isApart = attempt.sameAddress === false;
  if (role === undefined) return [aboutRelays(facts, sure)];
  if (local.length === 1) return [aboutOneHost(facts, role, isApart ? likely : sure)];
  return [isApart ? aboutHostsApart(facts) : aboutHosts(facts, sure)];
}

const ROLES: readonly Role[] = ["callee", "caller"];

type Sure = typeof likely;

function aboutSilence({ attempt, names }: Facts, silent: readonly Role[]): Advice {
  const isEnd = silent.every((role) => attempt.sides[role].isEnd);
  const said = isEnd ? ", and said that there are none" : "";
  const who = silent.map((role) => names[role]).join(" and ");
  const [browsers, them] = silent.length > 1 ? ["browsers", "them"] : ["browser", "it"];
  return likely(
    `The ${browsers} of ${who} sent no candidate${said}: nobody can reach ${them}.`,
    'With iceTransportPolicy "relay" only TURN counts: its URL or credentials are wrong, or it is not reached. ' +
      "Otherwise ICE is blocked: a VPN, an extension or a policy switches off WebRTC over UDP.",
  );
}

const SET_STUN =
  `Set a STUN server on both sides, ${STUN}. If one is set, it did not answer: check its URL, and ` +
  "that UDP goes out.";

/** How the two get candidates of another type than `host`. */
function setServers({ icePath }: Facts): string {
  return icePath === null
    ? SET_STUN
    : `${turn(icePath)} If both sides do, TURN is not reached, or its secret differs: Try tells.`;
}

function aboutHostsApart(facts: Facts): Advice {
  return likely(
    "Both sides have host candidates only, and come from different addresses: those meet only in one VPN, or " +
      "with public addresses, which browsers mostly hide.",
    setServers(facts),
  );
}

/** Both have host candidates only, and may be in one network. */
function aboutHosts(facts: Facts, sure: Sure): Advice {
  const { sides, sameAddress } = facts.attempt;
  const text = "Both sides have host candidates only: they meet if they are in one network";
  if (sameAddress === null) return sure(`${text}, and nowhere else.`, setServers(facts));
  const isHidden = sides.caller.hidden + sides.callee.hidden > 0;
  const names = isHidden
    ? "The browsers hide their addresses behind names of multicast DNS (<uuid>.local), which the network must let " +
      "through. "
    : "";
  return sure(
    `${text}, and both come from the same address.`,
    `If it failed: ${names}A Wi-Fi can isolate its clients, and a firewall or VPN of a machine can block them. ` +
      `Behind a proxy that trusted_proxies does not name, all come from one address. TURN helps. ${
        turn(facts.icePath)
      }`,
  );
}

/** One has host candidates only, so the other's STUN server does not help. */
function aboutOneHost({ names }: Facts, role: Role, sure: Sure): Advice {
  const name = names[role];
  return sure(
    `${name} has host candidates only, and the other side has more: ${name} was connected before its STUN server ` +
      "answered, or reaches none.",
    `If it failed: give both sides the same iceServers, ${STUN}. If they have the same, UDP does not leave the ` +
      `network of ${name}: only TURN over TCP or TLS helps (turns:…?transport=tcp).`,
  );
}

function aboutRelays({ attempt: { sides }, names, icePath }: Facts, sure: Sure): Advice {
  const bare = ROLES.filter((role) => sides[role].candidates.relay === 0);
  const [role] = bare;
  if (role === undefined) {
    return possible(
      "Both sides have relay candidates: a TURN server gave each of them an address.",
      "If it failed: the relay ports of the TURN server (49152 to 65535 by default, over UDP) must be open, and " +
        "behind a NAT its external-ip must be right.",
    );
  }
  if (bare.length === 1) {
    return sure(
      `${names[role]} has no relay candidate, and the other side has one.`,
      `One relay is mostly enough. If it failed: the TURN URL or credentials of ${
        names[role]
      } are wrong or have ` +
        "ended, or its network blocks the port: try turns:…:443?transport=tcp.",
    );
  }
  if (icePath !== null) {
    return sure(
      `This server hands out TURN (${icePath}), and neither side sent a relay candidate: the page does not pass it, ` +
        "TURN is not reached, its secret differs, or the peers were connected before it answered.",
      `If it failed: ${
        turn(icePath)
      } Where pages do, let Try use that TURN server, and nothing else.`,
    );
  }
  return sure(
    "STUN works on both sides, and neither has a relay candidate: most pairs connect, but not where both are behind " +
      "strict NATs (symmetric), as in mobile networks and companies.",
    "If it failed: a TURN server is needed, or the one that is set gave nothing, so its URL or credentials are " +
      `wrong. ${turn(null)}`,
  );
}
