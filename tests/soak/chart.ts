/**
 * Samples over time as a picture: one panel for each group of series, in plain SVG.
 *
 * @module
 */

/** What was measured at one instant. */
export interface Sample {
  /** Seconds since the start. */
  readonly at: number;
  readonly values: Readonly<Record<string, number>>;
}

/** One panel: its title, and the series in it. */
export interface Panel {
  readonly title: string;
  readonly series: readonly string[];
}

const WIDTH = 900;
const HEIGHT = 200;
const LEFT = 70;
const RIGHT = 170;
const TOP = 30;
const BOTTOM = 30;
const COLOURS = [
  "#1f77b4",
  "#d62728",
  "#2ca02c",
  "#9467bd",
  "#ff7f0e",
  "#8c564b",
  "#e377c2",
  "#7f7f7f",
  "#bcbd22",
  "#17becf",
  "#393b79",
  "#ad494a",
] as const;

/** The picture. Every panel begins at zero, so that flat looks flat. */
export function chart(samples: readonly Sample[], panels: readonly Panel[]): string {
  const end = Math.max(1, ...samples.map(({ at }) => at));
  const drawn = panels.map((panel, i) => drawPanel(samples, panel, { top: i * HEIGHT, end }));
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${
    panels.length * HEIGHT
  }" font-family="sans-serif" font-size="11"><rect width="100%" height="100%" fill="white"/>\n${
    drawn.join("\n")
  }\n</svg>\n`;
}

function drawPanel(
  samples: readonly Sample[],
  { title, series }: Panel,
  { top, end }: { readonly top: number; readonly end: number },
): string {
  const highest = Math.max(
    1,
    ...samples.flatMap(({ values }) => series.map((name) => values[name] ?? 0)),
  );
  const x = (at: number): string => (LEFT + at / end * (WIDTH - LEFT - RIGHT)).toFixed(1);
  const y = (value: number): string =>
    (top + HEIGHT - BOTTOM - value / highest * (HEIGHT - TOP - BOTTOM)).toFixed(1);
  const lines = series.map((name, i) => {
    const points = samples.map(({ at, values }) => `${x(at)},${y(values[name] ?? 0)}`).join(" ");
    const colour = COLOURS[i % COLOURS.length] ?? "black";
    const legend = `<text x="${WIDTH - RIGHT + 10}" y="${
      top + TOP + 12 * i
    }" fill="${colour}">${name} ${samples.at(-1)?.values[name] ?? 0}</text>`;
    return `<polyline fill="none" stroke="${colour}" points="${points}"/>${legend}`;
  });
  const label = (value: number): string =>
    `<text x="${LEFT - 6}" y="${y(value)}" text-anchor="end">${value}</text>` +
    `<line x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${y(value)}" y2="${y(value)}" stroke="#ccc"/>`;
  return `<text x="${LEFT}" y="${top + 18}" font-size="13">${title}, 0 to ${
    Math.round(end)
  } s</text>\n${label(0)}${label(Math.ceil(highest))}\n${lines.join("\n")}`;
}
