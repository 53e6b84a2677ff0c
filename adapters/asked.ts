/**
 * A client that asks to come in, as its check sees it.
 *
 * @module
 */

/** What the check of a client needs to know. */
export interface Asked {
  readonly id: string;
  /** The raw token; `null` if it is missing. */
  readonly token: string | null;
  readonly address: string;
  readonly origin: string | null;
  /** The `Cookie` header, if the check reads it. */
  readonly cookie: string | null;
}
