/** The dashboards there are: those that somebody made, and the one that every stream has. */
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { Link, useLocation } from 'wouter';
import { useStreams } from '../api/live';
import { asProblem } from '../api/problem';
import { useMayEdit } from '../app/session';
import { count, plural } from '../format/format';
import { Button } from '../ui/button';
import { Empty, ProblemNotice } from '../ui/notice';
import { emptyBoard } from './board';
import { type BoardSummary, LIST_KEY, listBoards, NEW, pagePath, saveBoard } from './boards-api';
import { ImportButton } from './import-button';
import { NameDialog } from './name-dialog';
import { When } from './when';

const GRID = 'grid gap-3 sm:grid-cols-2 lg:grid-cols-3';
const CARD = 'card flex h-full min-h-24 flex-col gap-1 p-4 hover:border-line-strong';

export function BoardList() {
  const mayEdit = useMayEdit();
  const [, navigate] = useLocation();
  const [isNaming, setNaming] = useState(false);
  const create = (
    <Button kind="primary" onPress={() => setNaming(true)}>
      New dashboard
    </Button>
  );
  return (
    <div className="space-y-8 py-4">
      <div className="flex flex-wrap items-center gap-3">
        <h1 className="flex-1 font-semibold text-2xl tracking-tight">Visualize</h1>
        {mayEdit && (
          <div className="flex gap-2">
            <ImportButton />
            {create}
          </div>
        )}
      </div>
      <section aria-labelledby="boards" className="space-y-3">
        <h2 id="boards" className="font-semibold text-lg">
          Dashboards
        </h2>
        <Kept />
      </section>
      <section aria-labelledby="ready" className="space-y-3">
        <h2 id="ready" className="font-semibold text-lg">
          Ready for every stream
        </h2>
        <OfStreams />
      </section>
      {isNaming && (
        <NameDialog
          title="New dashboard"
          onClose={() => setNaming(false)}
          onName={async (name) => {
            await saveBoard(name, emptyBoard(name), NEW);
            navigate(`${pagePath(name)}?edit`);
          }}
        />
      )}
    </div>
  );
}

function Kept() {
  const { data, error } = useQuery({ queryKey: LIST_KEY, queryFn: ({ signal }) => listBoards(signal) });
  if (error) return <ProblemNotice problem={asProblem(error)} />;
  if (!data) return <Skeleton text="Loading the dashboards…" />;
  if (data.length === 0) {
    return (
      <div className="card">
        <Empty title="There is no dashboard yet">
          Make a new one, or open a stream’s below and save it: it can be changed then.
        </Empty>
      </div>
    );
  }
  return (
    <ul className={GRID}>
      {data.map((board) => (
        <li key={board.name}>
          <Link href={pagePath(board.name)} className={CARD}>
            <Summary board={board} />
          </Link>
        </li>
      ))}
    </ul>
  );
}

function Summary({ board }: { board: BoardSummary }) {
  return (
    <>
      <span className="font-medium [overflow-wrap:anywhere]">{board.title || board.name}</span>
      {board.title !== '' && board.title !== board.name && (
        <span className="text-muted text-sm [overflow-wrap:anywhere]">{board.name}</span>
      )}
      <span className="text-muted text-sm">{plural(board.tiles, 'tile')}</span>
      <span className="mt-auto text-muted text-sm [overflow-wrap:anywhere]">
        Changed <When at={board.changed_at} /> by {board.changed_by}
      </span>
    </>
  );
}

function OfStreams() {
  const { data, error } = useStreams();
  if (!data)
    return error ? <ProblemNotice problem={asProblem(error)} /> : <Skeleton text="Loading the streams…" />;
  if (data.length === 0) {
    return (
      <div className="card">
        <Empty
          title="There is no stream yet"
          action={
            <Link href="/connect" className="text-accent underline">
              Connect one
            </Link>
          }
        >
          As soon as events come in, they can be looked at here.
        </Empty>
      </div>
    );
  }
  return (
    <ul className={GRID}>
      {data.map((stream) => (
        <li key={stream.id}>
          <Link href={`/visualize?stream=${encodeURIComponent(stream.id)}`} className={CARD}>
            <span className="font-medium [overflow-wrap:anywhere]">{stream.topic ?? stream.id}</span>
            <span className="text-muted text-sm [overflow-wrap:anywhere]">{stream.table ?? stream.id}</span>
            <span className="mt-auto text-muted text-sm tabular-nums">
              {stream.rows === null || stream.rows === undefined
                ? 'No events yet'
                : `${count(stream.rows)} events`}
            </span>
          </Link>
        </li>
      ))}
    </ul>
  );
}

function Skeleton({ text }: { text: string }) {
  return (
    <div role="status" className={GRID}>
      <span className="sr-only">{text}</span>
      <div className="card h-24 motion-safe:animate-pulse" />
      <div className="card h-24 motion-safe:animate-pulse max-sm:hidden" />
    </div>
  );
}
