/** The table's columns, with the fields they come from. */
import type { Column } from '../api/client';
import { useTables } from '../api/live';
import { asProblem } from '../api/problem';
import { Empty, ProblemNotice } from '../ui/notice';
import { Table, type TableColumn } from './table';

/** Where a column's values come from: a field's path as JSON in the comment of what Aurora made, or just words. */
export function originOf(comment: string): string {
  try {
    const { path } = JSON.parse(comment) as { path?: unknown };
    if (Array.isArray(path)) return path.join(' › ');
  } catch {
    // Words of people are no JSON.
  }
  return comment;
}

const COLUMNS: TableColumn<Column>[] = [
  { title: 'Column', cell: ({ name }) => name },
  { title: 'Type', cell: ({ type }) => <code className="font-mono text-sm">{type}</code> },
  { title: 'From', cell: ({ comment }) => <span className="text-muted">{originOf(comment)}</span> },
];

export function Columns({ table }: { table: string | null | undefined }) {
  const { data, error } = useTables();
  if (!data) return error ? <ProblemNotice problem={asProblem(error)} /> : <div className="h-96" />;
  const plain = table?.replaceAll('`', '');
  const found = data.find(({ database, table }) => `${database}.${table}` === plain);
  if (!found) {
    return (
      <Empty title="No table yet">
        It is made of the topic’s first messages: the columns and their types are taken from them.
      </Empty>
    );
  }
  return (
    <Table caption="The table’s columns" columns={COLUMNS} rows={found.columns} keyOf={({ name }) => name} />
  );
}
