/**
 * A question has a time of its own, “in the last hour”, and a board has another one. Where a statement says its time in a
 * way that is recognised beyond doubt, the board's can take its place. Pure.
 */
import type { Table } from '../api/client';
import { tablesIn } from '../editor/values';
import { plainType } from '../results/chart-values';
import { parametersOf } from './parameters';

const COLUMN = '(?:[A-Za-z_][\\w.]*|`[^`]+`)';
/** A column that is a time, or a number that counts since 1970. */
const TIME = `(?:(?:toDateTime|fromUnixTimestamp64Milli)\\(${COLUMN}\\)|${COLUMN})`;
/** A moment that follows from when the statement runs, or a day, as the translator writes them. */
const MOMENT =
  "(?:(?:now|today|yesterday)\\(\\)|toStartOf(?:Minute|Hour|Day|Week|Month|Quarter|Year)\\(now\\(\\)(?:, ?1)?\\)|toDate\\('\\d{4}-\\d\\d-\\d\\d'\\))" +
  '(?: *[-+] *INTERVAL +\\d+ +(?:SECOND|MINUTE|HOUR|DAY|WEEK|MONTH|QUARTER|YEAR))?';
const DURING = new RegExp(`(${TIME}) *>= *(${MOMENT})(?:\\s+AND\\s+\\1 *< *(${MOMENT}))?`, 'gi');
/** What tells that there is more of time in a statement than was recognised. */
const MORE_TIME = /\b(?:now|now64|today|yesterday|toDate|toDateTime\w*|makeDate|INTERVAL)\b/i;

const FROM = '{from:DateTime64(3)}';
const TO = '{to:DateTime64(3)}';

export function usesRange(sql: string): boolean {
  return parametersOf(sql).some(({ name }) => name === 'from' || name === 'to');
}

/** The statement with texts and comments blanked out, place by place; days in texts stay, since moments have them. */
function withoutTexts(sql: string): string {
  return sql.replace(/'(?:[^'\\]|\\.|'')*'|--[^\n]*|\/\*[\s\S]*?\*\//g, (text) =>
    /^'\d{4}-\d\d-\d\d'$/.test(text) ? text : ' '.repeat(text.length),
  );
}

/** The statement with the board's time in the place of its own; nothing where that is not clear. */
export function withBoardTime(sql: string, tables: readonly Table[]): string | undefined {
  const bare = withoutTexts(sql);
  const found = [...bare.matchAll(DURING)];
  const [only] = found;
  // Two times are compared with each other, and a time in a part of its own may stand for anything.
  if (!only?.[1] || found.length > 1 || usesRange(sql) || (bare.match(/\bSELECT\b/gi)?.length ?? 0) !== 1)
    return undefined;
  const [condition, time] = only;
  const [before, after] = [bare.slice(0, only.index), bare.slice(only.index + condition.length)];
  if (
    !/\b(?:WHERE|AND)\s+$/i.test(before) ||
    !/^\s*(?:$|AND\b|GROUP\b|ORDER\b|HAVING\b|LIMIT\b|;)/i.test(after)
  )
    return undefined;
  if (/\bOR\b/i.test(bare) || isAboutTime(before) || isAboutTime(after)) return undefined;
  // A day begins at midnight: it is part of a time that begins later on it.
  const from = isDate(time, sql, tables) ? `toDate(${FROM})` : FROM;
  const taken = `${time} >= ${from} AND ${time} < ${TO}`;
  return sql.slice(0, only.index) + taken + sql.slice(only.index + condition.length);
}

/** Whether a part of a statement has a time in it, other than by cutting one into pieces. */
function isAboutTime(part: string): boolean {
  return MORE_TIME.test(part.replace(/\btoStartOfInterval\([^()]*INTERVAL\s+\d+\s+\w+\)/gi, ''));
}

function isDate(time: string, sql: string, tables: readonly Table[]): boolean {
  const name = time.replaceAll('`', '');
  const columns = tablesIn(sql, [...tables]).flatMap(({ columns }) => columns);
  return columns.some((column) => column.name === name && /^Date(?:32)?$/.test(plainType(column.type)));
}

const OWN_TIME =
  /[\s,]+(?:(?:(?:in|over|during|within|for)\s+)?(?:the\s+)?(?:last|past|this)\s+(?:\d+\s+)?(?:second|minute|hour|day|week|month|quarter|year)s?|today|yesterday)$/i;

/** A question as the title of a tile that has the board's time: its own at the end would be untrue. */
export function withoutOwnTime(question: string): string {
  const rest = question.replace(/[\s?]+$/, '').replace(OWN_TIME, '');
  // A word alone says nothing.
  return rest.includes(' ') ? rest : question;
}
