/**
 * What the types of candidates say about the way between two peers.
 *
 * A `host` candidate is an address of the peer's own network, `srflx` the address that a STUN server saw, `relay`
 * one of a TURN server. A client stops sending candidates when it is connected, so a type that is missing is no proof.
 *
 * @module
 */
import type { Attempt, Role } from "./attempt.ts";
import { type Advice, type Facts, isHostOnly, silentSides } from "./outcome.ts";

const STUN = 'new Peer(id, { config: { iceServers: [{ urls: "stun:stun.l.google.com:19302" }] } })';
const TURN =
  "Set turn_urls and turn_secret on this server, and pass what <path><key>/ice answers as the config: " +
  "new Peer(id, { config })";

/**
 * What to look at, the most important first.
 *
 * @param hasFailed Whether there is evidence that the connection failed.
 */
export function iceAdvice(facts: Facts, hasFailed: boolean): Advice[] {
  if (facts.attempt.isCut) return [];
  const silent = silentSides(facts);
  if (silent.length > 0) return silent.map((role) => aboutSilence(facts, role));
  const sure = hasFailed ? "likely" : "possible";
  const local = LOCAL_FIRST.filter((role) => isHostOnly(facts.attempt, role));
  const [role] = local;
  if (role === undefined) return aboutRelays(facts, sure);
  return local.length === 2 ? [aboutHosts(facts, sure)] : [aboutOneHost(facts, role, hasFailed)];
}

const LOCAL_FIRST: readonly Role[] = ["callee", "caller"];

function aboutSilence({ attempt, names }: Facts, role: Role): Advice {
  const isEnd = attempt.sides[role].isEnd ? ", and said that there are none" : "";
  return {
    text: `The browser of ${names[role]} sent no candidate at all${isEnd}: nobody can reach it.`,
    todo:
      'Its ICE servers are not reached, or ICE is blocked: with iceTransportPolicy "relay" only TURN counts, so ' +
      "look at its URL and credentials; else look for a VPN, an extension or a policy that switches off WebRTC over UDP.",
    sure: "likely",
  };
}

/** Both have host candidates only. */
function aboutHosts({ attempt }: Facts, sure: "likely" | "possible"): Advice {
  const set =
    `Set a STUN server on both sides, ${STUN}. If one is set, it did not answer: check its URL, and that UDP goes out.`;
  if (attempt.sameAddress === false) {
    return {
      text:
        "Both sides have host candidates only, and come from different addresses: across the internet nobody can be " +
        "reached by those.",
      todo: set,
      sure: "likely",
    };
  }
  if (attempt.sameAddress === null) {
    return {
      text:
        "Both sides have host candidates only: they reach each other in one network, and nowhere else.",
      todo: set,
      sure,
    };
  }
  const hidden = attempt.sides.caller.hidden + attempt.sides.callee.hidden > 0;
  const names = hidden
    ? " Their addresses are hidden behind names of multicast DNS (<uuid>.local), which the network must let through."
    : "";
  return {
    text:
      `Both sides have host candidates only, and come from the same address: they meet if that is one network.${names}`,
    todo:
      "If it failed: a Wi-Fi that isolates its clients, a firewall or VPN on a machine, or a proxy that hides that " +
      `their networks differ (trusted_proxies). A TURN server works around all of them. ${TURN}.`,
    sure,
  };
}

/** One has host candidates only: the other's STUN server does not help it. */
function aboutOneHost({ attempt, names }: Facts, role: Role, hasFailed: boolean): Advice {
  const name = names[role];
  return {
    text:
      `${name} has host candidates only, and the other side has more: ${name} was connected before its STUN server ` +
      "answered, or reaches none.",
    todo:
      `If it failed: give both sides the same iceServers, ${STUN}. If they have the same, UDP does not leave the ` +
      `network of ${name}: only a TURN server over TCP or TLS helps (turns:…?transport=tcp).`,
    sure: hasFailed || attempt.sameAddress === false ? "likely" : "possible",
  };
}

function aboutRelays(
  { attempt, names }: Facts,
  sure: "likely" | "possible",
): Advice[] {
  const relayed = LOCAL_FIRST.filter((role) => hasRelay(attempt, role));
  const bare = LOCAL_FIRST.find((role) => !hasRelay(attempt, role));
  if (bare === undefined) {
    return [{
      text: "Both sides have relay candidates, so a TURN server gave each of them an address.",
      todo:
        "If it failed: the TURN server must be reachable from itself and from both (its relay ports, 49152 to 65535 by " +
        "default, over UDP), and its external-ip must be right behind a NAT.",
      sure: "possible",
    }];
  }
  if (relayed.length === 1) {
    return [{
      text: `TURN gave ${names[bare]} no relay candidate, and the other side has one.`,
      todo:
        `One relay is mostly enough. If it failed: the TURN URL or credentials of ${
          names[bare]
        } are wrong or have ` +
        "ended, or its network blocks the port; try turns:…:443?transport=tcp.",
      sure,
    }];
  }
  return [{
    text:
      "STUN works on both sides, and neither has a relay candidate: most pairs connect, and not those behind two " +
      "symmetric NATs (mobile networks, companies).",
    todo:
      `If it failed, a TURN server is needed, or gathered nothing: check its URL and credentials. ${TURN}.`,
    sure,
  }];
}

function hasRelay({ sides }: Attempt, role: Role): boolean {
  return sides[role].candidates.relay > 0;
}
