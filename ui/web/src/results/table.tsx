/** A result's rows: sorted, searched, copied; only those in sight are in the page. */
import {
  type Column,
  type ColumnDef,
  getCoreRowModel,
  getFilteredRowModel,
  getSortedRowModel,
  type SortingState,
  useReactTable,
} from '@tanstack/react-table';
import { useVirtualizer } from '@tanstack/react-virtual';
import { ArrowDown, ArrowUp, Search } from 'lucide-react';
import { useMemo, useRef, useState } from 'react';
import { count, isNumericType, plural } from '../format/format';
import { inFull, useTimes, zoneName } from '../format/time';
import { CellDialog } from './cell-dialog';
import {
  compareCells,
  groupedNumber,
  isTimeType,
  type ResultColumn,
  type Row,
  shownText,
  shownType,
  widths,
} from './value';

const ROW_PX = 34;

interface Props {
  columns: ResultColumn[];
  rows: Row[];
  label: string;
  /** Highest height of the table, as CSS. */
  height?: string;
}

interface Shown {
  column: ResultColumn;
  value: unknown;
}

export function ResultTable({ columns, rows, label, height = 'min(60vh, 36rem)' }: Props) {
  const [sorting, setSorting] = useState<SortingState>([]);
  const [search, setSearch] = useState('');
  const [shown, setShown] = useState<Shown>();
  const scroller = useRef<HTMLDivElement>(null);
  const definitions = useMemo(() => columns.map(definition), [columns]);
  const table = useReactTable({
    data: rows,
    columns: definitions,
    state: { sorting, globalFilter: search },
    onSortingChange: setSorting,
    onGlobalFilterChange: setSearch,
    // What is searched is what is seen.
    globalFilterFn: (row, column, wanted: string) =>
      shownText(row.getValue(column), columns[Number(column)]?.type ?? '')
        .toLowerCase()
        .includes(wanted.toLowerCase()),
    getColumnCanGlobalFilter: () => true,
    getCoreRowModel: getCoreRowModel(),
    getSortedRowModel: getSortedRowModel(),
    getFilteredRowModel: getFilteredRowModel(),
  });
  const visible = table.getRowModel().rows;
  const virtual = useVirtualizer({
    count: visible.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW_PX,
    overscan: 12,
  });
  const items = virtual.getVirtualItems();
  const above = items[0]?.start ?? 0;
  const below = virtual.getTotalSize() - (items.at(-1)?.end ?? 0);
  // The head of the table says the zone.
  useTimes();
  const columnWidths = useMemo(() => widths(columns, rows), [columns, rows]);

  return (
    <div className="flex flex-col gap-2">
      {rows.length > 8 && (
        <label className="relative max-w-xs">
          <span className="sr-only">Search these rows</span>
          <Search aria-hidden className="-translate-y-1/2 absolute top-1/2 left-3 size-4 text-muted" />
          <input
            type="search"
            className="field w-full py-1.5 pl-9 text-sm"
            placeholder="Search these rows"
            value={search}
            onChange={(event) => setSearch(event.target.value)}
          />
        </label>
      )}
      {search && (
        <p role="status" className="text-muted text-sm">
          {count(visible.length)} of {plural(rows.length, 'row')}
        </p>
      )}
      <section
        ref={scroller}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keys
        tabIndex={0}
        aria-label={label}
        className="card overflow-auto bg-bg"
        style={{ maxHeight: height }}
      >
        <table
          aria-rowcount={visible.length + 1}
          className="min-w-full table-fixed border-separate border-spacing-0 text-sm"
        >
          <colgroup>
            {columnWidths.map((width, at) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: two columns may have the same name
              <col key={at} style={{ width: `${width}ch` }} />
            ))}
          </colgroup>
          <thead>
            <tr aria-rowindex={1}>
              {table.getFlatHeaders().map((header, at) => (
                <Head
                  key={header.id}
                  column={header.column}
                  type={columns[at]?.type ?? ''}
                  name={columns[at]?.name ?? ''}
                />
              ))}
            </tr>
          </thead>
          <tbody>
            {above > 0 && <Gap height={above} span={columns.length} />}
            {items.map((item) => {
              const row = visible[item.index];
              return (
                row && (
                  <tr key={row.id} aria-rowindex={item.index + 2} className="hover:bg-raised/60">
                    {columns.map((column, at) => (
                      <Cell
                        // biome-ignore lint/suspicious/noArrayIndexKey: two columns may have the same name
                        key={at}
                        value={row.original[at]}
                        type={column.type}
                        onOpen={() => setShown({ column, value: row.original[at] })}
                      />
                    ))}
                  </tr>
                )
              );
            })}
            {below > 0 && <Gap height={below} span={columns.length} />}
          </tbody>
        </table>
      </section>
      {shown && <CellDialog column={shown.column} value={shown.value} onClose={() => setShown(undefined)} />}
    </div>
  );
}

function definition({ type }: ResultColumn, at: number): ColumnDef<Row> {
  const compare = compareCells(type);
  return {
    id: String(at),
    accessorFn: (row) => row[at],
    sortingFn: (left, right) => compare(left.original[at], right.original[at]),
    sortDescFirst: isNumericType(type),
  };
}

function Head({ column, name, type }: { column: Column<Row>; name: string; type: string }) {
  const sorted = column.getIsSorted();
  const Arrow = sorted === 'asc' ? ArrowUp : ArrowDown;
  const right = isNumericType(type);
  return (
    <th
      scope="col"
      aria-sort={sorted === 'asc' ? 'ascending' : sorted === 'desc' ? 'descending' : 'none'}
      className="sticky top-0 z-10 border-line border-b bg-raised p-0 font-medium"
    >
      <button
        type="button"
        onClick={column.getToggleSortingHandler()}
        title={`${name}, ${type}`}
        className={`block w-full px-3 py-1.5 outline-offset-[-2px] ${right ? 'text-right' : 'text-left'}`}
      >
        <span className={`flex items-center gap-1 ${right ? 'justify-end' : ''}`}>
          <span className="truncate">{name}</span>
          {sorted && <Arrow aria-hidden className="size-3.5 shrink-0 text-accent" />}
        </span>
        <span className="block truncate font-mono font-normal text-muted text-xs">
          {shownType(type, zoneName())}
        </span>
      </button>
    </th>
  );
}

function Cell({ value, type, onOpen }: { value: unknown; type: string; onOpen: () => void }) {
  const numeric = isNumericType(type);
  const text = value == null ? 'NULL' : shownText(value, type);
  const shown = numeric ? groupedNumber(text) : text;
  const isLong = shown.length > 40 || typeof value === 'object';
  return (
    <td
      className={`h-[34px] truncate border-line/60 border-b px-3 ${numeric ? 'text-right tabular-nums' : ''} ${value == null ? 'text-muted italic' : ''}`}
      onDoubleClick={onOpen}
      title={value != null && isTimeType(type) ? inFull(value) : undefined}
    >
      {isLong && value != null ? (
        <button
          type="button"
          className="max-w-full truncate align-bottom underline decoration-line-strong decoration-dotted underline-offset-4"
          onClick={onOpen}
        >
          {shown.slice(0, 200)}
        </button>
      ) : (
        shown
      )}
    </td>
  );
}

function Gap({ height, span }: { height: number; span: number }) {
  return (
    <tr aria-hidden>
      <td colSpan={span} style={{ height, padding: 0 }} />
    </tr>
  );
}
