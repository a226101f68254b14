import { describe, expect, test } from 'vitest';
import {
  cellTime,
  clock,
  distance,
  fromTyped,
  inFull,
  inZone,
  typedTime,
  zoneName,
} from '../src/format/time';

const NEW_YORK = { timeZone: 'America/New_York' };
const KATHMANDU = { timeZone: 'Asia/Kathmandu' };
const UTC = inZone('utc');

describe('a time of a result', () => {
  test('keeps all digits of its second in whatever zone', () => {
    expect(cellTime('2026-01-15 12:00:00.123456789', NEW_YORK)).toBe('2026-01-15 07:00:00.123456789');
    expect(cellTime('2026-07-15T12:00:00Z', NEW_YORK)).toBe('2026-07-15 08:00:00');
    expect(cellTime('2026-01-15 12:00:00', KATHMANDU)).toBe('2026-01-15 17:45:00');
    expect(cellTime('2026-01-15 12:00:00.5', UTC)).toBe('2026-01-15 12:00:00.5');
  });
  test('that is none stays as it is', () => {
    expect(cellTime('soon', NEW_YORK)).toBe('soon');
    expect(cellTime(null, NEW_YORK)).toBe('null');
  });
  test('is told in both zones and by its distance on a closer look', () => {
    const told = inFull('2026-01-15 12:00:00.5', Date.UTC(2026, 0, 15, 14), NEW_YORK);
    expect(told).toContain('2026-01-15 07:00:00.5');
    expect(told).toContain('2026-01-15 12:00:00.5 UTC');
    expect(told).toContain('1 hour ago');
    const inUtc = inFull('2026-01-15 12:00:00', Date.UTC(2026, 0, 15, 12), UTC);
    expect(inUtc).toBe('2026-01-15 12:00:00 UTC · just now');
  });
});

test('the clock leaves out today, which is another day elsewhere', () => {
  const now = new Date('2026-11-22T03:00:00Z');
  expect(clock('2026-11-22T02:03:21.5Z', now, UTC)).toBe('02:03:21');
  expect(clock('2026-11-21T17:03:21Z', now, UTC)).toBe('2026-11-21 17:03:21');
  expect(clock('2026-11-21T17:03:21Z', now, NEW_YORK)).toBe('12:03:21');
  expect(clock('2026-11-21 17:03:21', now, UTC)).toBe('2026-11-21 17:03:21');
  expect(clock('soon', now, UTC)).toBe('soon');
});

test('what is typed is meant in the zone that is chosen, and comes back as it was', () => {
  expect(fromTyped('2026-01-15T12:30', 'utc')).toBe('2026-01-15T12:30:00.000Z');
  expect(typedTime('2026-01-15T12:30:00.000Z', UTC)).toBe('2026-01-15T12:30');
  expect(typedTime('2026-01-15T12:30:00.000Z', NEW_YORK)).toBe('2026-01-15T07:30');
  const local = fromTyped('2026-01-15T12:30', 'local');
  expect(local && typedTime(local, inZone('local'))).toBe('2026-01-15T12:30');
  for (const incomplete of ['', '2026', '2026-01-15', '2026-13-45T99:99'])
    expect(fromTyped(incomplete, 'utc'), incomplete).toBeUndefined();
});

test('distances go both ways, in the largest unit that there is one of', () => {
  const now = Date.UTC(2026, 0, 15);
  expect(distance(now - 90_000, now)).toBe('1 minute ago');
  expect(distance(now + 2 * 86_400_000, now)).toBe('in 2 days');
  expect(distance(now - 400, now)).toBe('just now');
});

test('a zone is called as it is at that time of the year', () => {
  expect(zoneName(Date.UTC(2026, 0, 1), UTC)).toBe('UTC');
  expect(zoneName(Date.UTC(2026, 0, 1), NEW_YORK)).not.toBe(zoneName(Date.UTC(2026, 6, 1), NEW_YORK));
});
