/**
 * Whose answer it is, of several workers.
 *
 * @module
 */

/** Who answers. */
export interface Whose {
  /** The place of a worker, from 1 on; 0 for a server that is alone. */
  readonly place: number;
  /** The number of its start in this process, from 1 on; 0 for a server that is alone. */
  readonly launch: number;
}

/** A server that is alone in its process. */
export const ALONE: Whose = { place: 0, launch: 0 };
