/** A table that is a list of cards where there is no room for columns. */
import type { ReactNode } from 'react';

export interface TableColumn<Row> {
  title: string;
  cell: (row: Row) => ReactNode;
  isNumber?: boolean;
}

interface Props<Row> {
  caption: string;
  columns: readonly TableColumn<Row>[];
  rows: readonly Row[];
  keyOf: (row: Row) => string | number;
  /** Two values a line on a phone, where they are short. */
  inPairs?: boolean;
}

const BORDER = 'md:border-line md:border-t';

export function Table<Row>({ caption, columns, rows, keyOf, inPairs = false }: Props<Row>) {
  return (
    <div className="overflow-x-auto">
      <table className="block w-full md:table md:border-separate md:border-spacing-0">
        <caption className="sr-only">{caption}</caption>
        <thead className="text-muted text-sm max-md:sr-only">
          <tr>
            {columns.map(({ title, isNumber }) => (
              <th
                key={title}
                scope="col"
                className={`px-3 py-2 font-medium ${isNumber ? 'text-right' : 'text-left'}`}
              >
                {title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody className="max-md:block max-md:divide-y max-md:divide-line">
          {rows.map((row) => (
            <tr
              key={keyOf(row)}
              className={`max-md:py-3 ${inPairs ? 'max-md:grid max-md:grid-cols-2 max-md:gap-x-6' : 'max-md:block'}`}
            >
              {columns.map(({ title, cell, isNumber }, index) => (
                <Cell key={title} title={title} isHeader={index === 0} isNumber={isNumber ?? false}>
                  {cell(row)}
                </Cell>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

interface CellProps {
  title: string;
  isHeader: boolean;
  isNumber: boolean;
  children: ReactNode;
}

function Cell({ title, isHeader, isNumber, children }: CellProps) {
  const className = `max-md:flex max-md:justify-between max-md:gap-4 max-md:py-0.5 md:px-3 md:py-2 align-top ${BORDER} ${isNumber ? 'md:text-right tabular-nums' : 'text-left'}`;
  const content = (
    <>
      <span className="font-normal text-muted text-sm md:hidden">{title}</span>
      <span className="min-w-0 max-md:text-right max-md:[overflow-wrap:anywhere] md:[overflow-wrap:break-word]">
        {children}
      </span>
    </>
  );
  return isHeader ? (
    <th scope="row" className={`font-semibold max-md:col-span-2 ${className}`}>
      {content}
    </th>
  ) : (
    <td className={className}>{content}</td>
  );
}
