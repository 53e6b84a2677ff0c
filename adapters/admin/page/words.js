/**
 * Numbers, times and ids as words.
 *
 * @module
 */

/**
 * A text from outside, with what would hide, reorder or break it written out: ids may contain any of that.
 *
 * @param {string} text
 * @returns {string}
 */
export function visible(text) {
  return text.replace(
    /[\p{C}\p{Zl}\p{Zp}]/gu,
    (character) => `\\u{${character.codePointAt(0)?.toString(16)}}`,
  );
}

/**
 * The same for a text of several lines.
 *
 * @param {string} text
 * @returns {string}
 */
export function visibleLines(text) {
  return text.split("\n").map(visible).join("\n");
}

/**
 * The text, or its two ends where it has more than `max` characters.
 *
 * @param {string} text
 * @param {number} max
 * @returns {string}
 */
export function fit(text, max) {
  const characters = [...text];
  if (characters.length <= max) return text;
  const tail = Math.floor((max - 1) / 3);
  const head = Math.max(0, max - 1 - tail);
  return `${characters.slice(0, head).join("")}…${
    characters.slice(characters.length - tail).join("")
  }`;
}

/**
 * @param {number} value
 * @returns {string}
 */
export function numberText(value) {
  if (value < 10) return value.toFixed(1).replace(".0", "");
  return Math.round(value).toLocaleString("en-GB");
}

/**
 * @param {number} bytes
 * @returns {string}
 */
export function bytesText(bytes) {
  if (bytes < 1_000) return `${Math.round(bytes)} B`;
  const power = Math.min(4, Math.floor(Math.log10(bytes) / 3));
  const value = bytes / 1_000 ** power;
  return `${value < 10 ? value.toFixed(1) : Math.round(value)} ${["", "k", "M", "G", "T"][power]}B`;
}

/**
 * A duration, as short as it is exact enough.
 *
 * @param {number} ms
 * @returns {string}
 */
export function durationText(ms) {
  if (ms < 10 && !Number.isInteger(ms)) return `${ms.toFixed(1)} ms`;
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  if (ms < 10_000) return `${(ms / 1_000).toFixed(2)} s`;
  if (ms < 120_000) return `${(ms / 1_000).toFixed(1)} s`;
  const minutes = Math.floor(ms / 60_000);
  if (minutes < 120) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours} h` : `${Math.floor(hours / 24)} days`;
}

/**
 * A duration in whole seconds or more.
 *
 * @param {number} ms
 * @returns {string}
 */
export function spanText(ms) {
  return ms < 120_000 ? `${Math.floor(ms / 1_000)} s` : durationText(ms);
}

/**
 * How long ago an instant was.
 *
 * @param {number} at
 * @param {number} now
 * @returns {string}
 */
export function agoText(at, now) {
  const ms = now - at;
  return ms < 1_000 ? "just now" : `${spanText(ms)} ago`;
}

/**
 * A count with its noun.
 *
 * @param {number} count
 * @param {string} one
 * @param {string} [many]
 * @returns {string}
 */
export function countText(count, one, many = `${one}s`) {
  return `${numberText(count)} ${count === 1 ? one : many}`;
}
