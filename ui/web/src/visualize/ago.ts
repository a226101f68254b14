import { distance, inZone } from '../format/time';

/** From then on a date says more than a number of days. */
const LONG_AGO_MS = 30 * 86_400_000;

/** How long ago something was, in words. */
export function ago(atMs: number, nowMs: number): string {
  if (nowMs - atMs > LONG_AGO_MS)
    return `on ${new Date(atMs).toLocaleDateString(undefined, { dateStyle: 'medium', ...inZone() })}`;
  // The clocks of nodes and readers differ by seconds.
  return nowMs - atMs < 60_000 ? 'just now' : distance(atMs, nowMs);
}
