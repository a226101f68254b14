/** What the cells of a result are to a chart: numbers, times and names. Pure. */

import { instant, inZone } from '../format/time';

export interface Column {
  name: string;
  /** A ClickHouse type. */
  type: string;
}

/** What a column is to a chart. A date has no time of day, and so no time zone. */
export type Nature = 'number' | 'time' | 'date' | 'text' | 'other';

/** The type without what only says how it is stored, or that it may be missing. */
export function plainType(type: string): string {
  const wrapped = /^(?:Nullable|LowCardinality)\((.*)\)$/.exec(type.trim());
  if (wrapped?.[1] !== undefined) return plainType(wrapped[1]);
  const aggregate = /^SimpleAggregateFunction\(\w+(?:\([^)]*\))?,\s*(.*)\)$/.exec(type.trim());
  return aggregate?.[1] !== undefined ? plainType(aggregate[1]) : type.trim();
}

export function nature(type: string): Nature {
  const plain = plainType(type);
  if (/^(?:U?Int\d+|B?Float\d+|Decimal\d*)\b/.test(plain)) return 'number';
  if (/^DateTime/.test(plain)) return 'time';
  if (/^Date/.test(plain)) return 'date';
  return /^(?:String|FixedString|Enum|Bool|UUID|IPv[46])/.test(plain) ? 'text' : 'other';
}

/** Where a number is drawn. A double is close enough for that; what is written is the number itself. */
export function position(value: unknown): number | null {
  if (value === null || value === undefined || value === '' || typeof value === 'boolean') return null;
  const number = Number(value);
  return Number.isFinite(number) ? number : null;
}

const ABSENT = 'no value';

const exact = new Intl.NumberFormat(undefined, { maximumFractionDigits: 20 });
const rounded = new Intl.NumberFormat(undefined, { maximumFractionDigits: 2 });
const small = new Intl.NumberFormat(undefined, { maximumSignificantDigits: 4 });
const compact = new Intl.NumberFormat(undefined, { notation: 'compact', maximumSignificantDigits: 3 });

/** A number as it is read. Whole numbers and decimals come as texts and stay exact; doubles are rounded. */
export function numberText(value: unknown): string {
  if (value === null || value === undefined || value === '') return ABSENT;
  if (typeof value === 'number') {
    if (Number.isInteger(value)) return exact.format(value);
    return Math.abs(value) < 1 ? small.format(value) : rounded.format(value);
  }
  const text = String(value);
  return /^-?\d+(?:\.\d+)?$/.test(text) ? exact.format(text as Intl.StringNumericLiteral) : text;
}

/** A number beside an axis. */
export function axisNumber(value: number): string {
  return compact.format(value);
}

const DAY_MS = 86_400_000;

/** A time as it is read, in the zone that is chosen; a date in none. */
export function timeText(at: number, kind: 'time' | 'date'): string {
  if (kind === 'date')
    return new Date(at).toLocaleDateString(undefined, { dateStyle: 'medium', timeZone: 'UTC' });
  const withSeconds = at % 60_000 !== 0;
  return new Date(at).toLocaleString(undefined, {
    dateStyle: 'medium',
    timeStyle: withSeconds ? 'medium' : 'short',
    ...inZone(),
  });
}

/** A time beside an axis that shows `span` milliseconds: as short as that allows. */
export function axisTime(at: number, span: number, kind: 'time' | 'date'): string {
  const date = new Date(at);
  const zone = kind === 'date' ? { timeZone: 'UTC' } : inZone();
  const isMidnight = date.toLocaleTimeString('sv-SE', zone) === '00:00:00';
  if (span > 500 * DAY_MS)
    return date.toLocaleDateString(undefined, { year: 'numeric', month: 'short', ...zone });
  if (kind === 'date' || span > 4 * DAY_MS || (isMidnight && span > DAY_MS / 4)) {
    return date.toLocaleDateString(undefined, { month: 'short', day: 'numeric', ...zone });
  }
  const seconds = span < 5 * 60_000 ? ({ second: '2-digit' } as const) : {};
  return date.toLocaleTimeString(undefined, { hour: '2-digit', minute: '2-digit', ...seconds, ...zone });
}

/** A cell as the name of a bar, a slice or a line. */
export function nameText(value: unknown, type: string): string {
  if (value === null || value === undefined) return ABSENT;
  const kind = nature(type);
  if (kind === 'number') return numberText(value);
  if (kind === 'time' || kind === 'date') {
    const at = instant(value);
    return at === null ? String(value) : timeText(at, kind);
  }
  if (value === '') return '(empty)';
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}
