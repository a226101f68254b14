/** Which picture suits a result, and which others it could have. Pure; the node's own choice is `chart` of an answer. */
import { type Column, type Nature, nature } from './chart-values';

export const KINDS = ['line', 'area', 'bar', 'pie', 'number', 'heatmap', 'table'] as const;
export type ChartKind = (typeof KINDS)[number];

/** How a result is drawn, as the node gives it with an answer. */
export interface ChartSpec {
  kind: ChartKind;
  /** The column along the x axis, or of the slices. */
  x?: string;
  /** The columns of numbers. */
  y?: string[];
  /** The column that tells several lines or colours apart; of a heat map, the rows. */
  series?: string;
}

/** Slices that a pie can have and still be read. */
const MOST_SLICES = 6;
/** Bars that can stand side by side. */
const MOST_BARS = 60;
/** Cells along one side of a heat map that can be told apart. */
const MOST_CELLS = 60;
/** How far from a whole the shares of a pie may be: they were rounded somewhere. */
const SHARE_TOLERANCE = 0.02;

interface Shape {
  times: string[];
  texts: string[];
  numbers: string[];
  rows: number;
}

function shapeOf(columns: readonly Column[], rows: readonly unknown[][]): Shape {
  const of = (wanted: Nature[]) =>
    columns.filter(({ type }) => wanted.includes(nature(type))).map(({ name }) => name);
  return { times: of(['time', 'date']), texts: of(['text']), numbers: of(['number']), rows: rows.length };
}

const TABLE: ChartSpec = { kind: 'table' };

/** The picture for a result. */
export function autoChart(columns: readonly Column[], rows: readonly unknown[][]): ChartSpec {
  const { times, texts, numbers, rows: count } = shapeOf(columns, rows);
  const kinds = possibleKinds(columns, rows);
  const first = (...wanted: ChartKind[]) => {
    const kind = wanted.find((kind) => kinds.includes(kind));
    return (kind && specFor(kind, columns, rows)) ?? TABLE;
  };
  if (numbers.length === 0 || count === 0) return TABLE;
  if (count === 1) return times.length + texts.length === 0 ? first('number') : TABLE;
  if (times.length > 0) return times.length === 1 && texts.length <= 1 ? first('line') : TABLE;
  if (count > MOST_BARS && texts.length < 2) return texts.length === 0 ? first('line') : TABLE;
  if (texts.length === 2 && numbers.length === 1) return first('heatmap', 'bar');
  if (texts.length > 1) return TABLE;
  return isShares(columns, rows) ? first('pie', 'bar') : first('bar');
}

/** The kinds that a result can have, the table always among them. */
export function possibleKinds(columns: readonly Column[], rows: readonly unknown[][]): ChartKind[] {
  return KINDS.filter((kind) => specFor(kind, columns, rows) !== undefined);
}

/** A kind with the columns that suit it; nothing when the result has none such. */
export function specFor(
  kind: ChartKind,
  columns: readonly Column[],
  rows: readonly unknown[][],
): ChartSpec | undefined {
  if (kind === 'table') return TABLE;
  const { times, texts, numbers, rows: count } = shapeOf(columns, rows);
  if (numbers.length === 0 || count === 0) return undefined;
  if (kind === 'number') return count === 1 ? { kind, y: numbers } : undefined;

  // A number that counts up is an axis as well: hours of the day, ratings.
  const axes = [...times, ...texts];
  const [x, ...more] = axes.length > 0 ? axes : numbers;
  const y = axes.length > 0 ? numbers : numbers.slice(1);
  const number = y[0];
  if (x === undefined || number === undefined) return undefined;
  const [second] = more.filter((name) => !y.includes(name));
  const series = second === undefined ? {} : { series: second };
  switch (kind) {
    case 'line':
    case 'area':
      return count > 1 && !texts.includes(x) ? { kind, x, y, ...series } : undefined;
    case 'bar':
      return { kind, x, y, ...series };
    case 'pie': {
      const slices = texts[0] ?? x;
      const fits = count > 1 && count <= MOST_BARS && noneNegative(columns, rows, number);
      return fits ? { kind, x: slices, y: [number] } : undefined;
    }
    case 'heatmap':
      return second !== undefined && distinct(columns, rows, second) <= MOST_CELLS
        ? { kind, x, y: [number], series: second }
        : undefined;
  }
}

/** A specification whose columns are all there: what it does not say, or says wrongly, is put right. */
export function fitSpec(spec: ChartSpec, columns: readonly Column[], rows: readonly unknown[][]): ChartSpec {
  const suited = specFor(spec.kind, columns, rows);
  // The first row of many can be shown as one number, if somebody wants that.
  const numbers = shapeOf(columns, rows).numbers;
  if (!suited && spec.kind === 'number' && numbers.length > 0 && rows.length > 0) {
    const y = spec.y?.filter((name) => numbers.includes(name)) ?? [];
    return { kind: 'number', y: y.length > 0 ? y : numbers };
  }
  if (!suited || suited.kind === 'table') return TABLE;
  const has = (name: string | undefined): name is string => columns.some((column) => column.name === name);
  const y = (spec.y ?? []).filter((name) => numbers.includes(name));
  const fitted: ChartSpec = { kind: spec.kind, y: y.length > 0 ? y : (suited.y ?? []) };
  if (spec.kind === 'number') return fitted;
  const x = has(spec.x) ? spec.x : suited.x;
  if (x !== undefined) fitted.x = x;
  const wanted = has(spec.series) ? spec.series : spec.x === undefined ? suited.series : undefined;
  const series = spec.kind === 'heatmap' ? (wanted ?? suited.series) : wanted;
  if (series !== undefined && series !== x) fitted.series = series;
  if (x !== undefined && (fitted.y?.length ?? 0) > 1) {
    fitted.y = fitted.y?.filter((name) => name !== x) ?? [];
  }
  return fitted;
}

function values(columns: readonly Column[], rows: readonly unknown[][], name: string): unknown[] {
  const at = columns.findIndex((column) => column.name === name);
  return rows.map((row) => row[at]);
}

function distinct(columns: readonly Column[], rows: readonly unknown[][], name: string): number {
  return new Set(values(columns, rows, name).map(String)).size;
}

function noneNegative(columns: readonly Column[], rows: readonly unknown[][], name: string): boolean {
  return values(columns, rows, name).every((value) => !(Number(value) < 0));
}

/** One text and one number, few rows, and the numbers are named as shares or make one whole. */
function isShares(columns: readonly Column[], rows: readonly unknown[][]): boolean {
  const { texts, numbers, rows: count } = shapeOf(columns, rows);
  const [number, ...others] = numbers;
  if (texts.length !== 1 || number === undefined || others.length > 0 || count > MOST_SLICES) return false;
  if (!noneNegative(columns, rows, number)) return false;
  if (/share|percent|portion|ratio|fraction|%/i.test(number)) return true;
  const sum = values(columns, rows, number).reduce((sum: number, value) => sum + Number(value), 0);
  const near = (whole: number) => Math.abs(sum - whole) <= whole * SHARE_TOLERANCE;
  return near(1) || near(100);
}
