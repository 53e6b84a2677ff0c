/**
 * Judges an answer that does not come from the server.
 *
 * @module
 */
import type { Findings, Reached } from "./findings.ts";
import { hostText, isError } from "./findings.ts";
import { fail, type Line } from "./line.ts";
import { type Proxy, remedyFor } from "./proxies.ts";

/** Judges an answer that is not the server's. */
export function judgeAnswer(
  check: string,
  findings: Findings,
  reached: Reached,
  proxy: Proxy | null,
): Line {
  const { target } = findings;
  const { path, secure } = target;
  const text = describe(reached);
  if (isError(reached)) {
    return fail(check, "no-answer", text, "look at the log of the server and of the proxy");
  }
  const { status, headers } = reached;
  const location = headers["location"] ?? "";
  if (status >= 300 && status < 400) {
    const isToTls = !secure && /^https:/i.test(location);
    return isToTls
      ? fail(
        check,
        "redirect-tls",
        `${text}, and a WebSocket follows no redirect`,
        `in the page write secure: true, port: 443; here check https://${hostText(target)}${path}`,
      )
      : fail(
        check,
        "redirect",
        `${text}, and a WebSocket follows no redirect`,
        `give the page the place that it leads to, or exempt ${path} from redirects in the proxy`,
      );
  }
  // HAProxy answers 503 also for a path that no rule of it matches.
  const isPartial = findings.opened?.kind === "upgraded";
  if (!isPartial && (status === 502 || status === 503 || status === 504)) {
    const what = `${text}: the proxy does not reach the server`;
    const remedy = remedyFor("no-upstream", proxy, path);
    return fail(check, "no-upstream", what, `start the server if it does not run; ${remedy}`);
  }
  if (status === 401 || status === 403) {
    return fail(check, "refused", text, remedyFor("refused", proxy, path));
  }
  return fail(
    check,
    "not-routed",
    `${text}, which is not from a PeerJS server`,
    remedyFor("not-routed", proxy, path),
  );
}

/** An answer in a few words. */
export function describe(reached: Reached): string {
  if (isError(reached)) return `no answer (${reached.code || reached.message})`;
  const { status, headers } = reached;
  const location = headers["location"];
  if (location !== undefined) return `the answer is ${status}, to ${location.slice(0, 200)}`;
  const type = (headers["content-type"] ?? "").split(";", 1)[0] ?? "";
  const isPage = status === 200 && type.includes("html");
  return `the answer is ${status}${isPage ? " with a web page" : ""}`;
}
