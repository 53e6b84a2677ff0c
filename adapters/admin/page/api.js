/**
 * The API of the admin port, with the token where it asks for one.
 *
 * @typedef {object} Api
 * @property {(path: string) => Promise<unknown>} get
 * @property {(path: string) => Promise<void>} remove
 *
 * @module
 */

/** What the server answered instead; status 0 if it did not answer. */
export class ApiError extends Error {
  /**
   * @param {number} status
   * @param {string} message
   */
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

/**
 * @param {unknown} error
 * @returns {string}
 */
export function messageOf(error) {
  return error instanceof Error ? error.message : String(error);
}

/** Where the token is kept, until the tab is closed. */
const TOKEN = "signalbox admin token";
const ANSWER_MAX_MS = 5_000;

/**
 * @param {object} parts
 * @param {typeof fetch} parts.fetch
 * @param {Pick<Storage, "getItem" | "setItem">} parts.storage
 * @param {(isWrong: boolean) => Promise<string>} parts.askToken Called once at a time.
 * @returns {Api}
 */
export function createApi({ fetch, storage, askToken }) {
  /** @type {Promise<string> | null} */
  let asking = null;

  /** @type {(method: string, path: string) => Promise<Response>} */
  async function send(method, path) {
    const token = storage.getItem(TOKEN);
    /** @type {Record<string, string>} */
    const headers = token === null ? {} : { authorization: `Bearer ${token}` };
    let response;
    try {
      const signal = AbortSignal.timeout(ANSWER_MAX_MS);
      response = await fetch(path, { method, headers, signal, cache: "no-store" });
    } catch {
      throw new ApiError(0, "The server does not answer.");
    }
    if (response.status === 401) {
      // Another request may have got a newer token meanwhile.
      if (storage.getItem(TOKEN) === token) await newToken(token !== null);
      return await send(method, path);
    }
    if (!response.ok) throw new ApiError(response.status, await sentenceIn(response));
    return response;
  }

  /** @type {(isWrong: boolean) => Promise<void>} */
  async function newToken(isWrong) {
    asking ??= askToken(isWrong);
    storage.setItem(TOKEN, await asking);
    asking = null;
  }

  return {
    get: async (path) => await (await send("GET", path)).json(),
    remove: async (path) => {
      await send("DELETE", path);
    },
  };
}

/**
 * @param {Response} response
 * @returns {Promise<string>}
 */
async function sentenceIn(response) {
  try {
    const { error } = await response.json();
    if (typeof error === "string") return error;
  } catch {
    // A proxy answers with what it likes.
  }
  return `The server answered ${response.status}.`;
}
