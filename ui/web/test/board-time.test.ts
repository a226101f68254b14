import { describe, expect, test } from 'vitest';
import type { Table } from '../src/api/client';
import { usesRange, withBoardTime, withoutOwnTime } from '../src/visualize/board-time';

const column = (name: string, type: string) => ({ name, type, comment: '' });
const tables = [
  {
    database: 'events',
    table: 'orders',
    columns: [column('at', 'DateTime64(3)'), column('day', 'Date'), column('note', 'String')],
  },
] as unknown as Table[];
const of = (condition: string, rest = '') => `SELECT count() FROM events.orders WHERE ${condition}${rest}`;
const BOARD = 'at >= {from:DateTime64(3)} AND at < {to:DateTime64(3)}';

describe('the board’s time takes the place of', () => {
  test.each([
    'at >= now() - INTERVAL 1 HOUR',
    'at >= today() AND at < today() + INTERVAL 1 DAY',
    'at >= yesterday() AND at < today()',
    'at >= toStartOfWeek(now(), 1)',
    'at >= toStartOfMonth(now()) - INTERVAL 1 MONTH AND at < toStartOfMonth(now())',
    "at >= toDate('2026-11-01')",
  ])('%s', (condition) => {
    expect(withBoardTime(of(condition), tables)).toBe(of(BOARD));
    expect(withBoardTime(of(`note = 'x' AND ${condition} AND note != ''`), tables)).toBe(
      of(`note = 'x' AND ${BOARD} AND note != ''`),
    );
    expect(usesRange(withBoardTime(of(condition), tables) ?? '')).toBe(true);
  });

  test('a time by which the rows are cut as well', () => {
    const cut = (during: string) =>
      `SELECT toStartOfInterval(at, INTERVAL 5 MINUTE) AS five, count()\nFROM events.orders\nWHERE ${during}\nGROUP BY five\nORDER BY five`;
    expect(withBoardTime(cut('at >= now() - INTERVAL 1 HOUR'), tables)).toBe(cut(BOARD));
  });

  test('days, of which the first is part of a time that begins on it', () => {
    expect(withBoardTime(of('day >= today() - INTERVAL 7 DAY'), tables)).toBe(
      of('day >= toDate({from:DateTime64(3)}) AND day < {to:DateTime64(3)}'),
    );
  });

  test('numbers that count since 1970', () => {
    expect(withBoardTime(of('toDateTime(t) >= now() - INTERVAL 1 DAY'), tables)).toBe(
      of('toDateTime(t) >= {from:DateTime64(3)} AND toDateTime(t) < {to:DateTime64(3)}'),
    );
  });
});

describe('the statement keeps its own time where it is not clear', () => {
  test.each([
    ['there is none', 'SELECT count() FROM events.orders'],
    ['it has the board’s already', of(BOARD)],
    ['there are two', of('at >= today() AND paid_at >= today()')],
    ['it is a comparison', `SELECT countIf(at >= today()) AS now, countIf(at < today()) FROM events.orders`],
    ['it is in a part', `SELECT * FROM (${of('at >= today()')}) WHERE 1`],
    ['it is one of several', of("at >= today() OR note = 'x'")],
    ['it is the contrary', of('NOT at >= today()')],
    ['it is only until then', of('at < today()')],
    ['another column is measured from now', of('at >= today() AND dateDiff(1, at, now()) > 3')],
    ['it is in a text', of("note = 'at >= now() - INTERVAL 1 HOUR'")],
    ['it is in a comment', `${of('1')} -- WHERE at >= today()`],
    ['its ends are of two columns', of('at >= yesterday() AND day < today()')],
    ['its moment is an unknown one', of('at >= toStartOfHour(at2)')],
  ])('%s', (_, sql) => {
    expect(withBoardTime(sql, tables)).toBeUndefined();
  });
});

test('a title does not say a time that the tile no longer has', () => {
  for (const question of [
    'Orders per minute in the last 10 minutes',
    'Orders per minute today?',
    'Orders per minute, this week',
  ])
    expect(withoutOwnTime(question)).toBe('Orders per minute');
  for (const title of ['The last day', 'Orders since today’s start', 'Orders by day'])
    expect(withoutOwnTime(title)).toBe(title);
});
