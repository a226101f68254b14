/**
 * A dashboard as it is kept and exported. What is read is somebody else's: it is taken only when every part of it is
 * what it has to be, and nothing in it is too large.
 */
import { type ChartSpec, KINDS } from '../results/auto-chart';
import { COLUMNS, HIGHEST, type Place } from './layout';
import { parseRange, type Range } from './range';

export const BOARD_VERSION = 1;
export const MOST_TILES = 60;
export const MOST_SQL_BYTES = 20_000;
export const MOST_VARIABLES = 12;
const MOST_CHOICES = 200;
const MOST_PARAMS = 50;
const LONGEST_TITLE = 200;
const LONGEST_VALUE = 1_000;

export interface Tile extends Place {
  id: string;
  title: string;
  sql: string;
  chart: ChartSpec;
  /** Values for parameters of its statement that are not the board's. */
  params: Record<string, string>;
}

/** What readers choose above the tiles; statements use it as `{name:type}`. */
export interface Variable {
  name: string;
  type: string;
  value: string;
  /** What there is to choose from; with neither, any text is. */
  choices: { values: string[] } | { sql: string };
}

export interface Board {
  version: typeof BOARD_VERSION;
  title: string;
  range: Range;
  /** Seconds between refreshes; 0 for none. */
  refresh: number;
  variables: Variable[];
  tiles: Tile[];
}

export const REFRESHES = [0, 5, 10, 60] as const;
export const VARIABLE_TYPES = ['String', 'Int64', 'UInt64', 'Float64', 'Date', 'Array(String)'] as const;
/** Parameters that the board gives by itself. */
export const OWN_PARAMETERS = ['from', 'to', 'step'];

export function emptyBoard(title: string): Board {
  const range: Range = { last: '1h' };
  return { version: BOARD_VERSION, title, range, refresh: 0, variables: [], tiles: [] };
}

/** Why something is no board, in words for whoever tries to use it. */
export class BoardError extends Error {}

export function parseBoard(value: unknown): Board {
  const board = object(value, 'The board');
  if (board.version !== BOARD_VERSION) {
    throw new BoardError(
      `It is of version ${JSON.stringify(board.version) ?? 'unknown'}; this page knows version ${BOARD_VERSION}.`,
    );
  }
  only(board, ['version', 'title', 'range', 'refresh', 'variables', 'tiles'], 'The board');
  const range = parseRange(board.range);
  if (!range) throw new BoardError('Its time range is none that this page knows.');
  if (!REFRESHES.some((seconds) => seconds === board.refresh)) {
    throw new BoardError(`It is to be refreshed every ${String(board.refresh)} s, which cannot be chosen.`);
  }
  const variables = list(board.variables, MOST_VARIABLES, 'variables').map(parseVariable);
  const tiles = list(board.tiles, MOST_TILES, 'tiles').map(parseTile);
  unique(
    variables.map(({ name }) => name),
    'variables of the same name',
  );
  unique(
    tiles.map(({ id }) => id),
    'tiles of the same id',
  );
  const title = text(board.title, LONGEST_TITLE, 'Its title');
  return { version: BOARD_VERSION, title, range, refresh: board.refresh as number, variables, tiles };
}

function parseTile(value: unknown, at: number): Tile {
  const what = `Tile ${at + 1}`;
  const tile = object(value, what);
  only(tile, ['id', 'title', 'sql', 'chart', 'params', 'x', 'y', 'w', 'h'], what);
  const sql = statement(tile.sql, what);
  const [x, y, w, h] = [tile.x, tile.y, tile.w, tile.h].map((n) => whole(n, `${what}: its place`)) as [
    number,
    number,
    number,
    number,
  ];
  if (w < 1 || h < 1 || h > HIGHEST || x + w > COLUMNS || y > MOST_TILES * HIGHEST) {
    throw new BoardError(`${what} does not fit the board's ${COLUMNS} columns.`);
  }
  return {
    id: text(tile.id, 64, `${what}: its id`),
    title: text(tile.title, LONGEST_TITLE, `${what}: its title`),
    sql,
    chart: parseChart(tile.chart, what),
    params: parseParams(tile.params, what),
    x,
    y,
    w,
    h,
  };
}

