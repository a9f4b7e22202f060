import { join, markup, type Html } from '../../html/markup.ts';
import type { Scale } from './scale.ts';
import { dataTable } from './table.ts';

/** One line or cloud of a chart. */
export interface Series {
  /** Those of one name have one line in the legend. */
  readonly name: string;
  /** Which colour and dashes, from 0; the same thing has the same ones in all charts. */
  readonly style: number;
  /** x and y, x ascending; a null breaks the line. */
  readonly points: readonly (readonly [number, number] | null)[];
  readonly kind: 'line' | 'dots' | 'crosses';
  /** Points that say what they are when pointed at. */
  readonly marks?: readonly { readonly x: number; readonly y: number; readonly text: string }[];
}

export interface Chart {
  readonly title: string;
  /** One sentence on how to read it. */
  readonly note?: string;
  readonly x: Axis;
  readonly y: Axis;
  readonly series: readonly Series[];
  /** Upright strips that say what is there when pointed at, from `from` to `to` on the x axis. */
  readonly strips?: readonly { readonly from: number; readonly to: number; readonly text: string }[];
  /** The same in figures, for whoever does not see the plot. */
  readonly table: { readonly head: readonly string[]; readonly rows: readonly (readonly string[])[] };
}

export interface Axis {
  readonly label: string;
  readonly scale: Scale;
  readonly format: (value: number) => string;
}

const WIDTH = 560;
const HEIGHT = 270;
const AREA = { left: 62, top: 12, right: 14, bottom: 42 } as const;
const AREA_WIDTH = WIDTH - AREA.left - AREA.right;
const AREA_HEIGHT = HEIGHT - AREA.top - AREA.bottom;
/** Styles that there are: colours are told apart by colour-blind readers, and each has dashes of its own. */
export const STYLE_COUNT = 8;

/** A chart with its title, its legend and its figures. Only finite values get in. */
export function chartHtml(chart: Chart): Html {
  const { title, note, series, strips = [], table } = chart;
  const drawn = series.filter(({ points }) => points.some((point) => point !== null));
  const names = series.map(({ name }) => name).join(', ');
  return markup`<figure class="chart">
<figcaption><b>${title}</b>${note !== undefined && markup` <span>${note}</span>`}</figcaption>
<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${`${title}: ${names}. The figures are in the table below.`}">
${axes(chart)}
${join(strips.map((strip) => stripHtml(chart, strip)))}
${join(drawn.map((each) => seriesHtml(chart, each)))}
</svg>
${series.length > 1 && legend(series)}
<details class="figures"><summary>Figures</summary>
${dataTable(table.head, table.rows)}
</details>
</figure>
`;
}

const xOf = (chart: Chart, value: number): number => tenth(AREA.left + chart.x.scale.at(value) * AREA_WIDTH);
const yOf = (chart: Chart, value: number): number =>
  tenth(AREA.top + (1 - chart.y.scale.at(value)) * AREA_HEIGHT);

function axes(chart: Chart): Html {
  const { x, y } = chart;
  const bottom = AREA.top + AREA_HEIGHT;
  const right = AREA.left + AREA_WIDTH;
  const rows = y.scale.ticks.map((tick) => {
    const at = yOf(chart, tick);
    return markup`<line class="grid" x1="${AREA.left}" x2="${right}" y1="${at}" y2="${at}"></line><text class="tick end" x="${AREA.left - 6}" y="${at + 4}">${tickText(y.format(tick))}</text>
`;
  });
  const columns = x.scale.ticks.map((tick) => {
    const at = xOf(chart, tick);
    return markup`<line class="grid" x1="${at}" x2="${at}" y1="${AREA.top}" y2="${bottom}"></line><text class="tick middle" x="${at}" y="${bottom + 16}">${tickText(x.format(tick))}</text>
`;
  });
  return markup`${join(rows)}${join(columns)}<text class="tick middle" x="${AREA.left + AREA_WIDTH / 2}" y="${HEIGHT - 6}">${x.label}</text>`;
}

function seriesHtml(chart: Chart, { kind, style, points, marks = [] }: Series): Html {
  const color = `s${style % STYLE_COUNT}`;
  const places = points.flatMap((point) =>
    point === null ? [] : [[xOf(chart, point[0]), yOf(chart, point[1])] as const],
  );
  const shape = {
    line: () => markup`<path class="line ${color}" d="${linePath(chart, points)}"></path>`,
    // One path of dots: a line of no length has round ends. Thousands of elements would be slow.
    dots: () =>
      markup`<path class="dots ${color}" d="${places.map(([x, y]) => `M${x} ${y}h0`).join('')}"></path>`,
    crosses: () =>
      markup`<path class="crosses ${color}" d="${places.map(([x, y]) => `M${tenth(x - 3)} ${tenth(y - 3)}l6 6m0 -6l-6 6`).join('')}"></path>`,
  }[kind]();
  const told = marks.map(
    ({ x, y, text }) =>
      markup`<circle class="mark ${color}" cx="${xOf(chart, x)}" cy="${yOf(chart, y)}" r="3.5"><title>${text}</title></circle>`,
  );
  return markup`${shape}${join(told)}
`;
}

function linePath(chart: Chart, points: Series['points']): string {
  let isBroken = true;
  let path = '';
  for (const point of points) {
    if (point !== null) path += `${isBroken ? 'M' : 'L'}${xOf(chart, point[0])} ${yOf(chart, point[1])}`;
    isBroken = point === null;
  }
  return path;
}

function stripHtml(chart: Chart, { from, to, text }: NonNullable<Chart['strips']>[number]): Html {
  const [left, right] = [xOf(chart, from), xOf(chart, to)];
  return markup`<rect class="strip" x="${left}" y="${AREA.top}" width="${tenth(Math.max(0, right - left))}" height="${AREA_HEIGHT}"><title>${text}</title></rect>
`;
}

function legend(series: readonly Series[]): Html {
  const sample = ({ kind, style }: Series): Html => {
    const color = `s${style % STYLE_COUNT}`;
    if (kind === 'line') return markup`<path class="line ${color}" d="M1 6H29"></path>`;
    if (kind === 'dots') return markup`<path class="dots ${color}" d="M9 6h0M15 6h0M21 6h0"></path>`;
    return markup`<path class="crosses ${color}" d="M12 3l6 6m0 -6l-6 6"></path>`;
  };
  const named = series.filter(({ name }, i) => series.findIndex((other) => other.name === name) === i);
  return markup`<ul class="legend">
${join(named.map((each) => markup`<li><svg viewBox="0 0 30 12" width="30" height="12" aria-hidden="true">${sample(each)}</svg>${each.name}</li>\n`))}</ul>`;
}

/** `2.00 s` is `2 s` at an axis. */
function tickText(text: string): string {
  return text.replace(/(\.\d*?)0+(?!\d)/, '$1').replace(/\.(?!\d)/, '');
}

function tenth(value: number): number {
  return Math.round(value * 10) / 10;
}
