import type { Problem, SqlAnswer } from './api';
import { h } from './dom';
import { bytes, cellText, clock, count, duration, isNumericType, plural } from './format';

/** More rows than this are hard to read and slow to lay out; the node is asked for no more either. */
export const ROWS_AT_MOST = 1_000;

/** What a screen reader hears, and what stands above the table. */
export function resultSummary(answer: SqlAnswer): string {
  const { elapsed_ms, rows_read, bytes_read } = answer.statistics;
  const parts = [
    plural(Math.min(answer.rows.length, ROWS_AT_MOST), 'row'),
    duration(elapsed_ms).join(' '),
    `${plural(rows_read, 'row')} read, ${bytes(bytes_read)}`,
  ];
  if (answer.complete_to !== null) parts.push(`complete up to ${clock(answer.complete_to)}`);
  return parts.join(' · ');
}

export function truncationNote(answer: SqlAnswer): string {
  if (!answer.truncated && answer.rows.length <= ROWS_AT_MOST) return '';
  const shown = count(Math.min(answer.rows.length, ROWS_AT_MOST));
  return `Only the first ${shown} rows are shown. Aggregate or filter to see what matters of the rest.`;
}

export function resultTable({ columns, rows }: SqlAnswer): HTMLElement {
  const numeric = columns.map(({ type }) => isNumericType(type));
  const head = columns.map(({ name, type }, index) =>
    h('th', { scope: 'col', class: numeric[index] ? 'number' : '' }, name, h('small', {}, type)),
  );
  const body = rows
    .slice(0, ROWS_AT_MOST)
    .map((row) => h('tr', {}, ...row.map((value, index) => cell(value, numeric[index] ?? false))));
  if (body.length === 0) {
    body.push(h('tr', { class: 'none' }, h('td', { colspan: Math.max(columns.length, 1) }, 'No rows.')));
  }
  return h('table', {}, h('thead', {}, h('tr', {}, ...head)), h('tbody', {}, ...body));
}

const CELL_NEEDS_TITLE = 40;

function cell(value: unknown, numeric: boolean): HTMLElement {
  if (value === null || value === undefined)
    return h('td', { class: numeric ? 'number null' : 'null' }, 'NULL');
  const text = cellText(value);
  // Long text is cut by the style sheet; the title is where the whole of it can be read.
  const title = text.length > CELL_NEEDS_TITLE ? { title: text } : {};
  return h('td', numeric ? { class: 'number', ...title } : title, text);
}

export function problemView({ title, detail, hint }: Problem): HTMLElement {
  return h(
    'div',
    { class: 'problem' },
    h('p', { class: 'what' }, title),
    detail ? h('p', { class: 'why' }, detail) : null,
    hint ? h('p', { class: 'hint' }, hint) : null,
  );
}
