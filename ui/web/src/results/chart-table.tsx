import { cellText } from '../format/format';
import { inFull, instant } from '../format/time';
import { type Column, nature, numberText, timeText } from './chart-values';

interface Props {
  columns: readonly Column[];
  rows: readonly unknown[][];
  label: string;
}

/** Rows that a tile or an answer without a picture shows; the Query page's table shows all. */
const MOST_ROWS = 500;

/** The rows as they are, in a box that scrolls by itself. */
export function ChartTable({ columns, rows, label }: Props) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable with the keyboard.
    <section aria-label={label} tabIndex={0} className="min-h-0 flex-1 overflow-auto outline-offset-[-2px]">
      <table className="w-full border-separate border-spacing-0 text-sm">
        <caption className="sr-only">{label}</caption>
        <thead>
          <tr>
            {columns.map(({ name, type }, at) => (
              <th
                // biome-ignore lint/suspicious/noArrayIndexKey: two columns of a result can have the same name.
                key={at}
                scope="col"
                title={type}
                className={`sticky top-0 whitespace-nowrap border-line border-b bg-surface px-2 py-1.5 font-medium text-muted ${nature(type) === 'number' ? 'text-right' : 'text-left'}`}
              >
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.slice(0, MOST_ROWS).map((row, at) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: rows have no name of their own.
            <tr key={at} className="hover:bg-raised">
              {columns.map(({ type }, column) => (
                // biome-ignore lint/suspicious/noArrayIndexKey: see above.
                <Cell key={column} value={row[column]} type={type} />
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      {rows.length > MOST_ROWS && (
        <p className="px-2 py-1.5 text-muted text-sm">and {numberText(rows.length - MOST_ROWS)} more rows</p>
      )}
    </section>
  );
}

function Cell({ value, type }: { value: unknown; type: string }) {
  const kind = nature(type);
  const align = kind === 'number' ? 'text-right tabular-nums' : 'text-left';
  return (
    <td className={`max-w-80 truncate border-line border-b px-2 py-1 ${align}`}>
      <Content value={value} kind={kind} />
    </td>
  );
}

function Content({ value, kind }: { value: unknown; kind: ReturnType<typeof nature> }) {
  if (value === null || value === undefined) return <span className="text-muted italic">NULL</span>;
  if (kind === 'number') return numberText(value);
  const at = kind === 'time' || kind === 'date' ? instant(value) : null;
  if (at !== null && (kind === 'time' || kind === 'date')) {
    return (
      <time dateTime={new Date(at).toISOString()} title={kind === 'time' ? inFull(value) : undefined}>
        {timeText(at, kind)}
      </time>
    );
  }
  const text = cellText(value);
  return <span title={text}>{text}</span>;
}
