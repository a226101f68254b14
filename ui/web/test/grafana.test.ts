import { expect, test } from 'vitest';
import { emptyBoard, type Tile } from '../src/visualize/board';
import { grafanaDashboard } from '../src/visualize/grafana';
import { withParameters } from '../src/visualize/parameters';
import { readyBoard } from '../src/visualize/ready';

interface Panel {
  type: string;
  gridPos: { x: number; y: number; w: number; h: number };
  targets: { rawSql: string; queryType: string; format: number }[];
  transformations?: object[];
}

interface Dashboard {
  uid: string;
  time: object;
  refresh: string;
  templating: { list: { type: string; name: string; query?: string }[] };
  panels: Panel[];
}

const exported = (board: Parameters<typeof grafanaDashboard>[0]) => grafanaDashboard(board) as Dashboard;

function tile(some: Partial<Tile>): Tile {
  const place = { x: 0, y: 0, w: 3, h: 4 };
  return { id: 'a', title: 'A', sql: 'SELECT 1', chart: { kind: 'table' }, params: {}, ...place, ...some };
}

const sqlOf = (some: Partial<Tile>, variables: Parameters<typeof exported>[0]['variables'] = []) =>
  exported({ ...emptyBoard('B'), variables, tiles: [tile(some)] }).panels[0]?.targets[0]?.rawSql;

test('parameters are found where they are, and nothing in quotes or comments is taken for one', () => {
  const sql = `SELECT '{a:String}', \`{b:Int8}\` -- {c:Int8}\n/* {d:Int8} */ WHERE t > {e:DateTime64(3, 'UTC')}`;
  expect(withParameters(sql, ({ name, type }) => `<${name} ${type}>`)).toBe(
    `SELECT '{a:String}', \`{b:Int8}\` -- {c:Int8}\n/* {d:Int8} */ WHERE t > <e DateTime64(3, 'UTC')>`,
  );
});

test('the range and the step become macros of the plugin', () => {
  const sql = 'SELECT {from:DateTime64(3)}, {to:DateTime}, {from:Date}, {to:UInt32}, {step:UInt32} FROM t';
  expect(sqlOf({ sql })).toBe(
    'SELECT $__fromTime_ms, $__toTime, toDate($__fromTime), toUnixTimestamp($__toTime), $__interval_s FROM t',
  );
});

const grafanas = (name: string) => `\${${name}:sqlstring}`;

test('variables become those of Grafana, quoted by it; values of a tile stand in its statement', () => {
  const variables = [
    { name: 'country', type: 'String', value: 'DE', choices: { values: ['DE', 'A,B'] } },
    { name: 'least', type: 'Int64', value: '1', choices: { values: [] } },
    {
      name: 'kind',
      type: 'String',
      value: '',
      choices: { sql: 'SELECT kind FROM t WHERE c = {country:String}' },
    },
  ];
  const sql = 'SELECT {country:String}, {least:Int64}, {who:String}, {n:UInt8}, {l:Array(String)}';
  const params = { who: "o'\\x", n: '3', l: "['a']" };
  expect(sqlOf({ sql, params }, variables)).toBe(
    `SELECT ${grafanas('country')}, CAST(${grafanas('least')}, 'Int64'), 'o\\'\\\\x', CAST('3', 'UInt8'), ['a']`,
  );
  const { list } = exported({ ...emptyBoard('B'), variables }).templating;
  expect(list.map(({ type, name, query }) => [type, name, query])).toEqual([
    ['custom', 'country', 'DE,A\\,B'],
    ['textbox', 'least', '1'],
    ['query', 'kind', `SELECT kind FROM t WHERE c = ${grafanas('country')}`],
  ]);
});

test('every kind of tile has a panel that draws it', () => {
  const overTime = 'SELECT toStartOfHour(_timestamp) AS at, count() AS n FROM t GROUP BY at';
  const kinds: [Partial<Tile>, string, string][] = [
    [{ sql: overTime, chart: { kind: 'line', x: 'at', y: ['n'] } }, 'timeseries', 'timeseries'],
    [{ sql: overTime, chart: { kind: 'area', x: 'at', y: ['n'] } }, 'timeseries', 'timeseries'],
    [{ sql: overTime, chart: { kind: 'bar', x: 'at', y: ['n'] } }, 'timeseries', 'timeseries'],
    [{ chart: { kind: 'line', x: 'age', y: ['n'] } }, 'trend', 'table'],
    [{ chart: { kind: 'bar', x: 'country', y: ['n'] } }, 'barchart', 'table'],
    [{ chart: { kind: 'pie', x: 'country', y: ['n'] } }, 'piechart', 'table'],
    [{ chart: { kind: 'number', y: ['n'] } }, 'stat', 'table'],
    [{ chart: { kind: 'heatmap', x: 'a', series: 'b', y: ['n'] } }, 'table', 'table'],
    [{ chart: { kind: 'table' } }, 'table', 'table'],
  ];
  const { panels } = exported({ ...emptyBoard('B'), tiles: kinds.map(([some]) => tile(some)) });
  expect(panels.map(({ type, targets }) => [type, targets[0]?.queryType])).toEqual(
    kinds.map(([, type, format]) => [type, format]),
  );
  expect(panels[7]?.transformations).toEqual([
    { id: 'groupingToMatrix', options: { columnField: 'a', rowField: 'b', valueField: 'n' } },
  ]);
});

test('a ready board is exported whole, in its places, with its time', () => {
  const board = readyBoard('orders', 'events.orders', [
    { name: 'country', type: 'LowCardinality(Nullable(String))', comment: '' },
    { name: 'price', type: 'Nullable(Float64)', comment: '' },
  ] as Parameters<typeof readyBoard>[2]);
  const dashboard = exported(board);
  expect(dashboard.panels).toHaveLength(board.tiles.length);
  for (const [at, { gridPos, targets }] of dashboard.panels.entries()) {
    const { x = 0, y = 0, w = 0, h = 0 } = board.tiles[at] ?? {};
    expect(gridPos).toEqual({ x: 2 * x, y: 2 * y, w: 2 * w, h: 2 * h });
    expect(gridPos.x + gridPos.w).toBeLessThanOrEqual(24);
    expect(targets[0]?.rawSql).not.toMatch(/\{\w+:/);
  }
  expect(dashboard.time).toEqual({ from: 'now-1h', to: 'now' });
  expect(dashboard.uid).toMatch(/^aurora-[0-9a-f]{16}$/);
  expect(dashboard.uid).not.toBe(exported({ ...board, title: 'other' }).uid);
});
