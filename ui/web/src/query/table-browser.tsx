/** The tables and their columns, with a few values of each. */
import { useQuery } from '@tanstack/react-query';
import { ChevronRight } from 'lucide-react';
import { useState } from 'react';
import type { Column, Table } from '../api/client';
import { asProblem } from '../api/problem';
import { askRows } from '../api/rows';
import { quotedName } from '../format/sql';
import { plainType } from '../results/value';
import { Button } from '../ui/button';
import { Empty, ProblemNotice } from '../ui/notice';
import { examplesFor } from './examples';
import type { Draft } from './link';

interface Props {
  tables: Table[] | undefined;
  onOpen: (draft: Draft) => void;
  onInsert: (text: string) => void;
}

export function TableBrowser({ tables, onOpen, onInsert }: Props) {
  const [search, setSearch] = useState('');
  if (!tables) return <p className="text-muted">Looking…</p>;
  if (tables.length === 0)
    return (
      <Empty title="No tables yet">Connect a topic: its table is here as soon as the first events are.</Empty>
    );
  const wanted = search.toLowerCase();
  return (
    <div className="space-y-2">
      <input
        type="search"
        aria-label="Search tables and columns"
        placeholder="Search tables and columns"
        className="field w-full py-1.5 text-sm"
        value={search}
        onChange={(event) => setSearch(event.target.value)}
      />
      {tables.map((table) => {
        const columns = table.columns.filter(({ name }) =>
          `${table.table}.${name}`.toLowerCase().includes(wanted),
        );
        if (wanted && columns.length === 0) return null;
        return (
          <OneTable
            key={`${table.database}.${table.table}`}
            table={table}
            columns={columns}
            isOpen={tables.length === 1 || wanted !== ''}
            onOpen={onOpen}
            onInsert={onInsert}
          />
        );
      })}
    </div>
  );
}

interface OneTableProps extends Omit<Props, 'tables'> {
  table: Table;
  columns: Column[];
  isOpen: boolean;
}

function OneTable({ table, columns, isOpen, onOpen, onInsert }: OneTableProps) {
  const full = `${quotedName(table.database)}.${quotedName(table.table)}`;
  return (
    <details open={isOpen} className="group">
      <summary className="flex cursor-pointer list-none items-center gap-1 rounded-lg px-1 py-1.5 hover:bg-raised">
        <ChevronRight
          aria-hidden
          className="size-4 shrink-0 text-muted transition-transform group-open:rotate-90"
        />
        <span className="min-w-0 truncate font-medium">{table.table}</span>
        <span className="ml-auto shrink-0 text-muted text-xs">{table.columns.length} columns</span>
      </summary>
      <div className="space-y-2 pb-3 pl-5">
        <div className="flex flex-wrap gap-1">
          {examplesFor(full).map(({ label, sql }) => (
            <Button
              key={label}
              kind="plain"
              small
              onPress={() => onOpen({ mode: 'sql', text: sql, params: {} })}
            >
              {label}
            </Button>
          ))}
        </div>
        <ul>
          {columns.map((column) => (
            <OneColumn key={column.name} table={full} column={column} onInsert={onInsert} />
          ))}
        </ul>
      </div>
    </details>
  );
}

function OneColumn({
  table,
  column,
  onInsert,
}: {
  table: string;
  column: Column;
  onInsert: (text: string) => void;
}) {
  const [isOpen, setIsOpen] = useState(false);
  return (
    <li>
      <div className="flex items-center gap-2">
        <button
          type="button"
          aria-expanded={isOpen}
          onClick={() => setIsOpen(!isOpen)}
          className="flex min-w-0 flex-1 items-baseline gap-2 rounded-md px-1.5 py-1 text-left text-sm hover:bg-raised"
        >
          <span className="min-w-0 truncate">{column.name}</span>
          <span
            className="ml-auto max-w-[50%] shrink-0 truncate font-mono text-muted text-xs"
            title={column.type}
          >
            {plainType(column.type)}
          </span>
        </button>
      </div>
      {isOpen && <Values table={table} column={column.name} onInsert={onInsert} />}
    </li>
  );
}

function Values({
  table,
  column,
  onInsert,
}: {
  table: string;
  column: string;
  onInsert: (text: string) => void;
}) {
  const name = quotedName(column);
  const { data, error } = useQuery({
    queryKey: ['values', table, column],
    queryFn: async ({ signal }) => {
      const sql = `SELECT arrayJoin(topK(8)(toString(${name}))) AS value FROM (SELECT ${name} FROM ${table} LIMIT 100000)`;
      const { rows } = await askRows(sql, { purpose: 'page', limit: 8, signal });
      return rows.map(([value]) => String(value));
    },
    staleTime: 60_000,
  });
  if (error) return <ProblemNotice problem={asProblem(error)} />;
  return (
    <div className="flex flex-wrap items-center gap-1 px-1.5 pt-1 pb-2">
      <Button kind="plain" small onPress={() => onInsert(name)}>
        Put into the statement
      </Button>
      {data?.map((value) => (
        <span
          key={value}
          title={value}
          className="max-w-full truncate rounded-md bg-raised px-1.5 py-0.5 text-muted text-xs"
        >
          {value === '' ? '(empty)' : value.slice(0, 60)}
        </span>
      ))}
    </div>
  );
}
