import { expect, test } from 'vitest';
import { nearest, niceCeiling, type Sample, shape, trimmed, WINDOW_MS } from '../src/format/series';

function everySecond(values: number[]): Sample[] {
  return values.map((value, second) => ({ atMs: second * 1000, value }));
}

test('the window keeps two minutes and the one sample that enters it', () => {
  const samples = trimmed(everySecond(Array(300).fill(1)));
  expect(samples.length).toBe(WINDOW_MS / 1000 + 2);
  expect(samples.at(-1)?.atMs).toBe(299_000);
});

test('the scale is round and never zero', () => {
  expect([0, Number.NaN, 0.3, 1, 1.1, 480, 5000, 5001, 99_000].map(niceCeiling)).toEqual([
    1, 1, 0.5, 1, 2, 500, 5000, 10_000, 100_000,
  ]);
});

test('the newest sample is at the right edge, zero at the bottom', () => {
  const { line, area, ceiling } = shape(everySecond([0, 100]), 120, 50);
  expect(ceiling).toBe(100);
  expect(line).toBe('M119,50L120,0');
  expect(area).toBe('M119,50L119,50L120,0L120,50Z');
});

test('time without samples is a gap, not a slope', () => {
  const samples: Sample[] = [
    { atMs: 0, value: 1 },
    { atMs: 1000, value: 1 },
    { atMs: 31_000, value: 1 },
    { atMs: 32_000, value: 1 },
  ];
  expect(shape(samples, 120, 50).line.match(/M/g)).toHaveLength(2);
});

test('nothing is drawn of nothing', () => {
  expect(shape([], 120, 50)).toEqual({ line: '', area: '', ceiling: 1 });
  expect(nearest([], 0.5)).toBeUndefined();
});

test('pointing finds the nearest sample', () => {
  const samples = everySecond([1, 2, 3]);
  expect(nearest(samples, 1)?.value).toBe(3);
  expect(nearest(samples, 0)?.value).toBe(1);
  expect(nearest(samples, 1 - 1100 / WINDOW_MS)?.value).toBe(2);
});
