import { describe, expect, test } from 'vitest';
import { draftFrom, linkTo } from '../src/query/link';
import { looksLikeSql, parametersOf } from '../src/query/parameters';
import { placeOf } from '../src/query/sql-error';
import { changed } from '../src/query/use-glossary';
import { compareCells, groupedNumber, plainType, tabSeparated } from '../src/results/value';

describe('parameters', () => {
  test('are found once each, and not in texts and comments', () => {
    const sql =
      "SELECT {a:UInt8}, '{b:String}', `{c:Int8}` -- {d:Int8}\n/* {e:Int8} */ , {f : Array(String)}, {a:UInt8}, {day:DateTime64(3, 'UTC')}";
    expect(parametersOf(sql)).toEqual([
      { name: 'a', type: 'UInt8' },
      { name: 'f', type: 'Array(String)' },
      { name: 'day', type: "DateTime64(3, 'UTC')" },
    ]);
    expect(parametersOf('SELECT {to:DateTime64(3)}')).toEqual([{ name: 'to', type: 'DateTime64(3)' }]);
    expect(parametersOf("SELECT map('a', {x: Nullable(Int8)})")).toHaveLength(1);
  });
});

test('statements are told from questions', () => {
  for (const sql of [
    'select 1',
    'SELECT count() FROM t',
    '-- how many\nWITH x AS (SELECT 1) SELECT * FROM x',
    '(SELECT a FROM b)',
    'show tables',
    'EXPLAIN SELECT 1',
    'DESCRIBE TABLE t',
  ])
    expect(looksLikeSql(sql), sql).toBe(true);
  for (const question of [
    'How many orders today?',
    'select the best customers',
    'show revenue per week',
    'with whom did we trade most?',
    'describe the trend',
    '',
  ])
    expect(looksLikeSql(question), question).toBe(false);
});

test('errors are marked where they are', () => {
  const sql = 'SELECT nope, count() FROM events.shop_events';
  expect(placeOf(sql, 'Unknown expression identifier `nope` in scope SELECT nope')).toEqual({
    from: 7,
    to: 11,
  });
  expect(placeOf(sql, 'Syntax error: failed at position 14 (count)')).toEqual({ from: 13, to: 18 });
  expect(placeOf(sql, 'Unknown table expression identifier `events.orders`')).toBeUndefined();
  expect(placeOf('SELECT 1', 'Syntax error: failed at position 99999')).toEqual({ from: 7, to: 8 });
  expect(placeOf(sql, 'memory limit exceeded')).toBeUndefined();
});

test('a link carries what was written, and too much is not cut', () => {
  const draft = { mode: 'sql' as const, text: "SELECT '&?#é\n' = {a:String}", params: { a: '1 & 2' } };
  expect(draftFrom(linkTo(draft) ?? '')).toEqual(draft);
  expect(linkTo({ ...draft, text: 'x'.repeat(10_000) })).toBeUndefined();
  expect(draftFrom('?saved=a%20b')).toMatchObject({ mode: 'sql', saved: 'a b' });
  expect(draftFrom('')).toEqual({ mode: 'ask', text: '', params: {} });
});

describe('cells', () => {
  test('numbers keep all their digits', () => {
    expect(groupedNumber('18446744073709551615', 'en')).toBe('18,446,744,073,709,551,615');
    expect(groupedNumber('-1234567.890', 'de')).toBe('-1.234.567,890');
    expect(groupedNumber('-0.5', 'en')).toBe('-0.5');
    expect(groupedNumber('1e30', 'en')).toBe('1e30');
    expect(groupedNumber('nan', 'en')).toBe('nan');
  });

  test('sort by value', () => {
    const sorted = (type: string, cells: unknown[]) => cells.toSorted(compareCells(type));
    expect(sorted('UInt64', ['9223372036854775808', '9', '9223372036854775807', null])).toEqual([
      '9',
      '9223372036854775807',
      '9223372036854775808',
      null,
    ]);
    expect(sorted('Nullable(Decimal(9, 2))', ['10.5', '9.75', '-1'])).toEqual(['-1', '9.75', '10.5']);
    expect(sorted('String', ['b', '10', 'a'])).toEqual(['10', 'a', 'b']);
  });

  test('types are told without how they are kept', () => {
    expect(plainType('LowCardinality(Nullable(String))')).toBe('String');
    expect(plainType("Nullable(DateTime64(3, 'UTC'))")).toBe("DateTime64(3, 'UTC')");
    expect(plainType('Array(Nullable(Int8))')).toBe('Array(Nullable(Int8))');
  });

  test('leave as a table that stays one', () => {
    const columns = [
      { name: 'a\tb', type: 'String' },
      { name: 'n', type: 'UInt8' },
    ];
    expect(tabSeparated(columns, [['x\ty\nz', null]])).toBe('a b\tn\nx y z\t');
  });
});

test('terms are changed by their names, whatever their case', () => {
  const [one, other] = [{ term: 'Churn' }, { term: 'lead' }];
  expect(changed([one], undefined, other)).toEqual([one, other]);
  expect(changed([one, other], 'churn', { term: 'churned' })).toEqual([{ term: 'churned' }, other]);
  expect(changed([one, other], ' LEAD', undefined)).toEqual([one]);
  expect(changed([one], 'gone', undefined)).toEqual([one]);
});
