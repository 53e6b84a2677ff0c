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
 * @returns {{ start(): void, stop(): void, now(): void }}
 */
export function createPoll(work, pauseMs) {
  let isStarted = false;
  let isBusy = false;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;

  async function turn() {
    clearTimeout(timer);
    if (isBusy || !isStarted || document.hidden) return;
    isBusy = true;
    await work();
    isBusy = false;
    timer = setTimeout(turn, pauseMs);
  }

  document.addEventListener("visibilitychange", turn);
  return {
    start() {
      isStarted = true;
      turn();
    },
    stop() {
      isStarted = false;
      clearTimeout(timer);
    },
    now() {
      turn();
    },
  };
}
