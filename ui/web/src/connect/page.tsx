/** The streams, live, and the connections that they read through. */
import { useQuery } from '@tanstack/react-query';
import { Plus } from 'lucide-react';
import { useState } from 'react';
import { asProblem } from '../api/problem';
import { useMayEdit } from '../app/session';
import { Button } from '../ui/button';
import { Code } from '../ui/code';
import { Empty, ProblemNotice } from '../ui/notice';
import { AddStream } from './add-stream';
import { connections as listConnections } from './connections-api';
import { ConnectionsList, NewConnectionLink } from './connections-list';
import { useRecordedStreams } from './history';
import { StreamCard, StreamCardSkeleton } from './stream-card';

export default function Page() {
  const streams = useRecordedStreams();
  const connections = useQuery({
    queryKey: ['connections'],
    queryFn: ({ signal }) => listConnections(signal),
    staleTime: 5_000,
    refetchInterval: 10_000,
  });
  const mayEdit = useMayEdit();
  const [isAdding, setAdding] = useState(false);
  const streamsOf = (name: string) =>
    streams.data?.filter(({ connection }) => connection === name).length ?? 0;

  return (
    <div className="flex flex-col gap-8 py-4">
      <section aria-labelledby="streams" className="flex flex-col gap-4">
        <div className="flex min-h-10 flex-wrap items-center justify-between gap-3">
          <h1 className="font-semibold text-2xl tracking-tight">Connect</h1>
          {mayEdit && (
            <Button kind="primary" onPress={() => setAdding(true)}>
              <Plus aria-hidden className="size-4" /> Add a stream
            </Button>
          )}
        </div>
        <h2 id="streams" className="sr-only">
          Streams
        </h2>
        <StreamCards streams={streams} onAdd={mayEdit ? () => setAdding(true) : undefined} />
      </section>
      <section aria-labelledby="connections" className="flex flex-col gap-3">
        <div className="flex flex-wrap items-center justify-between gap-3">
          <h2 id="connections" className="font-semibold text-lg">
            Connections
          </h2>
          {mayEdit && <NewConnectionLink />}
        </div>
        {connections.data ? (
          <ConnectionsList connections={connections.data} streamsOf={streamsOf} />
        ) : connections.error ? (
          <ProblemNotice problem={asProblem(connections.error)} />
        ) : (
          <div aria-hidden className="card h-13 motion-safe:animate-pulse" />
        )}
      </section>
      <AddStream connections={connections.data ?? []} isOpen={isAdding} onClose={() => setAdding(false)} />
    </div>
  );
}

interface CardsProps {
  streams: ReturnType<typeof useRecordedStreams>;
  onAdd: (() => void) | undefined;
}

function StreamCards({ streams: { data, error }, onAdd }: CardsProps) {
  if (!data && error) return <ProblemNotice problem={asProblem(error)} />;
  if (!data) {
    return (
      <div>
        <p role="status" className="sr-only">
          Asking for the streams…
        </p>
        <StreamCardSkeleton />
      </div>
    );
  }
  if (data.length === 0) return <NoStreams onAdd={onAdd} />;
  return (
    <div className="grid grid-cols-[repeat(auto-fit,minmax(min(100%,34rem),1fr))] items-start gap-4">
      {data.map((stream) => (
        <StreamCard key={stream.id} stream={stream} />
      ))}
    </div>
  );
}

function NoStreams({ onAdd }: { onAdd: (() => void) | undefined }) {
  return (
    <div className="card">
      <Empty
        title="No stream yet"
        action={
          onAdd && (
            <Button kind="primary" onPress={onAdd}>
              <Plus aria-hidden className="size-4" /> Add a stream
            </Button>
          )
        }
      >
        <p>
          No topic is read, because none has been set up. A stream shows up here within a second of being
          added{onAdd ? '' : ' by an editor'}.
        </p>
        <p className="mt-2">To see a demo stream, or to read a topic of your own, on a machine of yours:</p>
        <Code>{'aurora up\naurora up --kafka HOST:PORT --topic TOPIC'}</Code>
      </Empty>
    </div>
  );
}
