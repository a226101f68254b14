/** The partitions as a picture: a lane a node, a block a partition, which glides when it moves. */
import { useRef, useState } from 'react';
import { Toolbar } from 'react-aria-components';
import type { OwnedPartition } from '../api/client';
import { count } from '../format/format';
import { useGlide } from './glide';
import { keyOf, type Lane, NOBODY } from './lanes';

/** With more partitions than this, blocks lose their numbers. */
const NUMBERED_AT_MOST = 96;

const COLOURS = [
  'border-accent/60 bg-accent/15',
  'border-violet/60 bg-violet/15',
  'border-blue/60 bg-blue/15',
  'border-amber/60 bg-amber/15',
  'border-muted/60 bg-muted/15',
] as const;

export function streamColour(streams: readonly string[], stream: string): string {
  return COLOURS[streams.indexOf(stream) % COLOURS.length] ?? COLOURS[0];
}

function describe(partition: OwnedPartition): string {
  const { stream, owner, planned, state, position, lag, epoch } = partition;
  const toMove = planned != null && planned !== owner ? ` · moving to ${planned}` : '';
  const where = owner == null ? 'with nobody' : `on ${owner}`;
  return `${stream}, partition ${partition.partition} ${where} · ${state}${toMove} · position ${count(position)} · lag ${count(lag)} · epoch ${epoch}`;
}

interface Props {
  lanes: readonly Lane[];
  streams: readonly string[];
}

export function Board({ lanes, streams }: Props) {
  const root = useRef<HTMLDivElement>(null);
  const [told, setTold] = useState<string>();
  useGlide(root);
  const all = lanes.flatMap(({ partitions }) => partitions);
  const isDense = all.length > NUMBERED_AT_MOST;
  const shown = all.find((partition) => keyOf(partition) === told);
  return (
    <div ref={root} className="relative flex flex-col">
      {lanes.map((lane) => (
        <div
          key={lane.id}
          className="grid gap-x-4 gap-y-1.5 border-line border-b px-4 py-3 sm:grid-cols-[9rem_1fr] sm:px-6"
        >
          <LaneName lane={lane} />
          <Toolbar
            aria-label={`Partitions of ${lane.id === NOBODY ? 'nobody' : lane.id}`}
            className={`flex min-h-9 flex-wrap content-center ${isDense ? 'gap-1' : 'gap-1.5'}`}
          >
            {lane.partitions.map((partition) => (
              <Block
                key={keyOf(partition)}
                partition={partition}
                colour={streamColour(streams, partition.stream)}
                isDense={isDense}
                onTell={setTold}
              />
            ))}
            {lane.partitions.length === 0 && <span className="self-center text-muted text-sm">none</span>}
          </Toolbar>
        </div>
      ))}
      <p className="min-h-[4.5em] px-4 py-3 text-muted text-sm tabular-nums [overflow-wrap:anywhere] sm:min-h-[3em] sm:px-6">
        {shown ? describe(shown) : 'Point at a partition, or go to it with the arrow keys, to see how it is.'}
      </p>
    </div>
  );
}

function LaneName({ lane: { id, node, partitions } }: { lane: Lane }) {
  const state = id === NOBODY ? 'Waiting for a node' : node === undefined ? 'not seen any more' : node.state;
  return (
    <p className="flex min-w-0 flex-wrap items-baseline gap-x-2 sm:flex-col">
      <span className="max-w-full truncate font-medium">{id === NOBODY ? 'Nobody' : id}</span>
      <span className={`text-sm ${node?.state === 'ready' ? 'text-muted' : 'text-amber'}`}>
        {node?.state === 'ready' ? `${count(partitions.length)} here` : state}
      </span>
    </p>
  );
}

interface BlockProps {
  partition: OwnedPartition;
  colour: string;
  isDense: boolean;
  onTell: (key: string | undefined) => void;
}

function Block({ partition, colour, isDense, onTell }: BlockProps) {
  const key = keyOf(partition);
  const { planned, owner, state } = partition;
  const isMoving = planned != null && planned !== owner;
  const size = isDense ? 'h-5 min-w-4 rounded' : 'h-9 min-w-11 rounded-lg px-2';
  return (
    <button
      type="button"
      data-glide={key}
      aria-label={describe(partition)}
      onPointerEnter={() => onTell(key)}
      onPointerLeave={() => onTell(undefined)}
      // Not every browser gives the focus to a button that is tapped.
      onClick={(event) => event.currentTarget.focus()}
      onFocus={() => onTell(key)}
      onBlur={() => onTell(undefined)}
      className={`relative border text-sm tabular-nums ${size} ${colour} ${state === 'running' ? '' : 'border-dashed'}`}
    >
      {!isDense && partition.partition}
      {isMoving && !isDense && <span className="ml-1.5 text-xs">→ {planned}</span>}
    </button>
  );
}
