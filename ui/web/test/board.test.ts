import { describe, expect, test } from 'vitest';
import {
  type Board,
  emptyBoard,
  MOST_SQL_BYTES,
  MOST_TILES,
  parseBoard,
  statements,
} from '../src/visualize/board';
import { usesRange } from '../src/visualize/board-time';
import { parametersOf, valuesFor } from '../src/visualize/parameters';
import { parseRange, readLink, stepSeconds, stretch, writeLink } from '../src/visualize/range';
import { readyBoard } from '../src/visualize/ready';

const tile = {
  id: 't1',
  title: 'Events',
  sql: 'SELECT 1',
  chart: { kind: 'number' },
  params: {},
  x: 0,
  y: 0,
  w: 4,
  h: 4,
};
const board = (change: object = {}) => ({ ...emptyBoard('Shop'), tiles: [tile], ...change });

describe('a board that is read', () => {
  test('comes back as it was written', () => {
    const whole = board({
      range: { from: '2026-11-26T12:00:00.000Z', to: '2026-11-26T13:00:00.000Z' },
      variables: [{ name: 'country', type: 'String', value: 'DE', choices: { values: ['DE', 'FR'] } }],
    });
    expect(parseBoard(JSON.parse(JSON.stringify(whole)))).toEqual(whole);
  });

  test.each([
    ['of another version', { ...board(), version: 2 }],
    ['with a part that is unknown', board({ script: 'x' })],
    ['with a tile that has one', board({ tiles: [{ ...tile, run: true }] })],
    [
      'with too many tiles',
      board({ tiles: Array.from({ length: MOST_TILES + 1 }, (_, at) => ({ ...tile, id: `t${at}` })) }),
    ],
    [
      'with a statement that is too long',
      board({ tiles: [{ ...tile, sql: 'x'.repeat(MOST_SQL_BYTES + 1) }] }),
    ],
    [
      'with a statement of too many bytes',
      board({ tiles: [{ ...tile, sql: '€'.repeat(MOST_SQL_BYTES / 2) }] }),
    ],
    ['with a tile beyond the columns', board({ tiles: [{ ...tile, x: 9 }] })],
    ['with a chart of no kind', board({ tiles: [{ ...tile, chart: { kind: 'script' } }] })],
    ['with two tiles of one id', board({ tiles: [tile, tile] })],
    ['with a range of no kind', board({ range: { last: 'toString' } })],
    [
      'with a variable that hides the range',
      board({ variables: [{ name: 'from', type: 'String', value: '', choices: { values: [] } }] }),
    ],
    [
      'with a type that is none of those to choose',
      board({ variables: [{ name: 'a', type: 'x}{', value: '', choices: { values: [] } }] }),
    ],
    ['that is a list', []],
    ['that is nothing', null],
  ])('is refused %s', (_, value) => {
    expect(() => parseBoard(value)).toThrow();
  });

  test('tells all that it would run', () => {
    const whole = parseBoard(
      board({ variables: [{ name: 'c', type: 'String', value: '', choices: { sql: 'SELECT 2' } }] }),
    );
    expect(statements(whole).map(({ sql }) => sql)).toEqual(['SELECT 1', 'SELECT 2']);
  });
});

describe('parameters', () => {
  test('are found, but not in texts and comments', () => {
    const sql =
      "SELECT {a:String}, '{b:String}', {c:DateTime64(3, 'UTC')} -- {d:Int8}\n/* {e:Int8} */ FROM `{f:Int8}`";
    expect(parametersOf(sql)).toEqual([
      { name: 'a', type: 'String' },
      { name: 'c', type: "DateTime64(3, 'UTC')" },
    ]);
    expect(usesRange('SELECT {from:DateTime}')).toBe(true);
    expect(usesRange('SELECT now()')).toBe(false);
  });

  test('have their values from the board, then from the tile', () => {
    const sql =
      'SELECT {from:DateTime64(3)}, {to:DateTime}, {step:UInt32}, {country:String}, {own:String}, {x:Int8}';
    const { params, missing } = valuesFor(
      sql,
      { fromMs: 1_000_500, toMs: 4_600_500 },
      [{ name: 'country', value: 'DE' }],
      { own: '1', country: 'FR' },
    );
    expect(params).toEqual({ from: '1000.500', to: '4600', step: '30', country: 'DE', own: '1' });
    expect(missing).toEqual(['x']);
  });
});

describe('a range', () => {
  test('reaches up to now or stands still', () => {
    expect(stretch({ last: '1h' }, 7_200_000)).toEqual({ fromMs: 3_600_000, toMs: 7_200_000 });
    const fixed = parseRange({ from: '2026-11-26T12:00:00Z', to: '2026-11-26T13:00:00Z' });
    expect(fixed && stretch(fixed, 0).toMs).toBe(Date.UTC(2026, 10, 26, 13));
    expect(parseRange({ from: '2026-11-26T13:00:00Z', to: '2026-11-26T12:00:00Z' })).toBeUndefined();
  });

  test('is cut into a hundred points or so', () => {
    for (const hours of [0.25, 1, 24, 168, 720]) {
      const points = (hours * 3_600) / stepSeconds({ fromMs: 0, toMs: hours * 3_600_000 });
      expect(points).toBeGreaterThan(25);
      expect(points).toBeLessThanOrEqual(120);
    }
  });

  test('goes into a link and back, with the variables', () => {
    const link = writeLink(
      new URLSearchParams('stream=a&last=7d&var.old=1'),
      { last: '24h' },
      { country: 'DE & FR' },
    );
    expect(link.get('stream')).toBe('a');
    expect(readLink(new URLSearchParams(link.toString()))).toEqual({
      range: { last: '24h' },
      values: { country: 'DE & FR' },
    });
    expect(readLink(new URLSearchParams('last=forever')).range).toBeUndefined();
  });
});

test('every stream has a board that is one', () => {
  const columns = [
    { name: 'kind', type: 'LowCardinality(Nullable(String))', comment: '' },
    { name: 'odd `name', type: 'LowCardinality(String)', comment: '' },
    { name: 'customer.id', type: 'Nullable(Int64)', comment: '' },
    { name: 'price', type: 'Nullable(Float64)', comment: '' },
    { name: '_timestamp', type: "DateTime64(3, 'UTC')", comment: '' },
  ];
  const ready: Board = readyBoard('shop', 'events.shop', columns);
  expect(parseBoard(JSON.parse(JSON.stringify(ready)))).toEqual(ready);
  expect(ready.tiles.map(({ title }) => title)).toEqual([
    'Events',
    'Events a second',
    'Events a second by kind',
    'Top kind',
    'Top odd `name',
    'Average price',
    'Latest events',
  ]);
  expect(ready.tiles[4]?.sql).toContain('`odd \\`name`');
  expect(parseBoard(readyBoard('bare', 'events.bare', [])).tiles.length).toBe(3);
});
