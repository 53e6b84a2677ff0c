/**
 * How much a link may have on its way.
 *
 * @module
 */
import { type Cluster, openCount, type OutLink } from "../cluster/member.ts";

/** What a link may have open; one message is always allowed. */
interface LinkMax {
  readonly numbers: number;
  readonly bytes: number;
}

const FAR: LinkMax = { numbers: 256, bytes: 524_288 };

/** No Redis keeps it, and a thread that is busy takes at once what came in many milliseconds. */
const NEAR: LinkMax = { numbers: 4_096, bytes: 8_388_608 };

/** What the links of a node may have open. */
export function linkMax({ isNear }: Cluster): LinkMax {
  return isNear ? NEAR : FAR;
}

/** Where a link has room for so many bytes, hardly any message waits for it. */
export const ROOMY_BYTES = FAR.bytes / 2;

/** Whether a message of so many bytes must wait for an acknowledgement. */
export function isFull(link: OutLink, more: number, cluster: Cluster): boolean {
  const numbers = openCount(link);
  if (numbers === 0) return false;
  const max = linkMax(cluster);
  return numbers >= max.numbers || link.bytes + more > max.bytes;
}
