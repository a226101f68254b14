const UNITS = [
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
] as const;
/** From then on a date says more than a number of days. */
const LONG_AGO_MS = 30 * 86_400_000;

const relative = new Intl.RelativeTimeFormat('en', { numeric: 'auto' });

/** How long ago something was, in words. */
export function ago(atMs: number, nowMs: number): string {
  const since = nowMs - atMs;
  if (since > LONG_AGO_MS)
    return `on ${new Date(atMs).toLocaleDateString(undefined, { dateStyle: 'medium' })}`;
  const unit = UNITS.find(([, ms]) => since >= ms);
  return unit ? relative.format(-Math.floor(since / unit[1]), unit[0]) : 'just now';
}
