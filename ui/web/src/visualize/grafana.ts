/**
 * A board as a dashboard of Grafana (schema version 39), for its import page, which asks for the data source: one of the
 * plugin `grafana-clickhouse-datasource`. Pure.
 *
 * Statements stay what they are, but for their parameters: the range becomes the plugin's macros, variables become
 * Grafana's, and a tile's own values stand in the statement.
 */
import type { ChartSpec } from '../results/auto-chart';
import type { Board, Tile, Variable } from './board';
import { type Parameter, withParameters } from './parameters';
import type { Range } from './range';

const PLUGIN = 'grafana-clickhouse-datasource';
/** What Grafana puts in the place of a name. */
const reference = (name: string) => `\${${name}}`;
const SOURCE = { type: PLUGIN, uid: reference('DS_AURORA') };
/** Grafana has twice as many columns, and a row of a board is as high as two of its rows. */
const FINER = 2;

/** A ClickHouse literal of a text. */
function literal(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}

const isComposed = (type: string) => /^(?:Array|Tuple|Map)\(/.test(type);

function time(macro: '$__fromTime' | '$__toTime', type: string): string {
  if (/DateTime64/.test(type)) return `${macro}_ms`;
  if (/DateTime/.test(type)) return macro;
  return /Date/.test(type) ? `toDate(${macro})` : `toUnixTimestamp(${macro})`;
}

/** A statement as Grafana takes it. */
function rawSql(sql: string, variables: readonly Variable[], own: Record<string, string>): string {
  return withParameters(sql, ({ name, type }: Parameter) => {
    if (name === 'from') return time('$__fromTime', type);
    if (name === 'to') return time('$__toTime', type);
    if (name === 'step') return '$__interval_s';
    const isVariable = variables.some((variable) => variable.name === name);
    const value = isVariable ? undefined : (own[name] ?? '');
    if (isComposed(type)) return value ?? reference(`${name}:raw`);
    const text = value === undefined ? reference(`${name}:sqlstring`) : literal(value);
    return type === 'String' ? text : `CAST(${text}, ${literal(type)})`;
  });
}

/** Whether a statement's rows follow one another in time, as far as its text tells. */
const isOverTime = ({ sql, chart }: Tile) =>
  /\{\s*step\s*:|\btoStartOf\w+\(|\btoDate\(|\bdate_trunc\(/i.test(sql) ||
  /time|date|^at$/i.test(chart.x ?? '');

interface Drawn {
  type: string;
  format: 'timeseries' | 'table';
  options?: object;
  custom?: object;
  transformations?: object[];
}

function drawn(tile: Tile): Drawn {
  const { chart } = tile;
  const overTime = isOverTime(tile);
  switch (chart.kind) {
    case 'number':
      return {
        type: 'stat',
        format: 'table',
        options: { reduceOptions: { calcs: ['lastNotNull'], fields: '' } },
      };
    case 'pie':
      return { type: 'piechart', format: 'table', options: { reduceOptions: { values: true, calcs: [] } } };
    case 'line':
    case 'area':
      if (!overTime) return { type: 'trend', format: 'table', options: chart.x ? { xField: chart.x } : {} };
      return { type: 'timeseries', format: 'timeseries', custom: series('line', chart) };
    case 'bar':
      if (overTime) return { type: 'timeseries', format: 'timeseries', custom: series('bars', chart) };
      return { type: 'barchart', format: 'table', options: chart.x ? { xField: chart.x } : {} };
    case 'heatmap':
      return { type: 'table', format: 'table', ...matrix(chart) };
    default:
      return { type: 'table', format: 'table' };
  }
}

function series(drawStyle: 'line' | 'bars', { kind, series }: ChartSpec): object {
  const isFilled = kind !== 'line';
  const stacking = { mode: isFilled && series !== undefined ? 'normal' : 'none' };
  return { drawStyle, fillOpacity: isFilled ? 40 : 0, stacking, showPoints: 'never' };
}

/** Grafana's heat map counts by itself; one of values that are counted already is a table with coloured cells. */
function matrix({ x, y, series }: ChartSpec): Pick<Drawn, 'custom' | 'transformations'> {
  const custom = { cellOptions: { type: 'color-background', mode: 'gradient' } };
  const valueField = y?.[0];
  if (x === undefined || series === undefined || valueField === undefined) return { custom };
  const options = { columnField: x, rowField: series, valueField };
  return { custom, transformations: [{ id: 'groupingToMatrix', options }] };
}

function panel(tile: Tile, at: number, variables: readonly Variable[]): object {
  const { type, format, options = {}, custom = {}, transformations } = drawn(tile);
  return {
    id: at + 1,
    type,
    title: tile.title,
    gridPos: { x: tile.x * FINER, y: tile.y * FINER, w: tile.w * FINER, h: tile.h * FINER },
    datasource: SOURCE,
    // As many points as Aurora draws, and no finer than its shortest step.
    maxDataPoints: 120,
    interval: '1s',
    targets: [
      {
        refId: 'A',
        datasource: SOURCE,
        editorType: 'sql',
        queryType: format,
        format: format === 'timeseries' ? 0 : 1,
        rawSql: rawSql(tile.sql, variables, tile.params),
      },
    ],
    options,
    fieldConfig: { defaults: { custom }, overrides: [] },
    ...(transformations ? { transformations } : {}),
  };
}

function variable({ name, value, choices }: Variable, variables: readonly Variable[]): object {
  const current = { text: value, value };
  if ('sql' in choices) {
    const query = rawSql(choices.sql, variables, {});
    return { type: 'query', name, datasource: SOURCE, query, current, refresh: 2 };
  }
  if (choices.values.length === 0) return { type: 'textbox', name, query: value, current };
  // A comma would end a choice.
  const query = choices.values.map((choice) => choice.replaceAll(',', '\\,')).join(',');
  return { type: 'custom', name, query, current };
}

const span = (range: Range) =>
  'last' in range ? { from: `now-${range.last}`, to: 'now' } : { from: range.from, to: range.to };

/** The same name for the same board, so that importing it again replaces it (FNV-1a). */
function uid(title: string): string {
  let hash = 0xcbf29ce484222325n;
  for (const byte of new TextEncoder().encode(title)) {
    hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n);
  }
  return `aurora-${hash.toString(16).padStart(16, '0')}`;
}

export function grafanaDashboard(board: Board): object {
  const { title, range, refresh, variables, tiles } = board;
  return {
    __inputs: [
      {
        name: 'DS_AURORA',
        label: 'Aurora’s ClickHouse',
        type: 'datasource',
        pluginId: PLUGIN,
        pluginName: 'ClickHouse',
      },
    ],
    __requires: [{ type: 'datasource', id: PLUGIN, name: 'ClickHouse', version: '4.0.0' }],
    uid: uid(title),
    title,
    tags: ['aurora'],
    schemaVersion: 39,
    editable: true,
    time: span(range),
    refresh: refresh === 0 ? '' : `${refresh}s`,
    templating: { list: variables.map((one) => variable(one, variables)) },
    panels: tiles.map((tile, at) => panel(tile, at, variables)),
  };
}
