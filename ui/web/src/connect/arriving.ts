/** Rows as they arrive: which columns are worth showing, and which rows are new. Pure: no DOM in here. */

export interface Rows {
  columns: { name: string; type: string }[];
  rows: unknown[][];
}

export interface ArrivingRow {
  key: string;
  cells: unknown[];
  isNew: boolean;
}

export interface Arriving {
  columns: Rows['columns'];
  rows: ArrivingRow[];
  /** Columns that none of the rows has a value in. */
  empty: number;
}

/** What every row has and nobody has to see twenty times. */
const HIDDEN = new Set(['_topic', '_generation']);
const FIRST = ['_timestamp', '_partition', '_offset'];

function isEmpty(value: unknown): boolean {
  return value === null || (Array.isArray(value) && value.length === 0);
}

/** A row's place in Kafka, which no other row has. */
function keysOf({ columns, rows }: Rows): string[] {
  const at = ['_generation', '_partition', '_offset'].map((name) =>
    columns.findIndex((column) => column.name === name),
  );
  return rows.map((row) => at.map((index) => String(row[index])).join('/'));
}

/** What to show of `now`; rows that `before` did not have are new, unless there was nothing before. */
export function arriving(now: Rows, before: Rows | undefined): Arriving {
  const seen = before && new Set(keysOf(before));
  const keys = keysOf(now);
  const all = now.columns.map((column, index) => ({ column, index }));
  const candidates = all.filter(({ column }) => !HIDDEN.has(column.name));
  const filled = candidates.filter(({ index }) => now.rows.some((row) => !isEmpty(row[index])));
  const rank = (name: string) => (FIRST.includes(name) ? FIRST.indexOf(name) : FIRST.length);
  filled.sort((a, b) => rank(a.column.name) - rank(b.column.name) || a.index - b.index);
  return {
    columns: filled.map(({ column }) => column),
    rows: now.rows.map((row, index) => {
      const key = keys[index] ?? String(index);
      return {
        key,
        cells: filled.map(({ index }) => row[index]),
        isNew: seen !== undefined && !seen.has(key),
      };
    }),
    empty: candidates.length - filled.length,
  };
}
