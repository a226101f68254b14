import { describe, expect, test } from 'vitest';
import { instant } from '../src/format/time';
import { chartData, MOST_SERIES, summary } from '../src/results/chart-data';
import { nameText, nature, numberText, plainType, position } from '../src/results/chart-values';

describe('cells', () => {
  test('types are seen through what they are wrapped in', () => {
    expect(plainType('LowCardinality(Nullable(String))')).toBe('String');
    expect(plainType('SimpleAggregateFunction(sum, UInt64)')).toBe('UInt64');
    expect(nature("Nullable(DateTime64(3, 'UTC'))")).toBe('time');
    expect(nature('Date32')).toBe('date');
    expect(nature('Nullable(Decimal(18, 2))')).toBe('number');
    expect(nature('Array(UInt8)')).toBe('other');
  });

  test('times are UTC however they are written', () => {
    const noon = Date.UTC(2026, 10, 26, 12);
    expect(instant('2026-11-26 12:00:00')).toBe(noon);
    expect(instant('2026-11-26T12:00:00.000Z')).toBe(noon);
    expect(instant('2026-11-26T13:00:00+01:00')).toBe(noon);
    expect(instant('2026-11-26')).toBe(Date.UTC(2026, 10, 26));
    expect(instant('soon')).toBeNull();
    expect(instant(null)).toBeNull();
  });

  test('numbers are drawn near their place and written exactly', () => {
    expect(numberText('18446744073709551615').replaceAll(/\D/g, '')).toBe('18446744073709551615');
    expect(numberText('0.10000000000000000001')).toContain('10000000000000000001');
    expect(position('inf')).toBeNull();
    expect(position(null)).toBeNull();
    expect(position('12')).toBe(12);
  });

  test('what has no name gets one', () => {
    expect(nameText(null, 'String')).toBe('no value');
    expect(nameText('', 'String')).toBe('(empty)');
  });
});

describe('points', () => {
  const columns = [
    { name: 'at', type: 'DateTime' },
    { name: 'kind', type: 'String' },
    { name: 'n', type: 'UInt64' },
  ];

  test('of several lines are in order of time, with the exact number', () => {
    const rows = [
      ['2026-11-26 12:01:00', 'a', '2'],
      ['2026-11-26 12:00:00', 'a', '18446744073709551615'],
      ['2026-11-26 12:00:00', 'b', null],
    ];
    const data = chartData({ kind: 'line', x: 'at', y: ['n'], series: 'kind' }, columns, rows);
    expect(data.series.map(({ name }) => name)).toEqual(['a', 'b']);
    expect(data.series[0]?.points.map(({ x }) => x)).toEqual([
      Date.UTC(2026, 10, 26, 12, 0),
      Date.UTC(2026, 10, 26, 12, 1),
    ]);
    expect(data.series[0]?.points[0]?.text.replaceAll(/\D/g, '')).toBe('18446744073709551615');
    expect(data.series[1]?.points[0]?.y).toBeNull();
    expect(summary({ kind: 'line' }, data)).toContain('2 series: a, b');
  });

  test('of stacked areas are everywhere in every series', () => {
    const rows = [
      ['2026-11-26 12:00:00', 'a', '2'],
      ['2026-11-26 12:01:00', 'b', '3'],
    ];
    const data = chartData({ kind: 'area', x: 'at', y: ['n'], series: 'kind' }, columns, rows);
    expect(data.series.map(({ points }) => points.map(({ y }) => y))).toEqual([
      [2, 0],
      [0, 3],
    ]);
  });

  test('of many series are those of the largest', () => {
    const rows = Array.from({ length: 14 }, (_, at) => ['2026-11-26 12:00:00', `s${at}`, String(at)]);
    const data = chartData({ kind: 'line', x: 'at', y: ['n'], series: 'kind' }, columns, rows);
    expect(data.series.length).toBe(MOST_SERIES);
    expect(data.series[0]?.name).toBe('s4');
    expect(data.moreSeries).toBe(4);
  });

  test('of a pie with many slices end in what is left', () => {
    const rows = Array.from({ length: 12 }, (_, at) => [null, `s${at}`, String(at)]);
    const data = chartData({ kind: 'pie', x: 'kind', y: ['n'] }, columns, rows);
    expect(data.names.at(-1)).toBe('4 more');
    expect(data.series[0]?.points.at(-1)?.y).toBe(6);
  });

  test('of a heat map are cells', () => {
    const rows = [
      ['2026-11-26 13:00:00', 'a', '2'],
      ['2026-11-26 12:00:00', 'b', '3'],
    ];
    const data = chartData({ kind: 'heatmap', x: 'at', y: ['n'], series: 'kind' }, columns, rows);
    expect(data.series.map(({ name, points }) => [name, points[0]?.x])).toEqual([
      ['a', 1],
      ['b', 0],
    ]);
  });
});

test('nothing to draw is said', () => {
  const data = chartData({ kind: 'bar', x: 'a', y: ['b'] }, [], []);
  expect(summary({ kind: 'bar' }, data)).toBe('There is nothing to draw.');
});
