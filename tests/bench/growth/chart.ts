/** The growth as a picture: what each event costs in multiples of what it costs in the smallest crowd. */
import {
  type Growth,
  growthAt,
  PROCESS_ROWS,
  REDUCER_ROWS,
  type Row,
  type Series,
  SERVER_ROWS,
  sizesOf,
} from "./figures.ts";
import { write } from "../results.ts";

/** One line of the chart: a point for each size. */
interface Line {
  readonly label: string;
  readonly points: readonly (readonly [x: number, y: number])[];
}

const WIDTH = 640;
const HEIGHT = 320;
const LEFT = 34;
const RIGHT = 150;
const TOP = 30;
const BOTTOM = 30;
/** The multiples at the two ends of the axis, which is logarithmic. */
const LEAST = 0.5;
const MOST = 64;
/** What the goal allows. */
const GOAL = 3;
/** Between the labels of two lines. */
const LABEL_GAP = 12;
/** Told apart also by those who see few colours: the dashes differ too. */
const COLOURS = ["#1f77b4", "#d1495b", "#2e8b57", "#8d5fd3", "#c77700", "#444444", "#0f9aa8"];
const DASHES = ["", "6 3", "2 3"];

/** The chart, an SVG without scripts and fonts. */
export function growthChart({ reducer, server, process }: Growth): string {
  const panels = [
    panel("The rules alone", reducer, REDUCER_ROWS),
    panel("The server without the platform", server, SERVER_ROWS),
    panel("A process with real connections", process, PROCESS_ROWS),
  ];
  const body = panels.map((text, i) => `<g transform="translate(0 ${i * HEIGHT})">\n${text}\n</g>`);
  return `<!-- deno-fmt-ignore-file -->
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${
    panels.length * HEIGHT
  }" font-family="sans-serif" font-size="11">
<rect width="100%" height="100%" fill="#fff"/>
${body.join("\n")}
</svg>
`;
}

function panel(title: string, series: Series, rows: readonly Row[]): string {
  const sizes = sizesOf(series);
  const [base = NaN] = sizes;
  const last = sizes.at(-1) ?? NaN;
  const x = (size: number): number =>
    LEFT + (WIDTH - LEFT - RIGHT) * Math.log(size / base) / Math.log(last / base);
  const lines = rows.flatMap(({ metric, label }): Line[] => {
    const points = sizes.map((size) =>
      [x(size), yOf(growthAt(series, [base, size], metric)[1])] as const
    );
    return label === null || points.some(([, y]) => Number.isNaN(y)) ? [] : [{ label, points }];
  });
  return [
    `<text x="${LEFT}" y="16" font-weight="bold">${title}: multiples of ${
      write(base, 0)
    } clients</text>`,
    ...axes(sizes, x),
    ...drawn(lines),
  ].join("\n");
}

function yOf(multiple: number): number {
  const share = Math.log(Math.min(MOST, Math.max(LEAST, multiple)) / LEAST) /
    Math.log(MOST / LEAST);
  return HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM);
}

function axes(sizes: readonly number[], x: (size: number) => number): string[] {
  const marks: string[] = [];
  for (let multiple = LEAST; multiple <= MOST; multiple *= 2) {
    marks.push(
      rule(yOf(multiple), "#ddd"),
      text(LEFT - 6, yOf(multiple) + 4, `${multiple}`, "end"),
    );
  }
  marks.push(rule(yOf(GOAL), "#c00", "4 4"), text(LEFT - 6, yOf(GOAL) + 4, `${GOAL}`, "end"));
  for (const size of sizes) marks.push(text(x(size), HEIGHT - 10, short(size), "middle"));
  return marks;
}

/** The lines, and their labels beside the last points, pushed apart where they would meet. */
function drawn(lines: readonly Line[]): string[] {
  const sorted = lines.toSorted((a, b) => endOf(b) - endOf(a));
  let lowest = HEIGHT - BOTTOM + LABEL_GAP;
  return sorted.flatMap(({ label, points }, i) => {
    const colour = COLOURS[i % COLOURS.length] ?? "#000";
    const dash = DASHES[Math.floor(i / COLOURS.length) % DASHES.length] ?? "";
    const end = endOf({ label, points });
    const at = lowest = Math.min(end, lowest - LABEL_GAP);
    const path = points.map((point) => point.map((value) => value.toFixed(1)).join()).join(" ");
    const right = WIDTH - RIGHT;
    const stroke = `stroke="${colour}"${dash === "" ? "" : ` stroke-dasharray="${dash}"`}`;
    return [
      `<polyline points="${path} ${right + 18},${
        at.toFixed(1)
      }" fill="none" stroke-width="1.6" ${stroke}/>`,
      text(right + 22, at + 4, label, "start", colour),
    ];
  });
}

function endOf({ points }: Line): number {
  return points.at(-1)?.[1] ?? NaN;
}

function rule(y: number, colour: string, dash = ""): string {
  const dashes = dash === "" ? "" : ` stroke-dasharray="${dash}"`;
  const [from, to, at] = [LEFT, WIDTH - RIGHT, y.toFixed(1)];
  return `<line x1="${from}" x2="${to}" y1="${at}" y2="${at}" stroke="${colour}"${dashes}/>`;
}

function text(x: number, y: number, said: string, anchor: string, colour = "#333"): string {
  return `<text x="${x.toFixed(1)}" y="${
    y.toFixed(1)
  }" text-anchor="${anchor}" fill="${colour}">${said}</text>`;
}

function short(size: number): string {
  return size >= 1e6 ? `${size / 1e6} M` : `${size / 1e3} k`;
}
