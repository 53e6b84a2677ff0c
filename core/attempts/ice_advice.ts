/**
 * What the types of candidates say about the way between two peers.
 *
 * A `host` candidate is an address of the peer's own network, `srflx` the address that a STUN server saw, `relay`
 * one of a TURN server. A client stops to send candidates when it is connected, so a type that is missing is no proof.
 *
 * @module
 */
import type { Attempt, Role } from "./attempt.ts";
import { type Facts, isHostOnly, silentSides } from "./outcome.ts";
import { type Advice, likely, possible } from "./words.ts";

const STUN = 'new Peer(id, { config: { iceServers: [{ urls: "stun:stun.l.google.com:19302" }] } })';
const TURN =
  "Set turn_urls and turn_secret on this server, and pass what <path><key>/ice answers as " +
  "the config: new Peer(id, { config })";

/**
 * What to look at, the most important first.
 *
 * @param hasFailed Whether there is evidence that the connection failed.
 */
export function aboutIce(facts: Facts, hasFailed: boolean): Advice[] {
  const { attempt } = facts;
  if (attempt.isCut) return [];
  const silent = silentSides(attempt);
  if (silent.length > 0) return silent.map((role) => aboutSilence(facts, role));
  const local = ROLES.filter((role) => isHostOnly(attempt, role));
  const [role] = local;
  const sure = hasFailed ? likely : possible;
  const isApart = attempt.sameAddress === false;
  if (role === undefined) return [aboutRelays(facts, sure)];
  if (local.length === 1) return [aboutOneHost(facts, role, isApart ? likely : sure)];
  return [isApart ? HOSTS_APART : aboutHosts(attempt, sure)];
}

const ROLES: readonly Role[] = ["callee", "caller"];

type Sure = typeof likely;

function aboutSilence({ attempt, names }: Facts, role: Role): Advice {
  const isEnd = attempt.sides[role].isEnd ? ", and said that there are none" : "";
  return likely(
    `The browser of ${names[role]} sent no candidate${isEnd}: nobody can reach it.`,
    'With iceTransportPolicy "relay" only TURN counts: its URL or credentials are wrong, or it is not reached. ' +
      "Otherwise ICE is blocked: a VPN, an extension or a policy switches off WebRTC over UDP.",
  );
}

const SET_STUN =
  `Set a STUN server on both sides, ${STUN}. If one is set, it did not answer: check its URL, and ` +
  "that UDP goes out.";

const HOSTS_APART = likely(
  "Both sides have host candidates only, and come from different addresses: those meet only in one VPN, or " +
    "with public addresses, which browsers mostly hide.",
  SET_STUN,
);

/** Both have host candidates only, and may be in one network. */
function aboutHosts({ sides, sameAddress }: Attempt, sure: Sure): Advice {
  const text = "Both sides have host candidates only: they meet if they are in one network";
  if (sameAddress === null) return sure(`${text}, and nowhere else.`, SET_STUN);
  const isHidden = sides.caller.hidden + sides.callee.hidden > 0;
  const names = isHidden
    ? "The browsers hide their addresses behind names of multicast DNS (<uuid>.local), which the network must let " +
      "through. "
    : "";
  return sure(
    `${text}, and both come from the same address.`,
    `If it failed: ${names}A Wi-Fi can isolate its clients, and a firewall or VPN of a machine can block them. ` +
      `Behind a proxy that trusted_proxies does not name, all come from one address. TURN helps. ${TURN}.`,
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

function aboutRelays({ attempt: { sides }, names }: Facts, sure: Sure): Advice {
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
  return sure(
    "STUN works on both sides, and neither has a relay candidate: most pairs connect, but not where both are behind " +
      "strict NATs (symmetric), as in mobile networks and companies.",
    "If it failed: a TURN server is needed, or the one that is set gave nothing, so its URL or credentials are " +
      `wrong. ${TURN}.`,
  );
}
