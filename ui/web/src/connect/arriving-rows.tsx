/** The latest rows of the table, asked for again while they are on the page and something has been written. */
import { useQuery } from '@tanstack/react-query';
import { Pause, Play } from 'lucide-react';
import { useEffect, useMemo, useRef, useState } from 'react';
import type { Stream } from '../api/client';
import { asProblem } from '../api/problem';
import { askRows } from '../api/rows';
import { isNumericType, plural } from '../format/format';
import { shownText } from '../results/value';
import { Button } from '../ui/button';
import { Empty, ProblemNotice } from '../ui/notice';
import { Time } from '../ui/time';
import { type Arriving, arriving, type Rows } from './arriving';

const EVERY_MS = 2_000;
const SHOWN = 20;

function useLatest({ id, table, rows: written }: Stream, isPaused: boolean) {
  const askedAt = useRef('');
  return useQuery({
    queryKey: ['latest-rows', id],
    enabled: table != null,
    queryFn: async ({ signal }) => {
      askedAt.current = written;
      const sql = `SELECT * FROM ${table} ORDER BY _timestamp DESC LIMIT ${SHOWN}`;
      return askRows(sql, { purpose: 'page', limit: SHOWN, signal });
    },
    // What can have no other answer than before is not asked again.
    refetchInterval: () => (isPaused || askedAt.current === written ? false : EVERY_MS),
    gcTime: 0,
  });
}

export function ArrivingRows({ stream }: { stream: Stream }) {
  const [isPaused, setPaused] = useState(false);
  const { data, error } = useLatest(stream, isPaused);
  const [[now, before], setPair] = useState<[Rows | undefined, Rows | undefined]>([undefined, undefined]);
  useEffect(() => {
    if (data) setPair(([now]) => [data, now]);
  }, [data]);
  const shown = useMemo(() => now && arriving(now, before), [now, before]);

  if (stream.table == null) {
    return <Empty title="No rows yet">They show up here as soon as the topic has its first messages.</Empty>;
  }
  const Turn = isPaused ? Play : Pause;
  return (
    <div className="flex flex-col gap-3">
      <div className="flex min-h-8 flex-wrap items-center justify-between gap-3">
        <p className="text-muted text-sm">
          {shown && shown.rows.length > 0 && `The latest ${plural(shown.rows.length, 'row')}. `}
          {shown && shown.empty > 0 && `${plural(shown.empty, 'column')} without a value in them left out.`}
        </p>
        <Button small onPress={() => setPaused(!isPaused)}>
          <Turn aria-hidden className="size-4" /> {isPaused ? 'Go on' : 'Hold still'}
        </Button>
      </div>
      {error && <ProblemNotice problem={asProblem(error)} />}
      {shown ? <RowsTable arriving={shown} /> : !error && <div aria-hidden className="h-120" />}
    </div>
  );
}

function RowsTable({ arriving: { columns, rows } }: { arriving: Arriving }) {
  if (rows.length === 0) return <Empty title="No rows yet">Rows show up here as they are written.</Empty>;
  return (
    <section
      aria-label="Latest rows"
      // biome-ignore lint/a11y/noNoninteractiveTabindex: the keyboard could not scroll it otherwise.
      tabIndex={0}
      className="max-h-120 overflow-auto rounded-[10px] border border-line"
    >
      <table className="w-full border-separate border-spacing-0 text-sm">
        <thead>
          <tr>
            {columns.map(({ name, type }) => (
              <th
                key={name}
                scope="col"
                title={type}
                className={`sticky top-0 whitespace-nowrap border-line border-b bg-raised px-3 py-2 font-semibold ${isNumericType(type) ? 'text-right' : 'text-left'}`}
              >
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map(({ key, cells, isNew }) => (
            <tr key={key} className={isNew ? 'bg-accent/10' : ''}>
              {columns.map(({ name, type }, index) => (
                <td
                  key={name}
                  className={`max-w-80 truncate whitespace-nowrap border-line border-b px-3 py-1.5 tabular-nums ${isNumericType(type) ? 'text-right' : ''} ${index === 0 ? `border-l-3 ${isNew ? 'border-l-accent' : 'border-l-transparent'}` : ''}`}
                >
                  {index === 0 && isNew && <span className="sr-only">new </span>}
                  <Cell value={cells[index]} type={type} isTime={name === '_timestamp'} />
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

function Cell({ value, type, isTime }: { value: unknown; type: string; isTime: boolean }) {
  if (value === null || value === undefined) return <span className="text-muted">NULL</span>;
  if (isTime) return <Time at={String(value)} />;
  const text = shownText(value, type);
  return <span title={text.length > 40 ? text : undefined}>{text}</span>;
}
