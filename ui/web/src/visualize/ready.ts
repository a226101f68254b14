/** The dashboard that every stream has without anybody having made one, from its table's columns. Pure. */

import type { Column } from '../api/client';
import { quoted } from '../format/sql';
import { nature } from '../results/chart-values';
import { type Board, emptyBoard, type Tile } from './board';

/** Breakdowns by one column, the most. */
const MOST_BREAKDOWNS = 6;
const MOST_AVERAGES = 4;
const MOST_TABLE_COLUMNS = 10;

const isOwn = ({ name }: Column) => name.startsWith('_');
const isFewValued = (column: Column) =>
  !isOwn(column) && /^LowCardinality\(|\bBool\b|^Enum/.test(column.type);
/** Numbers that name something say nothing when they are averaged. */
const isMeasure = (column: Column) =>
  !isOwn(column) &&
  nature(column.type) === 'number' &&
  !/(?:^|[._])id$|_id$|(?:^|[._])(?:key|code|zip)$/i.test(column.name);

export function readyBoard(title: string, table: string, columns: readonly Column[]): Board {
  const during = `FROM ${table}\nWHERE _timestamp >= {from:DateTime64(3)} AND _timestamp < {to:DateTime64(3)}`;
  // Whole buckets only: a line that ends in a part of one would always seem to fall or jump at its end.
  const whole = (time: string) =>
    `toStartOfInterval({${time}:DateTime64(3)}, toIntervalSecond({step:UInt32}))`;
  const inBuckets = `FROM ${table}\nWHERE _timestamp >= ${whole('from')} AND _timestamp < ${whole('to')}`;
  const bucket = 'toStartOfInterval(_timestamp, toIntervalSecond({step:UInt32})) AS at';
  const perSecond = 'count() / {step:UInt32} AS events_per_s';
  const few = columns.filter(isFewValued).slice(0, MOST_BREAKDOWNS);
  const measures = columns.filter(isMeasure).slice(0, MOST_AVERAGES);
  const [main] = few;
  const tiles: Omit<Tile, 'id' | 'params'>[] = [
    {
      title: 'Events',
      sql: `SELECT count() AS events\n${during}`,
      chart: { kind: 'number', y: ['events'] },
      ...{ x: 0, y: 0, w: 3, h: 4 },
    },
    {
      title: 'Events a second',
      sql: `SELECT ${bucket}, ${perSecond}\n${inBuckets}\nGROUP BY at\nORDER BY at`,
      chart: { kind: 'line', x: 'at', y: ['events_per_s'] },
      ...{ x: 3, y: 0, w: 9, h: 4 },
    },
  ];
  let y = 4;
  if (main) {
    const name = quoted(main.name);
    tiles.push({
      title: `Events a second by ${main.name}`,
      sql: `SELECT ${bucket}, ${name}, ${perSecond}\n${inBuckets}\nGROUP BY at, ${name}\nORDER BY at`,
      chart: { kind: 'area', x: 'at', y: ['events_per_s'], series: main.name },
      ...{ x: 0, y, w: 12, h: 5 },
    });
    y += 5;
  }
  for (const [at, { name }] of few.entries()) {
    const alias = quoted(name);
    tiles.push({
      title: `Top ${name}`,
      sql: `SELECT ${alias}, count() AS events\n${during} AND isNotNull(${alias})\nGROUP BY ${alias}\nORDER BY events DESC\nLIMIT 8`,
      chart: { kind: 'bar', x: name, y: ['events'] },
      ...{ x: (at % 3) * 4, y: y + Math.floor(at / 3) * 4, w: 4, h: 4 },
    });
  }
  y += Math.ceil(few.length / 3) * 4;
  for (const [at, { name }] of measures.entries()) {
    tiles.push({
      title: `Average ${name}`,
      sql: `SELECT ${bucket}, avg(${quoted(name)}) AS average\n${inBuckets}\nGROUP BY at\nORDER BY at`,
      chart: { kind: 'line', x: 'at', y: ['average'] },
      ...{ x: (at % 2) * 6, y: y + Math.floor(at / 2) * 4, w: 6, h: 4 },
    });
  }
  y += Math.ceil(measures.length / 2) * 4;
  tiles.push(latest(columns, during, y));
  return {
    ...emptyBoard(title),
    tiles: tiles.map((tile, at) => ({ ...tile, id: `ready-${at + 1}`, params: {} })),
  };
}

function latest(columns: readonly Column[], during: string, y: number): Omit<Tile, 'id' | 'params'> {
  const shown = columns.filter((column) => !isOwn(column)).slice(0, MOST_TABLE_COLUMNS);
  const names = ['_timestamp', ...shown.map(({ name }) => quoted(name))].join(', ');
  return {
    title: 'Latest events',
    sql: `SELECT ${names}\n${during}\nORDER BY _timestamp DESC\nLIMIT 50`,
    chart: { kind: 'table' },
    ...{ x: 0, y, w: 12, h: 6 },
  };
}
