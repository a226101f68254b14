/** How the cells of a result look, sort and leave the page. Pure. */
import { cellText, isNumericType } from '../format/format';
import { cellTime } from '../format/time';

export interface ResultColumn {
  name: string;
  type: string;
}

export type Row = unknown[];

const WHOLE = /^-?\d+$/;
const DECIMAL = /^(-?\d+)(\.\d+)?$/;

/** A number with its thousands apart, digit for digit; anything else as it is. */
export function groupedNumber(text: string, locale?: string): string {
  const parts = DECIMAL.exec(text);
  if (!parts?.[1]) return text;
  const whole = new Intl.NumberFormat(locale).format(BigInt(parts[1]));
  const sign = parts[1] === '-0' ? '-' : '';
  const point = new Intl.NumberFormat(locale)
    .formatToParts(1.5)
    .find(({ type }) => type === 'decimal')?.value;
  return `${sign}${whole}${parts[2] ? (point ?? '.') + parts[2].slice(1) : ''}`;
}

/** Compares two cells of a column: numbers by value, however long they are, the rest as text; NULL comes last. */
export function compareCells(type: string): (left: unknown, right: unknown) => number {
  const numeric = isNumericType(type);
  return (left, right) => {
    if (left == null || right == null) return Number(left == null) - Number(right == null);
    const [one, other] = [cellText(left), cellText(right)];
    if (numeric && WHOLE.test(one) && WHOLE.test(other)) {
      const difference = BigInt(one) - BigInt(other);
      return difference < 0n ? -1 : Number(difference > 0n);
    }
    if (numeric) return Number(one) - Number(other);
    return one < other ? -1 : Number(one > other);
  };
}

/** A type without what says only how it is stored, or that it may be missing. */
export function plainType(type: string): string {
  const inner = /^(?:Nullable|LowCardinality)\((.*)\)$/.exec(type)?.[1];
  return inner === undefined ? type : plainType(inner);
}

/** Whether cells of a type are moments, which are read in a zone; dates are not. */
export function isTimeType(type: string): boolean {
  return /^DateTime/.test(plainType(type));
}

/**
 * A type as the head of a column says it. The zone that a time is stored in is not the one that it is shown in: that one
 * is said.
 */
export function shownType(type: string, zone: string): string {
  const plain = plainType(type);
  return isTimeType(type) ? `${plain.replace(/,? *'[^']*'/, '').replace('()', '')} · ${zone}` : plain;
}

/** A cell as the table shows it. */
export function shownText(value: unknown, type: string): string {
  return isTimeType(type) && typeof value === 'string' ? cellTime(value) : cellText(value);
}

/** Rows as tab-separated lines, as spreadsheets take them. */
export function tabSeparated(columns: ResultColumn[], rows: Row[]): string {
  const clean = (text: string) => text.replace(/[\t\r\n]+/g, ' ');
  const lines = rows.map((row) => row.map((cell) => (cell == null ? '' : clean(cellText(cell)))).join('\t'));
  return [columns.map(({ name }) => clean(name)).join('\t'), ...lines].join('\n');
}

/** Widths of columns in `ch`, from their heads and the first rows. */
export function widths(columns: ResultColumn[], rows: Row[]): number[] {
  const [least, most] = [6, 42];
  return columns.map(({ name, type }, at) => {
    const cells = rows.slice(0, 200).map((row) => (row[at] == null ? 4 : cellText(row[at]).length * 1.12));
    return Math.min(
      most,
      Math.max(least, name.length + 3, shownType(type, 'GMT+12').length * 0.8, ...cells) + 3,
    );
  });
}
