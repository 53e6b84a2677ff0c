/**
 * A run in lines for people.
 *
 * @module
 */
import type { Result } from "./simulate.ts";

/** What a run was, and how long it took on this machine. */
export function report(result: Result, wallMs: number): string {
  const { counts, meetings, letters, events } = result;
  const kinds = Object.entries(counts.events).sort(([a], [b]) => a < b ? -1 : 1)
    .map(([kind, count]) => `${kind} ${count}`).join(", ");
  const { wanted, made, failed, disturbed } = meetings;
  const lines = [
    `simulated    ${(result.virtualMs / 3_600_000).toFixed(2)} h, ${events} events`,
    `events       ${kinds}`,
    `sessions     ${counts.sessions}: ${counts.admitted} admitted, ${counts.takeovers} takeovers, ` +
    `${counts.idTaken} ids taken, ${counts.refusals} refusals, ${counts.timeouts} timeouts`,
    `meetings     ${wanted} wanted: ${made} made, ${failed} failed and told, ${disturbed} disturbed`,
    `messages     ${letters.handed} delivered, ${letters.read} read; ${result.expiries} expiries told`,
    `digest       ${result.digest}`,
    `wall time    ${(wallMs / 1_000).toFixed(1)} s, ${
      Math.round(events / wallMs * 1_000)
    } events/s`,
  ];
  return lines.join("\n");
}

/** What went wrong, and how to see it again; empty where nothing did. */
export function failureReport({ seed, failure }: Result, command: string): string {
  if (failure === null) return "";
  return [`seed ${seed} broke a rule`, ...failure.lines, `Again: ${command}`].join("\n");
}
