/** A stream at a glance; its name leads to its own page. */
import { Link } from 'wouter';
import type { Stream } from '../api/client';
import { bytes, rate } from '../format/format';
import { Figures } from './figures';
import { useHistory } from './history';
import { PartitionStrip } from './partition-strip';
import { Sparkline } from './sparkline';
import { StreamActions } from './stream-actions';
import { StreamBadges } from './stream-badges';
import { auditText, checkedText, situation, streamPath } from './texts';

const SITUATION_TONES: Record<string, string> = { waiting: 'text-amber', failed: 'text-red' };

export function StreamCard({ stream }: { stream: Stream }) {
  const measured = useHistory(stream.id);
  return (
    <article aria-label={`Stream ${stream.id}`} className="card @container p-4 sm:p-6">
      <header className="flex flex-wrap items-center gap-x-4 gap-y-1.5">
        <h3 className="min-w-0 flex-auto font-semibold text-lg [overflow-wrap:anywhere]">
          <Link href={streamPath(stream.id)} className="rounded underline-offset-4 hover:underline">
            {stream.topic}
          </Link>
          {stream.table != null && (
            <>
              {' '}
              <span role="img" aria-label="into table" className="text-accent">
                →
              </span>{' '}
              <span className="font-medium font-mono text-[0.85em] text-muted">{stream.table}</span>
            </>
          )}
        </h3>
        <StreamBadges stream={stream} />
        <StreamActions stream={stream} />
        <p
          className={`min-h-6 flex-[1_0_100%] [overflow-wrap:anywhere] ${SITUATION_TONES[stream.state] ?? 'text-muted'}`}
        >
          {situation(stream)}
        </p>
      </header>
      <div className="my-5 grid gap-5 @4xl:grid-cols-[minmax(0,1.15fr)_minmax(0,1fr)] @4xl:gap-8">
        <div className="flex min-w-0 flex-col gap-2">
          <RateNow stream={stream} />
          <Sparkline measured={measured} isLive={stream.state === 'running'} />
        </div>
        <Figures stream={stream} />
      </div>
      <footer className="grid gap-x-6 gap-y-1.5 text-muted text-sm @4xl:grid-cols-[1fr_auto]">
        <p className="[overflow-wrap:anywhere] @4xl:order-1 @4xl:self-end">
          {auditText(stream).meaning} {checkedText(stream.audit.checked_at)}
        </p>
        <PartitionStrip partitions={stream.partitions} />
      </footer>
    </article>
  );
}

export function RateNow({ stream }: { stream: Stream }) {
  return (
    <dl className="grid grid-cols-[auto_1fr] content-start items-baseline gap-x-3">
      <dt className="col-span-2 text-muted text-sm">Events per second</dt>
      <dd className="font-semibold text-4xl tabular-nums leading-tight tracking-tight @4xl:text-5xl">
        {rate(stream.events_per_s)}
      </dd>
      <dd className="truncate text-muted text-sm tabular-nums">{bytes(stream.bytes_per_s)} a second</dd>
    </dl>
  );
}

/** As high as the card that will take its place. */
export function StreamCardSkeleton() {
  return (
    <div
      aria-hidden
      className="card flex min-h-[41.5rem] flex-col gap-4 p-4 sm:p-6 motion-safe:animate-pulse lg:min-h-[25.5rem]"
    >
      <div className="h-6 w-3/5 max-w-sm rounded-lg bg-raised" />
      <div className="h-5 w-4/5 max-w-xl rounded-lg bg-raised" />
      <div className="grid flex-1 gap-8 lg:grid-cols-2">
        <div className="rounded-lg bg-raised" />
        <div className="rounded-lg bg-raised" />
      </div>
      <div className="h-5 w-2/5 rounded-lg bg-raised" />
    </div>
  );
}
