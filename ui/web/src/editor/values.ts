/** Values of columns as completions: what stands behind `column = '` is looked up in the data itself. */
import type { CompletionContext, CompletionResult } from '@codemirror/autocomplete';
import type { Table } from '../api/client';
import { askRows } from '../api/rows';
import { quoted } from '../format/sql';

/** The column and the list of tables that a text before the cursor is about to compare. */
const COMPARED =
  /([A-Za-z_][\w.]*|`[^`]+`)\s*(?:=|!=|<>|\bIN\s*\((?:\s*'(?:[^'\\]|\\.)*'\s*,)*|\bLIKE|\bILIKE)\s*'([^'\\\n]*)$/i;

/** The column that is compared just before the cursor, and what of the value is typed already. */
export function comparedBefore(text: string): { column: string; typed: string } | undefined {
  const found = COMPARED.exec(text);
  if (!found?.[1]) return undefined;
  return { column: found[1].replaceAll('`', ''), typed: found[2] ?? '' };
}

/** The tables that a statement names, out of those that there are. */
export function tablesIn(sql: string, tables: Table[]): Table[] {
  const bare = sql.replaceAll('`', '');
  return tables.filter(({ table }) => {
    const name = table.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
    return new RegExp(`(?<![\\w])${name}(?![\\w])`).test(bare);
  });
}

const MOST = 50;
const known = new Map<string, Promise<string[]>>();

/** The most frequent values of a column of few, asked once. */
function valuesOf({ database, table }: Table, column: string): Promise<string[]> {
  const key = `${database}.${table}.${column}`;
  const asking =
    known.get(key) ??
    (async () => {
      const sql = `SELECT toString(arrayJoin(topK(${MOST})(${quoted(column)}))) AS value FROM ${quoted(database)}.${quoted(table)}`;
      const { rows } = await askRows(sql, { purpose: 'page', limit: MOST });
      return rows.map(([value]) => String(value)).filter((value) => value.length <= 100);
    })();
  known.set(key, asking);
  // A failure is not remembered.
  asking.catch(() => known.delete(key));
  return asking;
}

/** Only columns of few values are looked up: the type says so. */
function hasFew(type: string): boolean {
  return /LowCardinality|Enum/.test(type);
}

export function valueCompletion(tables: () => Table[]) {
  return async (context: CompletionContext): Promise<CompletionResult | null> => {
    const text = context.state.sliceDoc(0, context.pos);
    const compared = comparedBefore(text.slice(-500));
    if (!compared) return null;
    const bare = compared.column;
    for (const table of tablesIn(context.state.doc.toString(), tables())) {
      const column = table.columns.find(({ name }) => name === bare || bare.endsWith(`.${name}`));
      if (!column || !hasFew(column.type)) continue;
      const values = await valuesOf(table, column.name).catch(() => []);
      const escaped = values.map((value) => value.replaceAll('\\', '\\\\').replaceAll("'", "\\'"));
      return {
        from: context.pos - compared.typed.length,
        options: escaped.map((label, at) => ({ label, type: 'text', boost: -at })),
        validFor: /^[^'\\]*$/,
      };
    }
    return null;
  };
}
