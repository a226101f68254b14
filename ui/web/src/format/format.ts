/** How numbers and cells look, in the reader's own way to write numbers. Pure, so that the tests can pin it down. */

const WHOLE = new Intl.NumberFormat();
const ONE_DECIMAL = new Intl.NumberFormat(undefined, { minimumFractionDigits: 1, maximumFractionDigits: 1 });
const COMPACT = new Intl.NumberFormat(undefined, { notation: 'compact', maximumSignificantDigits: 4 });

/** What stands where a number is not known. */
export const UNKNOWN = '–';

const LONGEST_COUNT_IN_FULL = 1_000_000_000n;

/** A counter, exact: 64-bit integers come as strings and must not pass through a double. */
export function count(value: string | number): string {
  if (typeof value === 'number') return WHOLE.format(Math.round(value));
  return /^-?\d+$/.test(value) ? WHOLE.format(BigInt(value)) : value;
}

/** A counter for a tile of limited width: exact below a billion, then four digits. */
export function shortCount(value: string | number): string {
  const exact = count(value);
  const digits = typeof value === 'number' ? String(Math.round(value)) : value;
  if (!/^-?\d+$/.test(digits)) return exact;
  const whole = BigInt(digits);
  return whole < LONGEST_COUNT_IN_FULL ? exact : COMPACT.format(whole);
}

/** Something a second: a decimal only where it tells anything. */
export function rate(perSecond: number): string {
  return perSecond > 0 && perSecond < 10
    ? ONE_DECIMAL.format(perSecond)
    : WHOLE.format(Math.round(perSecond));
}

/** The label of an axis: `0`, `500`, `2.5K`. */
export function axis(value: number): string {
  return COMPACT.format(value);
}

export function bytes(value: string | number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'];
  let amount = Number(value);
  let unit = 0;
  // 999.95 and not 1000, since that is where rounding would print "1,000.0 kB".
  while (amount >= 999.95 && unit < units.length - 1) {
    amount /= 1000;
    unit += 1;
  }
  return `${unit === 0 ? WHOLE.format(Math.round(amount)) : ONE_DECIMAL.format(amount)} ${units[unit]}`;
}

/** A duration, in number and unit so that the unit can be set smaller. */
export function duration(milliseconds: number): [string, string] {
  if (milliseconds < 10) return [ONE_DECIMAL.format(milliseconds), 'ms'];
  if (milliseconds < 999.5) return [WHOLE.format(Math.round(milliseconds)), 'ms'];
  if (milliseconds < 59_950) return [ONE_DECIMAL.format(milliseconds / 1000), 's'];
  const minutes = milliseconds / 60_000;
  return minutes < 59.95 ? [ONE_DECIMAL.format(minutes), 'min'] : [ONE_DECIMAL.format(minutes / 60), 'h'];
}

export function uptime(seconds: number): string {
  const [days, hours, minutes] = [seconds / 86_400, (seconds / 3600) % 24, (seconds / 60) % 60].map(
    Math.floor,
  );
  if (days) return `${days} d ${hours} h`;
  if (hours) return `${hours} h ${minutes} min`;
  return minutes ? `${minutes} min` : `${Math.floor(seconds)} s`;
}

export function plural(howMany: string | number, one: string, many = `${one}s`): string {
  return `${count(howMany)} ${String(howMany) === '1' ? one : many}`;
}

/** Makes a sentence of a reason that the node gives as a fragment. */
export function sentence(text: string): string {
  const trimmed = text.trim();
  if (trimmed === '') return '';
  return trimmed.charAt(0).toUpperCase() + trimmed.slice(1) + (/[.!?…]$/.test(trimmed) ? '' : '.');
}

/** Whether a ClickHouse type reads best aligned to the right. */
export function isNumericType(type: string): boolean {
  const bare = type.replace(/^(?:(?:Nullable|LowCardinality)\()+/, '');
  return /^(?:U?Int\d+|B?Float\d+|Decimal\d*)\b/.test(bare);
}

/** A result's cell as text. NULL is not text: the table shows it in its own way. */
export function cellText(value: unknown): string {
  return typeof value === 'object' && value !== null ? JSON.stringify(value) : String(value);
}
