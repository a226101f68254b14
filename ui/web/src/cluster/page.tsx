/** The nodes, who has which partition, and what changed hands. */
import { useEffect, useMemo, useState } from 'react';
import { useCluster } from '../api/live';
import { asProblem } from '../api/problem';
import { useRecordedStreams } from '../connect/history';
import { Empty, ProblemNotice } from '../ui/notice';
import { Board, streamColour } from './board';
import { Handovers } from './handovers';
import { type Handover, lanesOf, streamsOf, withHandovers } from './lanes';
import { Nodes } from './nodes';
import { Totals } from './totals';

export default function Page() {
  const { data: cluster, error } = useCluster();
  const { data: streams } = useRecordedStreams();
  const log = useHandovers(cluster?.partitions);
  return (
    <div className="flex flex-col gap-6 py-4">
      <h1 className="flex min-h-10 items-center font-semibold text-2xl tracking-tight">
        Cluster
        {cluster?.cluster != null && (
          <span className="ml-3 truncate font-normal text-base text-muted tracking-normal">
            {cluster.cluster}
          </span>
        )}
      </h1>
      {cluster ? (
        <>
          <Totals cluster={cluster} streams={streams} />
          <section aria-labelledby="partitions" className="flex flex-col gap-3">
            <h2 id="partitions" className="font-semibold text-lg">
              Partitions
            </h2>
            <Picture cluster={cluster} />
          </section>
          <section aria-labelledby="nodes" className="flex flex-col gap-3">
            <h2 id="nodes" className="font-semibold text-lg">
              Nodes
            </h2>
            <Nodes nodes={cluster.nodes} />
          </section>
          <section aria-labelledby="handovers" className="flex flex-col gap-3">
            <h2 id="handovers" className="font-semibold text-lg">
              What changed hands
            </h2>
            <div className="card overflow-hidden">
              <Handovers log={log} />
            </div>
          </section>
        </>
      ) : error ? (
        <ProblemNotice problem={asProblem(error)} />
      ) : (
        <Skeleton />
      )}
    </div>
  );
}

/** The handovers seen since the page was opened, beginning with the last one of each partition. */
function useHandovers(partitions: Parameters<typeof withHandovers>[1] | undefined): readonly Handover[] {
  const [log, setLog] = useState<readonly Handover[]>([]);
  useEffect(() => {
    if (partitions) setLog((log) => withHandovers(log, partitions));
  }, [partitions]);
  return log;
}

function Picture({ cluster }: { cluster: NonNullable<ReturnType<typeof useCluster>['data']> }) {
  const lanes = useMemo(() => lanesOf(cluster), [cluster]);
  const streams = useMemo(() => streamsOf(cluster.partitions), [cluster.partitions]);
  if (cluster.partitions.length === 0) {
    return (
      <div className="card">
        <Empty title="No partitions yet">
          As soon as a stream is added, its partitions are dealt out to the nodes and show up here.
        </Empty>
      </div>
    );
  }
  return (
    <div className="card">
      <ul
        aria-label="Colours"
        className="flex flex-wrap gap-x-5 gap-y-1 border-line border-b px-4 py-3 text-sm sm:px-6"
      >
        {streams.map((stream) => (
          <li key={stream} className="flex min-w-0 items-center gap-2">
            <span
              aria-hidden
              className={`size-3.5 shrink-0 rounded border ${streamColour(streams, stream)}`}
            />
            <span className="[overflow-wrap:anywhere]">{stream}</span>
          </li>
        ))}
      </ul>
      <Board lanes={lanes} streams={streams} />
    </div>
  );
}

function Skeleton() {
  return (
    <div className="flex flex-col gap-6">
      <p role="status" className="sr-only">
        Asking for the cluster…
      </p>
      <div aria-hidden className="card h-44 motion-safe:animate-pulse lg:h-24" />
      <div aria-hidden className="card h-80 motion-safe:animate-pulse" />
      <div aria-hidden className="card h-60 motion-safe:animate-pulse" />
    </div>
  );
}
