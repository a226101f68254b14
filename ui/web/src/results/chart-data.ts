/** The points of a chart, taken from a result. Pure: nothing here knows how it is drawn. */

import { instant } from '../format/time';
import type { ChartSpec } from './auto-chart';
import { axisNumber, type Column, nameText, nature, numberText, position, timeText } from './chart-values';

/** Lines or colours that can be told apart. */
export const MOST_SERIES = 10;
/** Names along an axis that can be read. */
export const MOST_NAMES = 60;
/** Slices of a pie; the rest is put together in one more. */
const MOST_SLICES = 8;

export interface Point {
  /** A place in time or on a scale; of names, their index. */
  x: number;
  y: number | null;
  /** The number, exactly. */
  text: string;
}

export interface Series {
  name: string;
  points: Point[];
}

export interface ChartData {
  axis: 'time' | 'date' | 'number' | 'names';
  /** What stands along the axis of names. */
  names: string[];
  /** When the names are times, these. */
  instants: number[];
  series: Series[];
  /** Series that were left out, being too many. */
  moreSeries: number;
  /** Names that were left out. */
  moreNames: number;
}

interface Cell {
  x: unknown;
  series: string;
  value: unknown;
}

/** Every number of the result with where it belongs. */
function cellsOf(spec: ChartSpec, columns: readonly Column[], rows: readonly unknown[][]): Cell[] {
  const indexOf = (name: string | undefined) => columns.findIndex((column) => column.name === name);
  const [x, split] = [indexOf(spec.x), indexOf(spec.series)];
  const splitType = columns[split]?.type ?? '';
  const numbers = (spec.y ?? []).map((name) => ({ name, at: indexOf(name) })).filter(({ at }) => at >= 0);
  return rows.flatMap((row) =>
    numbers.map(({ name, at }) => {
      const group = split < 0 ? '' : nameText(row[split], splitType);
      const series = group === '' ? name : numbers.length === 1 ? group : `${group}, ${name}`;
      return { x: row[x], series, value: row[at] };
    }),
  );
}

export function chartData(
  spec: ChartSpec,
  columns: readonly Column[],
  rows: readonly unknown[][],
): ChartData {
  const xType = columns.find(({ name }) => name === spec.x)?.type ?? '';
  const xNature = nature(xType);
  const cells = cellsOf(spec, columns, rows);
  const isScale = spec.kind === 'line' || spec.kind === 'area';
  const isTime = xNature === 'time' || xNature === 'date';
  if (isTime && (isScale || spec.kind === 'bar')) return onScale(cells, xNature, instant, spec);
  if (isScale && xNature === 'number') return onScale(cells, 'number', position, spec);
  return onNames(cells, xType, spec.kind);
}

function group(cells: Cell[]): Map<string, Cell[]> {
  const groups = new Map<string, Cell[]>();
  for (const cell of cells) {
    const group = groups.get(cell.series);
    if (group) group.push(cell);
    else groups.set(cell.series, [cell]);
  }
  return groups;
}

/** The largest series, in the order in which they came. */
function largest(all: Series[], most: number): Series[] {
  if (all.length <= most) return all;
  const weight = ({ points }: Series) => points.reduce((sum, { y }) => sum + Math.abs(y ?? 0), 0);
  const weights = new Map(all.map((series) => [series, weight(series)]));
  const kept = new Set([...all].sort((a, b) => (weights.get(b) ?? 0) - (weights.get(a) ?? 0)).slice(0, most));
  return all.filter((series) => kept.has(series));
}

const byName = new Intl.Collator('en', { numeric: true });

function onScale(
  cells: Cell[],
  axis: 'time' | 'date' | 'number',
  place: (value: unknown) => number | null,
  { kind, series: isSplit }: ChartSpec,
): ChartData {
  const all = [...group(cells)].map(([name, cells]): Series => {
    const points = cells.flatMap(({ x, value }): Point[] => {
      const at = place(x);
      return at === null ? [] : [{ x: at, y: position(value), text: numberText(value) }];
    });
    return { name, points: points.sort((a, b) => a.x - b.x) };
  });
  // Sorted, a series keeps its colour however the rows come, and when the answer is asked anew.
  const inOrder = isSplit !== undefined ? all.sort((a, b) => byName.compare(a.name, b.name)) : all;
  const series = largest(inOrder, MOST_SERIES);
  const stacked = kind === 'area' && series.length > 1 ? aligned(series) : series;
  return {
    axis,
    names: [],
    instants: [],
    series: stacked,
    moreSeries: all.length - series.length,
    moreNames: 0,
  };
}

/** The same places in every series, so that they can be stacked: where one has nothing, it adds nothing. */
function aligned(series: Series[]): Series[] {
  const places = [...new Set(series.flatMap(({ points }) => points.map(({ x }) => x)))].sort((a, b) => a - b);
  return series.map(({ name, points }) => {
    const byPlace = new Map(points.map((point) => [point.x, point]));
    return { name, points: places.map((x) => byPlace.get(x) ?? { x, y: 0, text: numberText(null) }) };
  });
}

