/** One small cell a partition; the line below tells about the one that is pointed at or has the focus. */
import { useState } from 'react';
import { Toolbar } from 'react-aria-components';
import type { StreamPartition } from '../api/client';
import { count } from '../format/format';
import { describePartition, lagFill, overview } from './texts';

const SHOWN_AT_MOST = 256;

/** With more partitions than this, the cells lose their numbers so that the strip stays a strip. */
const NUMBERED_AT_MOST = 32;

const TONES: Record<string, string> = {
  running: 'border-accent/40 bg-accent/12 hover:border-accent focus:border-accent',
  settling: 'border-blue/40 bg-blue/12 hover:border-blue focus:border-blue',
  starting: 'border-blue/40 bg-blue/12 hover:border-blue focus:border-blue',
  waiting: 'border-amber/40 bg-amber/12 hover:border-amber focus:border-amber',
  failed: 'border-red/40 bg-red/12 hover:border-red focus:border-red',
};
const OTHER_TONE = 'border-line-strong bg-raised hover:border-muted focus:border-muted';

export function PartitionStrip({ partitions }: { partitions: readonly StreamPartition[] }) {
  const [pointed, setPointed] = useState<number>();
  const [focused, setFocused] = useState<number>();
  const shown = [...partitions].sort((a, b) => a.partition - b.partition).slice(0, SHOWN_AT_MOST);
  const told = shown.find(({ partition }) => partition === (pointed ?? focused));
  const isDense = shown.length > NUMBERED_AT_MOST;
  return (
    <div>
      <Toolbar
        aria-label="Partitions"
        className={`flex min-h-7 flex-wrap items-center ${isDense ? 'gap-0.75' : 'gap-1.5'}`}
      >
        {shown.map((partition) => (
          <button
            key={partition.partition}
            type="button"
            aria-label={describePartition(partition)}
            onPointerEnter={() => setPointed(partition.partition)}
            onPointerLeave={() => setPointed(undefined)}
            // Not every browser gives the focus to a button that is tapped.
            onClick={(event) => event.currentTarget.focus()}
            onFocus={() => setFocused(partition.partition)}
            onBlur={() => setFocused(undefined)}
            className={`relative overflow-hidden border text-xs tabular-nums leading-none ${isDense ? 'h-4.5 min-w-3.5 rounded' : 'h-7 min-w-9 rounded-[7px] px-1.5 pb-0.75'} ${TONES[partition.state] ?? OTHER_TONE}`}
          >
            {!isDense && partition.partition}
            <span
              className="absolute inset-x-0 bottom-0 h-0.75 origin-left bg-violet transition-transform duration-300"
              style={{ transform: `scaleX(${lagFill(partition.lag)})` }}
            />
          </button>
        ))}
        {partitions.length > shown.length && (
          <span className="text-sm">and {count(partitions.length - shown.length)} more</span>
        )}
      </Toolbar>
      {/* Room for the longest line from the start, so that pointing at a partition moves nothing. */}
      <p className="mt-1.5 min-h-[4.5em] tabular-nums @xs:min-h-[3em] @4xl:min-h-[1.5em]">
        {told ? describePartition(told) : overview(shown)}
      </p>
    </div>
  );
}
