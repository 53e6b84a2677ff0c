/**
 * The figures of the view Now, from the metrics of the server. Its counters are totals: a rate is the difference of two
 * samples.
 *
 * @typedef {{ readonly labels: Readonly<Record<string, string>>, readonly value: number }} Value
 * @typedef {Readonly<Record<string, readonly Value[]>>} Metrics
 *
 * @typedef {object} Sample
 * @property {number} at Epoch milliseconds of the server.
 * @property {Metrics} metrics
 *
 * @typedef {object} Figure
 * @property {string} key
 * @property {string} title
 * @property {(now: Sample, before: Sample | null) => number | null} read `null` if it is not known.
 * @property {(value: number) => string} text
 * @property {(now: Sample, before: Sample | null, server: { readonly concurrentLimit: number }) => string} [more]
 *
 * @module
 */
import { bytesText, countText, durationText, numberText } from "./words.js";

/** @type {(labels: Readonly<Record<string, string>>) => boolean} */
const ANY = () => true;

/**
 * The sum of the values of a metric; `null` if the server does not report it.
 *
 * @param {Metrics} metrics
 * @param {string} name
 * @param {(labels: Readonly<Record<string, string>>) => boolean} [fits]
 * @returns {number | null}
 */
export function total(metrics, name, fits = ANY) {
  const values = metrics[name];
  if (values === undefined) return null;
  return values.reduce((sum, { labels, value }) => fits(labels) ? sum + value : sum, 0);
}

/**
 * What a counter rises by in a second; `null` without an earlier sample, and after a restart of the server.
 *
 * @param {Sample} now
 * @param {Sample | null} before
 * @param {string} name
 * @param {(labels: Readonly<Record<string, string>>) => boolean} [fits]
 * @returns {number | null}
 */
export function rate(now, before, name, fits = ANY) {
  if (before === null) return null;
  const [last, first] = [total(now.metrics, name, fits), total(before.metrics, name, fits)];
  const ms = now.at - before.at;
  if (last === null || first === null || ms <= 0 || last < first) return null;
  return (last - first) / ms * 1_000;
}

/**
 * The rates of a counter by one of its labels, those above zero, the highest first, as words.
 *
 * @param {Sample} now
 * @param {Sample | null} before
 * @param {string} name
 * @param {string} label
 * @param {(labels: Readonly<Record<string, string>>) => boolean} [fits]
 * @returns {string}
 */
export function ratesBy(now, before, name, label, fits = ANY) {
  const words = new Set((now.metrics[name] ?? []).map(({ labels }) => labels[label] ?? ""));
  const rates = [...words].map((word) => {
    /** @type {typeof ANY} */
    const isIt = (labels) => fits(labels) && labels[label] === word;
    return { word, value: rate(now, before, name, isIt) ?? 0 };
  });
  return rates.filter(({ value }) => value > 0).sort((a, b) => b.value - a.value)
    .map(({ word, value }) => `${word.replaceAll("_", " ")} ${numberText(value)}`).join(", ");
}

/** @type {typeof ANY} */
const isRefusal = ({ outcome }) => outcome !== "admitted";

/** @type {(value: number) => string} */
const perSecond = (value) => `${numberText(value)}/s`;

/** @type {readonly Figure[]} */
export const FIGURES = [
  {
    key: "clients",
    title: "Clients",
    read: ({ metrics }) => total(metrics, "signalbox_clients"),
    text: numberText,
    more: (_now, _before, { concurrentLimit }) => `of at most ${numberText(concurrentLimit)}`,
  },
  {
    key: "opens",
    title: "Opens",
    read: (now, before) => rate(now, before, "signalbox_opens_total"),
    text: perSecond,
    more: ({ metrics }) => {
      const all = total(metrics, "signalbox_opens_total");
      return all === null ? "" : `${numberText(all)} since the start`;
    },
  },
  {
    key: "messages",
    title: "Messages",
    read: (now, before) => rate(now, before, "signalbox_messages_total"),
    text: perSecond,
    more: (now, before) => ratesBy(now, before, "signalbox_messages_total", "outcome"),
  },
  {
    key: "refused",
    title: "Refused clients",
    read: (now, before) => rate(now, before, "signalbox_opens_total", isRefusal),
    text: perSecond,
    more: (now, before) => ratesBy(now, before, "signalbox_opens_total", "outcome", isRefusal),
  },
  {
    key: "stored",
    title: "Waiting messages",
    read: ({ metrics }) => total(metrics, "signalbox_stored_messages"),
    text: numberText,
    more: ({ metrics }) => bytesText(total(metrics, "signalbox_stored_bytes") ?? 0),
  },
  {
    key: "unsent",
    title: "Unsent",
    read: ({ metrics }) => total(metrics, "signalbox_unsent_bytes"),
    text: bytesText,
    more: () => "to clients that read slowly",
  },
  {
    key: "lag",
    title: "Lag of the loop",
    read: ({ metrics }) => times(total(metrics, "signalbox_loop_lag_seconds"), 1_000),
    text: durationText,
    more: () => "how late the process runs",
  },
  {
    key: "memory",
    title: "Memory",
    read: ({ metrics }) => total(metrics, "process_resident_memory_bytes"),
    text: bytesText,
    more: () => "resident",
  },
];

/** @type {readonly Figure[]} */
export const CLUSTER_FIGURES = [
  {
    key: "nodes",
    title: "Nodes",
    read: ({ metrics }) => total(metrics, "signalbox_cluster_nodes"),
    text: numberText,
    more: ({ metrics }) =>
      countText(total(metrics, "signalbox_cluster_claims") ?? 0, "client in all", "clients in all"),
  },
];

/** @type {(value: number | null, factor: number) => number | null} */
function times(value, factor) {
  return value === null ? null : value * factor;
}
