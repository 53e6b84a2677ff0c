/**
 * Work that is done again and again while somebody looks.
 *
 * @module
 */

/**
 * Runs `work` at once and then `pauseMs` after its end, as long as it is started and the page is visible.
 *
 * @param {() => Promise<void>} work Must not fail.
 * @param {number} pauseMs
 * @param {Pick<EventTarget, "addEventListener"> & { readonly hidden: boolean }} page
 * @returns {{ start(): void, stop(): void }}
 */
export function createPoll(work, pauseMs, page = document) {
  let isStarted = false;
  let isBusy = false;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;

  async function turn() {
    clearTimeout(timer);
    if (isBusy || !isStarted || page.hidden) return;
    isBusy = true;
    await work();
    isBusy = false;
    if (isStarted) timer = setTimeout(turn, pauseMs);
  }

  page.addEventListener("visibilitychange", turn);
  return {
    start() {
      isStarted = true;
      turn();
    },
    stop() {
      isStarted = false;
      clearTimeout(timer);
    },
  };
}
