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
 * @typedef {{ readonly concurrentLimit: number, readonly node: string | null }} Facts
 *
 * @typedef {object} Figure
 * @property {string} key
 * @property {string} title
 * @property {(now: Sample, before: Sample | null) => number | null} read `null` if it is not known.
 * @property {(value: number) => string} text
 * @property {boolean} [isState] Whether it is a state in words, which has no highest.
 * @property {(now: Sample, before: Sample | null, server: Facts) => string} [more]
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
    .map(({ word, value }) =>
      `${word.replace(/^refused_/, "").replaceAll("_", " ")} ${numberText(value)}`
    ).join(", ");
}

/** @type {typeof ANY} */
const isRefusal = ({ outcome = "" }) => outcome.startsWith("refused");

/** @type {typeof ANY} */
const isAdmission = (labels) => !isRefusal(labels);

/** A message that was stored counts a second time with one of these. @type {typeof ANY} */
const isFirst = ({ outcome }) => outcome !== "delivered_later" && outcome !== "expired";

/** @type {(value: number) => string} */
const perSecond = (value) => `${numberText(value)}/s`;

/** @type {(metrics: Metrics, name: string) => number | null} */
function milliseconds(metrics, name) {
  const seconds = total(metrics, name);
  return seconds === null ? null : seconds * 1_000;
}

/** @type {readonly Figure[]} */
const FIGURES = [
  {
    key: "clients",
    title: "Clients",
    read: ({ metrics }) => total(metrics, "signalbox_clients"),
    text: numberText,
    more: (_now, _before, { concurrentLimit }) => `of at most ${numberText(concurrentLimit)}`,
  },
  {
    key: "opens",
    title: "Opened",
    read: (now, before) => rate(now, before, "signalbox_opens_total", isAdmission),
    text: perSecond,
    more: ({ metrics }) => {
      const all = total(metrics, "signalbox_opens_total", isAdmission);
      return all === null ? "" : `${numberText(all)} since the start`;
    },
  },
  {
    key: "messages",
    title: "Messages",
    read: (now, before) => rate(now, before, "signalbox_messages_total", isFirst),
    text: perSecond,
    more: (now, before) => ratesBy(now, before, "signalbox_messages_total", "outcome"),
  },
  {
    key: "refused",
    title: "Refused",
    read: (now, before) => rate(now, before, "signalbox_opens_total", isRefusal),
    text: perSecond,
    more: (now, before) => {
      const all = total(now.metrics, "signalbox_opens_total", isRefusal);
      const why = ratesBy(now, before, "signalbox_opens_total", "outcome", isRefusal);
      return all === null
        ? ""
        : [why, `${numberText(all)} since the start`].filter(Boolean).join(", ");
    },
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
    read: ({ metrics }) => milliseconds(metrics, "signalbox_event_loop_lag_seconds"),
    text: durationText,
    more: () => "longest of the last 15 to 30 s",
  },
  {
    key: "memory",
    title: "Memory",
    read: ({ metrics }) => total(metrics, "process_resident_memory_bytes"),
    text: bytesText,
    more: () => "resident",
  },
];

/** Of a node of a cluster. @type {readonly Figure[]} */
const CLUSTER_FIGURES = [
  {
    key: "joined",
    title: "This node",
    read: ({ metrics }) => total(metrics, "signalbox_cluster_joined"),
    text: (value) => value === 1 ? "joined" : "cut off",
    isState: true,
    more: (_now, _before, { node }) => node === null ? "no name yet" : `named ${node}`,
  },
  {
    key: "nodes",
    title: "Nodes",
    read: ({ metrics }) => total(metrics, "signalbox_cluster_nodes"),
    text: numberText,
    more: ({ metrics }) =>
      countText(total(metrics, "signalbox_cluster_claims") ?? 0, "client in all", "clients in all"),
  },
  {
    key: "engine",
    title: "Redis answers within",
    read: ({ metrics }) => milliseconds(metrics, "signalbox_cluster_engine_seconds"),
    text: durationText,
    more: ({ metrics }) => {
      const beat = milliseconds(metrics, "signalbox_cluster_last_beat_seconds");
      return beat === null ? "" : `last heard ${durationText(Math.round(beat))} ago`;
    },
  },
  {
    key: "unacknowledged",
    title: "On the way to other nodes",
    read: ({ metrics }) => total(metrics, "signalbox_cluster_unacknowledged_messages"),
    text: numberText,
    more: ({ metrics }) =>
      `${numberText(total(metrics, "signalbox_cluster_bounced_total") ?? 0)} came back so far`,
  },
];

/**
 * The figures that the server has.
 *
 * @param {Metrics} metrics
 * @returns {readonly Figure[]}
 */
export function figuresOf(metrics) {
  return "signalbox_cluster_joined" in metrics ? [...FIGURES, ...CLUSTER_FIGURES] : FIGURES;
}
