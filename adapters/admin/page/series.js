/**
 * Values of the last minutes, one for each sample; `null` where there was none.
 *
 * @typedef {readonly (number | null)[]} Series
 *
 * @module
 */
import { tree } from "./tree.js";

/** Five minutes, a sample a second. */
export const SAMPLES_MAX = 300;

/**
 * @param {Series} series
 * @param {number | null} value
 * @param {number} [max]
 * @returns {Series}
 */
export function withSample(series, value, max = SAMPLES_MAX) {
  return [...series.slice(-(max - 1)), value];
}

/**
 * @param {Series} series
 * @returns {number | null}
 */
export function highest(series) {
  return series.reduce(
    (most, value) => value === null ? most : Math.max(most ?? value, value),
    null,
  );
}

const WIDTH = 200;
const HEIGHT = 36;

/** A short series is not stretched over more room than it would have with so many samples. */
const SAMPLES_MIN = 60;

/**
 * The series as a line, from 0 to its highest value; a gap where a value is missing. The newest is at the right.
 *
 * @param {Series} series
 * @returns {import("./tree.js").Tree}
 */
export function sparkline(series) {
  const top = highest(series) || 1;
  const columns = Math.max(series.length, SAMPLES_MIN);
  const first = columns - series.length;
  let isDown = false;
  const steps = series.map((value, i) => {
    if (value === null) {
      isDown = false;
      return "";
    }
    const x = ((first + i) / (columns - 1) * WIDTH).toFixed(1);
    const y = (HEIGHT - 2 - value / top * (HEIGHT - 4)).toFixed(1);
    const step = `${isDown ? "L" : "M"}${x} ${y}`;
    isDown = true;
    return step;
  });
  return tree(
    "svg",
    {
      class: "sparkline",
      "aria-hidden": "true",
      viewBox: `0 0 ${WIDTH} ${HEIGHT}`,
      preserveAspectRatio: "none",
      xmlns: "http://www.w3.org/2000/svg",
    },
    tree("path", { d: steps.join("") }),
  );
}
