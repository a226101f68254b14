/**
 * Times as they are read: in the reader's own zone, or in UTC for whoever works with logs and colleagues elsewhere. The
 * node speaks UTC; what is shown, typed and drawn goes through here, so that no two places of the page tell two times.
 */
import { useSyncExternalStore } from 'react';

export type Times = 'local' | 'utc';

const KEY = 'aurora.times';
const changed = new EventTarget();
let chosen: Times | undefined;

/** What is chosen; the reader's own zone until somebody chooses. */
export function times(): Times {
  chosen ??= globalThis.localStorage?.getItem(KEY) === 'utc' ? 'utc' : 'local';
  return chosen;
}

export function chooseTimes(choice: Times): void {
  chosen = choice;
  globalThis.localStorage?.setItem(KEY, choice);
  changed.dispatchEvent(new Event('change'));
}

function subscribe(listener: () => void): () => void {
  // Another tab of the same node.
  const onStorage = (event: StorageEvent) => {
    if (event.key !== KEY) return;
    chosen = undefined;
    listener();
  };
  changed.addEventListener('change', listener);
  addEventListener('storage', onStorage);
  return () => {
    changed.removeEventListener('change', listener);
    removeEventListener('storage', onStorage);
  };
}

/**
 * The choice, for what has to be made anew when it changes. The app itself uses it, so that all that is merely drawn is
 * drawn again.
 */
export function useTimes(): Times {
  return useSyncExternalStore(subscribe, times);
}

/** The zone for what formats a time: none is the reader's own. */
export function inZone(choice = times()): { timeZone?: string } {
  return choice === 'utc' ? { timeZone: 'UTC' } : {};
}

/** Whether the reader's own zone is another one than UTC, so that there is something to choose. */
export function hasOwnZone(): boolean {
  return !/^(?:Etc\/)?(?:UTC|UCT|GMT|Greenwich|Zulu|Universal)$/.test(
    new Intl.DateTimeFormat().resolvedOptions().timeZone,
  );
}

/** The short name of the zone at a time, which summer changes: `UTC`, `CET`, `GMT-5`. */
export function zoneName(atMs = Date.now(), zone = inZone()): string {
  const parts = new Intl.DateTimeFormat(undefined, { timeZoneName: 'short', ...zone }).formatToParts(atMs);
  return parts.find(({ type }) => type === 'timeZoneName')?.value ?? '';
}

/** Milliseconds since 1970. Times come in UTC, with a `Z` or, as ClickHouse writes them, without one. */
export function instant(value: unknown): number | null {
  const text = String(value);
  const parts = /^(\d{4}-\d\d-\d\d)(?:[ T](\d\d:\d\d(?::\d\d(?:\.\d+)?)?)(Z|[+-]\d\d:?\d\d)?)?$/.exec(text);
  if (!parts) return null;
  const [, day, time = '00:00:00', zone = 'Z'] = parts;
  const at = Date.parse(`${day}T${time}${zone}`);
  return Number.isNaN(at) ? null : at;
}

/** Year to second, in an order that sorts and that nobody takes for another one. */
function stamp(atMs: number, zone: { timeZone?: string }): string {
  return new Date(atMs).toLocaleString('sv-SE', zone);
}

/** A time of a result, with all digits of its second; what is none stays as it is. */
export function cellTime(value: unknown, zone = inZone()): string {
  const at = instant(value);
  if (at === null) return String(value);
  // No zone's offset has fractions of a second.
  return stamp(at, zone) + (/\.\d+/.exec(String(value))?.[0] ?? '');
}

/** The time of day, with the date when it is not today's. */
export function clock(iso: string, now = new Date(), zone = inZone()): string {
  const at = instant(iso) ?? Date.parse(iso);
  if (Number.isNaN(at)) return iso;
  const [day, time] = stamp(at, zone).split(' ');
  return day === stamp(now.getTime(), zone).split(' ')[0] ? (time ?? '') : `${day} ${time}`;
}

const UNITS = [
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
  ['second', 1_000],
] as const;
const relative = new Intl.RelativeTimeFormat('en', { numeric: 'auto' });

/** How long ago something was, or how long it is until then, in words. */
export function distance(atMs: number, nowMs: number): string {
  const since = nowMs - atMs;
  const unit = UNITS.find(([, ms]) => Math.abs(since) >= ms);
  return unit ? relative.format(-Math.trunc(since / unit[1]), unit[0]) : 'just now';
}

/** All there is to say of a time: when it was in the zone that is chosen, in UTC, and how long ago. */
export function inFull(value: unknown, nowMs = Date.now(), zone = inZone()): string {
  const at = instant(value) ?? Date.parse(String(value));
  if (Number.isNaN(at)) return String(value);
  const here = `${cellTime(value, zone)} ${zoneName(at, zone)}`;
  const utc = zone.timeZone === 'UTC' ? '' : ` · ${cellTime(value, { timeZone: 'UTC' })} UTC`;
  return `${here}${utc} · ${distance(at, nowMs)}`;
}

/** What `<input type="datetime-local">` shows for a time: it knows no zone, so that the chosen one is meant. */
export function typedTime(iso: string, zone = inZone()): string {
  return stamp(Date.parse(iso), zone).slice(0, 16).replace(' ', 'T');
}

/** What was typed there, in ISO 8601; nothing while it is not complete. */
export function fromTyped(typed: string, choice = times()): string | undefined {
  if (!/^\d{4,6}-\d\d-\d\dT\d\d:\d\d/.test(typed)) return undefined;
  const at = new Date(choice === 'utc' ? `${typed}Z` : typed);
  return Number.isNaN(at.getTime()) ? undefined : at.toISOString();
}
