import { describe, expect, test } from 'vitest';
import { autoChart, fitSpec, possibleKinds, specFor } from '../src/results/auto-chart';

const columns = (...types: string[]) => types.map((type, at) => ({ name: `c${at}`, type }));
const rows = (count: number, ...cells: unknown[]) => Array.from({ length: count }, () => cells);

describe('the picture suits the types', () => {
  test.each([
    ['one number', ['UInt64'], rows(1, '5'), 'number'],
    ['time and number', ["DateTime64(3, 'UTC')", 'UInt64'], rows(24, '2026-11-26 12:00:00.000', '1'), 'line'],
    [
      'time, name, number',
      ['Date', 'LowCardinality(Nullable(String))', 'Float64'],
      rows(9, '2026-11-26', 'a', 1),
      'line',
    ],
    ['one name and numbers', ['LowCardinality(String)', 'UInt64', 'UInt64'], rows(5, 'a', '3', '4'), 'bar'],
    ['a number that is an axis', ['UInt8', 'UInt64'], rows(24, 1, '7'), 'bar'],
    ['two names and a number', ['String', 'String', 'UInt64'], rows(9, 'a', 'b', '7'), 'heatmap'],
    ['no number', ['String'], rows(5, 'a'), 'table'],
    ['too many bars', ['String', 'UInt64'], rows(5000, 'a', '1'), 'table'],
    ['nothing', [], [], 'table'],
    ['a row with a name', ['String', 'UInt64'], rows(1, 'a', '1'), 'table'],
  ] as const)('%s', (_, types, cells, kind) => {
    expect(autoChart(columns(...types), cells as unknown[][]).kind).toBe(kind);
  });

  test('shares are a pie when they are few and make a whole', () => {
    const shares = [
      ['a', 0.5],
      ['b', 0.3],
      ['c', 0.2],
    ];
    expect(autoChart(columns('String', 'Float64'), shares)).toEqual({ kind: 'pie', x: 'c0', y: ['c1'] });
    const debts = [
      ['a', 1.5],
      ['b', -0.5],
    ];
    expect(autoChart(columns('String', 'Float64'), debts).kind).toBe('bar');
  });
});

test('kinds that cannot be are not offered', () => {
  expect(possibleKinds(columns('String'), rows(3, 'a'))).toEqual(['table']);
  expect(possibleKinds(columns('UInt64'), rows(1, '5'))).toEqual(['number', 'table']);
  expect(possibleKinds(columns('String', 'UInt64'), rows(3, 'a', '5'))).toEqual(['bar', 'pie', 'table']);
  expect(possibleKinds(columns('DateTime', 'UInt64'), rows(3, '2026-11-26 12:00:00', '5'))).toEqual([
    'line',
    'area',
    'bar',
    'pie',
    'table',
  ]);
});

describe('a specification', () => {
  const result = columns('DateTime', 'String', 'UInt64');
  const cells = rows(3, '2026-11-26 12:00:00', 'a', '5');

  test('keeps the columns that are there', () => {
    const spec = { kind: 'line', x: 'c0', y: ['c2'], series: 'c1' } as const;
    expect(fitSpec({ ...spec, y: [...spec.y] }, result, cells)).toEqual(spec);
  });

  test('gets columns for those that are gone', () => {
    expect(fitSpec({ kind: 'bar', x: 'gone', y: ['gone', 'c1'] }, result, cells)).toEqual({
      kind: 'bar',
      x: 'c0',
      y: ['c2'],
    });
  });

  test('is a table when the result has no such picture', () => {
    expect(fitSpec({ kind: 'line' }, columns('String'), rows(2, 'a'))).toEqual({ kind: 'table' });
  });

  test('of one number takes the first row of many', () => {
    expect(fitSpec({ kind: 'number' }, result, cells)).toEqual({ kind: 'number', y: ['c2'] });
  });

  test('of a heat map has rows as well', () => {
    expect(specFor('heatmap', result, cells)).toEqual({ kind: 'heatmap', x: 'c0', y: ['c2'], series: 'c1' });
  });
});
