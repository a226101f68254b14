import { describe, expect, test } from 'vitest';
import * as format from '../src/format/format';

describe('counters', () => {
  test('stay exact beyond what a double holds', () => {
    expect(format.count('18446744073709551615')).toBe('18,446,744,073,709,551,615');
    expect(format.count('not a number')).toBe('not a number');
    expect(format.count(12.6)).toBe('13');
  });

  test('are shortened only from a billion on', () => {
    expect(format.shortCount('999999999')).toBe('999,999,999');
    expect(format.shortCount('1234567890')).toBe('1.235B');
    expect(format.shortCount('?')).toBe('?');
  });

  test('agree with their noun', () => {
    expect(format.plural('1', 'row')).toBe('1 row');
    expect(format.plural(0, 'row')).toBe('0 rows');
    expect(format.plural('1200', 'row')).toBe('1,200 rows');
  });
});

test('rates show a decimal only when small', () => {
  expect([0, 0.25, 9.94, 12.5, 12_480.4].map(format.rate)).toEqual(['0', '0.3', '9.9', '13', '12,480']);
});

test('bytes step over to the next unit before they would round up to 1,000', () => {
  expect([0, 999, 1500, 999_950, '4100000'].map(format.bytes)).toEqual([
    '0 B',
    '999 B',
    '1.5 kB',
    '1.0 MB',
    '4.1 MB',
  ]);
});

test('durations choose their unit', () => {
  const shown = [0.42, 118.4, 999.6, 1234, 59_960, 90_000, 7_200_000].map((ms) =>
    format.duration(ms).join(' '),
  );
  expect(shown).toEqual(['0.4 ms', '118 ms', '1.0 s', '1.2 s', '1.0 min', '1.5 min', '2.0 h']);
});

test('uptime shows its two largest units', () => {
  expect([12, 90, 3700, 90_000].map(format.uptime)).toEqual(['12 s', '1 min', '1 h 1 min', '1 d 1 h']);
});

test('reasons become sentences', () => {
  expect(format.sentence('broker is away')).toBe('Broker is away.');
  expect(format.sentence('Retrying… ')).toBe('Retrying…');
  expect(format.sentence(' ')).toBe('');
});

test('numeric types are seen through their wrappers', () => {
  const numeric = [
    'UInt64',
    'Nullable(Int8)',
    'LowCardinality(Nullable(Float64))',
    'Decimal(10, 2)',
    'BFloat16',
  ];
  expect(numeric.filter(format.isNumericType)).toEqual(numeric);
  const others = ['String', 'Array(UInt8)', 'DateTime64(3)', 'Enum8(1)', 'IntervalDay', 'Nullable(String)'];
  expect(others.filter(format.isNumericType)).toEqual([]);
});

test('cells show nested values as JSON', () => {
  expect([1.5, 'a', true, ['x', null], { a: 1 }].map(format.cellText)).toEqual([
    '1.5',
    'a',
    'true',
    '["x",null]',
    '{"a":1}',
  ]);
});
