/** One stream: its figures, live, and behind tabs its rows, partitions, columns, audit and dead letters. */
import { ChevronLeft } from 'lucide-react';
import type { ReactNode } from 'react';
import { Link, useLocation } from 'wouter';
import type { Stream } from '../api/client';
import { asProblem } from '../api/problem';
import { count } from '../format/format';
import { Empty, ProblemNotice } from '../ui/notice';
import { Tabs } from '../ui/tabs';
import { ArrivingRows } from './arriving-rows';
import { Audit } from './audit';
import { Columns } from './columns';
import { DeadLettersList } from './dead-letters';
import { Figures } from './figures';
import { useHistory, useRecordedStreams } from './history';
import { LiveCharts } from './live-charts';
import { PartitionsTable } from './partitions-table';
import { StreamActions } from './stream-actions';
import { StreamBadges } from './stream-badges';
import { RateNow } from './stream-card';
import { situation } from './texts';

export default function StreamPage({ id }: { id: string }) {
  const { data, error } = useRecordedStreams();
  const stream = data?.find((stream) => stream.id === id);
  return (
    <div className="flex flex-col gap-5 py-4">
      <Link href="/connect" className="inline-flex items-center gap-1 self-start text-muted hover:text-text">
        <ChevronLeft aria-hidden className="size-4" /> All streams
      </Link>
      {stream ? (
        <Content stream={stream} />
      ) : (
        <>
          <h1 className="font-semibold text-2xl tracking-tight [overflow-wrap:anywhere]">{id}</h1>
          {data ? <NoSuchStream /> : error ? <ProblemNotice problem={asProblem(error)} /> : <Skeleton />}
        </>
      )}
    </div>
  );
}

function NoSuchStream() {
  return (
    <div className="card">
      <Empty
        title="There is no such stream"
        action={
          <Link href="/connect" className="text-accent underline">
            See those there are
          </Link>
        }
      >
        It may have been removed. Its data is kept, and goes on being there for queries.
      </Empty>
    </div>
  );
}

function Skeleton() {
  return (
    <>
      <p role="status" className="sr-only">
        Asking for the stream…
      </p>
      <div aria-hidden className="card h-48 motion-safe:animate-pulse" />
      <div aria-hidden className="card h-56 motion-safe:animate-pulse" />
      <div aria-hidden className="card h-120 motion-safe:animate-pulse" />
    </>
  );
}

function Content({ stream }: { stream: Stream }) {
  const measured = useHistory(stream.id);
  const [, navigate] = useLocation();
  return (
    <>
      <header className="flex flex-col gap-3">
        <div className="flex flex-wrap items-center gap-x-4 gap-y-2">
          <h1 className="min-w-0 font-semibold text-2xl tracking-tight [overflow-wrap:anywhere]">
            {stream.topic}
          </h1>
          <StreamBadges stream={stream} />
        </div>
        <p className="text-muted [overflow-wrap:anywhere]">
          {situation(stream)}{' '}
          {stream.table != null && (
            <>
              Its table is <code className="font-mono text-text">{stream.table}</code>.
            </>
          )}
        </p>
        <StreamActions stream={stream} inFull onRemoved={() => navigate('/connect')} />
      </header>
      <section
        aria-label="Figures"
        className="card grid gap-5 p-4 sm:p-6 lg:grid-cols-[auto_minmax(0,1fr)] lg:gap-10"
      >
        <RateNow stream={stream} />
        <Figures stream={stream} className="lg:grid-cols-4" />
      </section>
      <section aria-labelledby="charts" className="card flex flex-col gap-3 p-4 sm:p-6">
        <h2 id="charts" className="font-semibold text-lg">
          The last ten minutes{' '}
          <span className="font-normal text-muted text-sm">as far as this page has been open</span>
        </h2>
        <LiveCharts measured={measured} />
      </section>
      <Details stream={stream} />
    </>
  );
}

function Details({ stream }: { stream: Stream }) {
  const tabs: [string, string, ReactNode][] = [
    ['rows', 'Rows arriving', <ArrivingRows key="rows" stream={stream} />],
    [
      'partitions',
      `Partitions (${stream.partitions.length})`,
      <PartitionsTable key="partitions" stream={stream} />,
    ],
    ['audit', 'Audit', <Audit key="audit" stream={stream} />],
    ['columns', 'Columns', <Columns key="columns" table={stream.table} />],
    [
      'dead-letters',
      `Dead letters (${count(stream.dead_letters)})`,
      <DeadLettersList key="dead-letters" stream={stream} />,
    ],
  ];
  return (
    <section aria-label="Details" className="card p-4 sm:p-6">
      <Tabs label="Details" tabs={tabs.map(([id, label, content]) => ({ id, label, content }))} />
    </section>
  );
}
