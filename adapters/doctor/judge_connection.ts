/**
 * Judges the name, the connection and the certificate.
 *
 * @module
 */
import { endsSoon, timeText } from "../lifetime.ts";
import type { Findings, TlsFinding } from "./findings.ts";
import { hostText, isError } from "./findings.ts";
import { fail, type Line, pass, skip } from "./line.ts";

export function judgeConnection(findings: Findings): Line[] {
  const { addresses, tcp, target } = findings;
  const { host, port } = target;
  if ("kind" in addresses) {
    const todo = "correct the name in the URL, or add an A or AAAA record for it";
    return [fail("name", "no-name", `${host} has no address (${addresses.code})`, todo)];
  }
  const name = pass("name", `${host} is ${addresses.slice(0, 4).join(", ")}`);
  if (isError(tcp)) {
    const text = `nothing answers at ${hostText(target)}:${port} (${tcp.code || tcp.message})`;
    const todo = tcp.code === "ECONNREFUSED"
      ? `start the server or the proxy on port ${port}, or correct the port in the URL`
      : `open port ${port} in the firewall, or correct the address of ${host}`;
    return [name, fail("connect", "no-connection", text, todo)];
  }
  return [name, pass("connect", `port ${port} accepts connections`), judgeTls(findings)];
}

function judgeTls({ tls, isH2Only, isOtherScheme, target }: Findings): Line {
  if (isOtherScheme) {
    return tls === null
      ? fail(
        "tls",
        "is-tls",
        `port ${target.port} speaks TLS, and the URL begins with http:`,
        "write https: in the URL, and secure: true in the page",
      )
      : fail(
        "tls",
        "is-plain",
        `port ${target.port} speaks plain HTTP, and the URL begins with https:`,
        "write http: in the URL and secure: false in the page, or give this port a certificate",
      );
  }
  if (tls === null) return skip("tls", "not used: the URL begins with http:");
  if (isError(tls)) {
    if (isH2Only) {
      const text = "TLS offers HTTP/2 only, and a WebSocket begins with HTTP/1.1";
      return fail(
        "tls",
        "h2-only",
        text,
        'let the proxy offer "http/1.1" in its ALPN protocols too',
      );
    }
    const text = `the TLS handshake fails (${tls.code || tls.message})`;
    const todo =
      `if port ${target.port} has no TLS, write http: in the URL and secure: false in the page`;
    return fail("tls", "no-tls", text, todo);
  }
  if (tls.problem !== null) return judgeProblem(tls, tls.problem, target.host);
  const { endsInMs } = tls;
  if (endsInMs !== null && endsSoon(tls)) {
    const text = `the certificate ends in ${timeText(endsInMs)}`;
    return fail("tls", "ends-soon", text, "renew it, and let what serves TLS read it again");
  }
  const left = endsInMs === null ? "" : `, ${timeText(endsInMs)} left`;
  return pass("tls", `the certificate is valid for ${target.host}${left}`);
}

function judgeProblem({ names, issuer, endsInMs }: TlsFinding, code: string, host: string): Line {
  if (endsInMs !== null && endsInMs < 0) {
    const text = `the certificate ended ${timeText(-endsInMs)} ago`;
    return fail("tls", "expired", text, "renew it, and reload what serves TLS");
  }
  switch (code) {
    case "CERT_NOT_YET_VALID":
      return fail(
        "tls",
        "not-yet",
        "the certificate is not valid yet",
        "set the clock of the machine",
      );
    case "ERR_TLS_CERT_ALTNAME_INVALID":
      return fail(
        "tls",
        "wrong-name",
        `the certificate is for ${names.slice(0, 200) || "no name"}, not for ${host}`,
        `use a name of the certificate in the page, or get a certificate for ${host}`,
      );
    case "DEPTH_ZERO_SELF_SIGNED_CERT":
    case "SELF_SIGNED_CERT_IN_CHAIN":
      return fail(
        "tls",
        "self-signed",
        "the certificate is self-signed, and browsers refuse it for WebSockets without asking",
        "use one of an authority (Let's Encrypt); for an authority of your own, give the doctor --ca FILE",
      );
    default:
      return fail(
        "tls",
        "chain",
        `the chain of the certificate is not complete, or its authority (${issuer}) is not known (${code})`,
        "serve the intermediate certificates too (fullchain.pem in place of cert.pem)",
      );
  }
}
