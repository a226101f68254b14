import { type Column, numberText } from './chart-values';

interface Props {
  columns: readonly Column[];
  rows: readonly unknown[][];
  names: readonly string[];
}

/** What one character may take, times the characters: nearly the whole width. */
const WIDEST_CQW = 150;

/** The numbers of the first row, large, each with its column's name. */
export function ChartNumbers({ columns, rows, names }: Props) {
  return (
    <dl className="@container flex h-full flex-wrap content-center-safe items-center justify-center gap-x-10 gap-y-4 overflow-auto p-2 text-center">
      {names.map((name) => {
        const at = columns.findIndex((column) => column.name === name);
        const text = numberText(rows[0]?.[at]);
        // As large as lets it stand in one line.
        const size = `clamp(1.125rem, ${Math.min(12, WIDEST_CQW / text.length)}cqw, 3.5rem)`;
        return (
          <div key={name} className="flex min-w-0 flex-col-reverse">
            <dt className="text-muted text-sm [overflow-wrap:anywhere]">{name}</dt>
            <dd
              style={{ fontSize: size }}
              className="font-semibold tabular-nums leading-tight [overflow-wrap:anywhere]"
            >
              {text}
            </dd>
          </div>
        );
      })}
    </dl>
  );
}
