/** The dashboard that a stream has by itself, made from its table's columns. It is kept only if somebody saves it. */
import { useMemo } from 'react';
import { Link } from 'wouter';
import type { Column, Stream, Table } from '../api/client';
import { useStreams, useTables } from '../api/live';
import { asProblem } from '../api/problem';
import { Empty, ProblemNotice } from '../ui/notice';
import { BoardHead } from './board-head';
import { BoardSkeleton } from './board-skeleton';
import { Grid } from './grid';
import { readyBoard } from './ready';
import { Toolbar } from './toolbar';
import { useView } from './use-view';

/** The table of a stream, which names it as SQL does. */
function tableOf({ table }: Stream, tables: readonly Table[]): Table | undefined {
  const bare = table?.replaceAll('`', '');
  return tables.find((candidate) => `${candidate.database}.${candidate.table}` === bare);
}

export function StreamBoard({ id }: { id: string }) {
  const streams = useStreams();
  const tables = useTables();
  const error = streams.error ?? tables.error;
  if (!streams.data || !tables.data) {
    return error ? <ProblemNotice problem={asProblem(error)} /> : <BoardSkeleton />;
  }
  const stream = streams.data.find((stream) => stream.id === id);
  const table = stream && tableOf(stream, tables.data);
  if (!stream || !table) {
    return (
      <Empty
        title={stream ? 'This stream has no table yet' : `There is no stream ${id}`}
        action={
          <Link href="/connect" className="text-accent underline">
            To the streams
          </Link>
        }
      >
        {stream && 'It gets one with its first events.'}
      </Empty>
    );
  }
  return <Ready title={stream.topic ?? id} table={stream.table ?? ''} columns={table.columns} />;
}

function Ready({ title, table, columns }: { title: string; table: string; columns: readonly Column[] }) {
  const board = useMemo(() => readyBoard(title, table, columns), [title, table, columns]);
  const view = useView(board);
  return (
    <div className="space-y-4 py-4">
      <BoardHead board={board} view={view}>
        Made from the columns of {table}. Save it as a dashboard to change it.
      </BoardHead>
      <Toolbar board={board} view={view} />
      <Grid board={board} view={view} />
    </div>
  );
}