function onNames(cells: Cell[], xType: string, kind: ChartSpec['kind']): ChartData {
  const places = new Map<string, { index: number; at: number }>();
  const isTime = ['time', 'date'].includes(nature(xType));
  // A heat map of times reads from left to right, whatever the order of the rows.
  const ordered =
    kind === 'heatmap' && isTime
      ? [...cells].sort((a, b) => (instant(a.x) ?? 0) - (instant(b.x) ?? 0))
      : cells;
  for (const { x } of ordered) {
    const name = nameText(x, xType);
    if (!places.has(name)) places.set(name, { index: places.size, at: (isTime && instant(x)) || 0 });
  }
  const names = [...places.keys()];
  const all = [...group(cells)].map(([name, cells]): Series => {
    const points = cells.map(({ x, value }): Point => {
      const at = places.get(nameText(x, xType))?.index ?? 0;
      return { x: at, y: position(value), text: numberText(value) };
    });
    return { name, points };
  });
  if (kind === 'pie') return slices(names, all);
  const most = kind === 'heatmap' ? MOST_NAMES : MOST_SERIES;
  const mostNames = kind === 'heatmap' ? MOST_NAMES * 4 : MOST_NAMES;
  const series = largest(all, most).map(({ name, points }) => ({
    name,
    points: points.filter(({ x }) => x < mostNames),
  }));
  return {
    axis: 'names',
    names: names.slice(0, mostNames),
    instants: isTime ? [...places.values()].slice(0, mostNames).map(({ at }) => at) : [],
    series,
    moreSeries: all.length - series.length,
    moreNames: Math.max(0, names.length - mostNames),
  };
}

/** The largest slices, and what the others make together. */
function slices(names: string[], all: Series[]): ChartData {
  const points = [...(all[0]?.points ?? [])].sort((a, b) => (b.y ?? 0) - (a.y ?? 0));
  const shown = points.length <= MOST_SLICES + 1 ? points : points.slice(0, MOST_SLICES);
  const rest = points.slice(shown.length);
  const shownNames = shown.map(({ x }) => names[x] ?? '');
  const series = shown.map((point, x) => ({ ...point, x }));
  if (rest.length > 0) {
    const sum = rest.reduce((sum, { y }) => sum + (y ?? 0), 0);
    series.push({ x: series.length, y: sum, text: `about ${axisNumber(sum)}` });
    shownNames.push(`${rest.length} more`);
  }
  return {
    axis: 'names',
    names: shownNames,
    instants: [],
    series: [{ name: all[0]?.name ?? '', points: series }],
    moreSeries: 0,
    moreNames: 0,
  };
}

/** What the chart shows, in words, for those who do not see it. */
export function summary(spec: ChartSpec, data: ChartData): string {
  const { series, axis, names } = data;
  const points = series.flatMap(({ name, points }) => points.map((point) => ({ ...point, name })));
  const drawn = points.filter((point) => point.y !== null);
  const [first] = drawn;
  if (!first) return 'There is nothing to draw.';
  const least = drawn.reduce((a, b) => ((b.y ?? 0) < (a.y ?? 0) ? b : a), first);
  const most = drawn.reduce((a, b) => ((b.y ?? 0) > (a.y ?? 0) ? b : a), first);
  const where = (x: number) =>
    axis === 'names' ? (names[x] ?? '') : axis === 'number' ? numberText(x) : timeText(x, axis);
  const at = (point: (typeof drawn)[number]) =>
    `${point.text} at ${where(point.x)}${series.length > 1 ? ` (${point.name})` : ''}`;
  const kinds = {
    line: 'Line chart',
    area: 'Area chart',
    bar: 'Bar chart',
    pie: 'Pie chart',
    heatmap: 'Heat map',
  };
  const kind = spec.kind in kinds ? kinds[spec.kind as keyof typeof kinds] : 'Chart';
  const named = series.slice(0, MOST_SERIES).map(({ name }) => name);
  const many = series.length > 1 ? `${series.length} series: ${named.join(', ')}` : (series[0]?.name ?? '');
  const range = axis === 'names' ? '' : `, from ${where(extent(drawn)[0])} to ${where(extent(drawn)[1])}`;
  return `${kind} of ${many}; ${drawn.length} values${range}. Highest ${at(most)}, lowest ${at(least)}.`;
}

function extent(points: readonly Point[]): [number, number] {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const { x } of points) {
    low = Math.min(low, x);
    high = Math.max(high, x);
  }
  return [low, high];
}

/** The stretch of the x axis that the points take. */
export function span(data: ChartData): number {
  const [low, high] = extent(data.series.flatMap(({ points }) => points));
  return high >= low ? high - low : 0;
}
