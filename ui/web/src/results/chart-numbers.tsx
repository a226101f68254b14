import { type Column, numberText } from './chart-values';

interface Props {
  columns: readonly Column[];
  rows: readonly unknown[][];
  names: readonly string[];
}

/** The numbers of the first row, large, each with its column's name. */
export function ChartNumbers({ columns, rows, names }: Props) {
  return (
    <dl className="@container flex h-full flex-wrap content-center items-center justify-center gap-x-10 gap-y-4 overflow-auto p-2 text-center">
      {names.map((name) => {
        const at = columns.findIndex((column) => column.name === name);
        return (
          <div key={name} className="flex min-w-0 flex-col-reverse">
            <dt className="text-muted text-sm [overflow-wrap:anywhere]">{name}</dt>
            <dd className="font-semibold text-[clamp(1.5rem,11cqw,3.5rem)] tabular-nums leading-tight [overflow-wrap:anywhere]">
              {numberText(rows[0]?.[at])}
            </dd>
          </div>
        );
      })}
    </dl>
  );
}
