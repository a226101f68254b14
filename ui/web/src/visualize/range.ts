/** The time that a board shows. Pure. */

export const SPANS = {
  '15m': { title: 'Last 15 minutes', seconds: 900 },
  '1h': { title: 'Last hour', seconds: 3_600 },
  '24h': { title: 'Last 24 hours', seconds: 86_400 },
  '7d': { title: 'Last 7 days', seconds: 604_800 },
  '30d': { title: 'Last 30 days', seconds: 2_592_000 },
} as const;
export type Span = keyof typeof SPANS;

/** A stretch up to now, or from one time to another (ISO 8601, UTC). */
export type Range = { last: Span } | { from: string; to: string };

export interface Stretch {
  fromMs: number;
  toMs: number;
}

function isSpan(value: unknown): value is Span {
  return typeof value === 'string' && Object.hasOwn(SPANS, value);
}

/** A range that came from elsewhere; nothing when it is none. */
export function parseRange(value: unknown): Range | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { last, from, to } = value as Record<string, unknown>;
  if (isSpan(last)) return { last };
  if (typeof from !== 'string' || typeof to !== 'string') return undefined;
  const [fromMs, toMs] = [Date.parse(from), Date.parse(to)];
  if (!(fromMs < toMs)) return undefined;
  return { from: new Date(fromMs).toISOString(), to: new Date(toMs).toISOString() };
}

export function stretch(range: Range, nowMs: number): Stretch {
  if ('last' in range) return { fromMs: nowMs - SPANS[range.last].seconds * 1_000, toMs: nowMs };
  return { fromMs: Date.parse(range.from), toMs: Date.parse(range.to) };
}

/** Points that a line over the whole range should have, more or less. */
const POINTS = 120;
const STEPS_S = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 21_600, 43_200, 86_400];

/** Seconds that one point of a line stands for, so that there are neither too many nor too few: `{step:UInt32}`. */
export function stepSeconds({ fromMs, toMs }: Stretch): number {
  const wanted = (toMs - fromMs) / 1_000 / POINTS;
  return STEPS_S.find((step) => step >= wanted) ?? Math.ceil(wanted / 86_400) * 86_400;
}

const VARIABLE_PREFIX = 'var.';

/** What a link says of range and variables. What it does not say is as the board has it. */
export function readLink(search: URLSearchParams): {
  range: Range | undefined;
  values: Record<string, string>;
} {
  const last = search.get('last');
  const range = parseRange(last === null ? { from: search.get('from'), to: search.get('to') } : { last });
  const values: Record<string, string> = {};
  for (const [key, value] of search) {
    if (key.startsWith(VARIABLE_PREFIX)) values[key.slice(VARIABLE_PREFIX.length)] = value;
  }
  return { range, values };
}

/** Puts range and variables into a link, and leaves alone what else is in it. */
export function writeLink(
  search: URLSearchParams,
  range: Range,
  values: Record<string, string>,
): URLSearchParams {
  const written = new URLSearchParams(search);
  for (const key of [...written.keys()]) {
    if (['last', 'from', 'to'].includes(key) || key.startsWith(VARIABLE_PREFIX)) written.delete(key);
  }
  if ('last' in range) written.set('last', range.last);
  else {
    written.set('from', range.from);
    written.set('to', range.to);
  }
  for (const [name, value] of Object.entries(values)) written.set(`${VARIABLE_PREFIX}${name}`, value);
  return written;
}