function parseChart(value: unknown, what: string): ChartSpec {
  const chart = object(value, `${what}: its chart`);
  only(chart, ['kind', 'x', 'y', 'series'], `${what}: its chart`);
  const kind = KINDS.find((kind) => kind === chart.kind);
  if (!kind) throw new BoardError(`${what} is a ${JSON.stringify(chart.kind)}, which is no kind of chart.`);
  const column = (value: unknown) => text(value, LONGEST_VALUE, `${what}: a column of its chart`);
  const spec: ChartSpec = { kind };
  if (chart.x !== undefined) spec.x = column(chart.x);
  if (chart.series !== undefined) spec.series = column(chart.series);
  if (chart.y !== undefined) spec.y = list(chart.y, MOST_PARAMS, `${what}: columns of numbers`).map(column);
  return spec;
}

function parseParams(value: unknown, what: string): Record<string, string> {
  const entries = Object.entries(object(value ?? {}, `${what}: its parameters`));
  if (entries.length > MOST_PARAMS) throw new BoardError(`${what} has more than ${MOST_PARAMS} parameters.`);
  return Object.fromEntries(
    entries.map(([name, value]) => [parameterName(name), text(value, LONGEST_VALUE, `${what}: {${name}}`)]),
  );
}

function parseVariable(value: unknown, at: number): Variable {
  const what = `Variable ${at + 1}`;
  const variable = object(value, what);
  only(variable, ['name', 'type', 'value', 'choices'], what);
  const name = parameterName(text(variable.name, 64, `${what}: its name`));
  if (OWN_PARAMETERS.includes(name)) throw new BoardError(`{${name}} is the board's own; name it otherwise.`);
  const type = VARIABLE_TYPES.find((type) => type === variable.type);
  if (!type) throw new BoardError(`{${name}} is of a type that cannot be chosen.`);
  const choices = object(variable.choices, `${what}: its choices`);
  only(choices, ['values', 'sql'], `${what}: its choices`);
  const taken = (value: unknown) => text(value, LONGEST_VALUE, `${what}: a value`);
  return {
    name,
    type,
    value: taken(variable.value),
    choices:
      choices.sql === undefined
        ? { values: list(choices.values, MOST_CHOICES, `${what}: choices`).map(taken) }
        : { sql: statement(choices.sql, what) },
  };
}

/** A name that a statement can use as `{name:Type}`. */
export function parameterName(name: string): string {
  if (/^[A-Za-z_][A-Za-z0-9_]{0,63}$/.test(name)) return name;
  throw new BoardError(`${JSON.stringify(name)} cannot be a parameter's name: letters, digits and _ only.`);
}

/** All statements that opening a board runs, with what they are for. */
export function statements(board: Board): { title: string; sql: string }[] {
  const choices = board.variables.flatMap(({ name, choices }) =>
    'sql' in choices ? [{ title: `Choices of {${name}}`, sql: choices.sql }] : [],
  );
  return [...board.tiles.map(({ title, sql }) => ({ title, sql })), ...choices];
}

function object(value: unknown, what: string): Record<string, unknown> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as never;
  throw new BoardError(`${what} is no JSON object.`);
}

function only(value: Record<string, unknown>, known: string[], what: string): void {
  const unknown = Object.keys(value).find((key) => !known.includes(key));
  if (unknown !== undefined)
    throw new BoardError(`${what} has ${JSON.stringify(unknown.slice(0, 40))}, which is unknown.`);
}

function list(value: unknown, most: number, what: string): unknown[] {
  if (!Array.isArray(value)) throw new BoardError(`There is no list of ${what}.`);
  if (value.length > most) throw new BoardError(`There are ${value.length} ${what}; ${most} are the most.`);
  return value;
}

function text(value: unknown, longest: number, what: string): string {
  if (typeof value !== 'string') throw new BoardError(`${what} is no text.`);
  if (value.length > longest) throw new BoardError(`${what} is longer than ${longest} characters.`);
  return value;
}

function statement(value: unknown, what: string): string {
  const sql = text(value, MOST_SQL_BYTES, `${what}: its statement`);
  if (new TextEncoder().encode(sql).length <= MOST_SQL_BYTES) return sql;
  throw new BoardError(`${what}: its statement is longer than ${MOST_SQL_BYTES} bytes.`);
}

function whole(value: unknown, what: string): number {
  if (typeof value === 'number' && Number.isInteger(value) && value >= 0) return value;
  throw new BoardError(`${what} is no whole number.`);
}

function unique(names: string[], what: string): void {
  if (new Set(names).size < names.length) throw new BoardError(`There are ${what}.`);
}
