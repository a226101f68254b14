/** A stream's figures: how fresh, how many, how far behind, how many that did not fit. */
import type { Stream } from '../api/client';
import { count, duration, plural, shortCount, UNKNOWN } from '../format/format';
import { Time } from '../ui/time';
import { Tile } from './tile';

export function Figures({ stream, className = '' }: { stream: Stream; className?: string }) {
  const { freshness_ms: freshness, complete_to: completeTo } = stream;
  const [p50, unit] = freshness ? duration(freshness.p50) : [UNKNOWN, ''];
  return (
    <dl
      className={`@container grid grid-cols-2 gap-px overflow-hidden rounded-[10px] border border-line bg-line ${className}`}
    >
      <Tile
        label="Freshness p50"
        value={p50}
        unit={unit}
        context={freshness ? `p99 ${duration(freshness.p99).join(' ')}` : 'no event measured yet'}
      />
      <Tile
        label="Rows in total"
        value={shortCount(stream.rows)}
        exact={count(stream.rows)}
        context={
          completeTo != null && (
            <>
              all up to <Time at={completeTo} />
            </>
          )
        }
      />
      <Tile
        label="Lag"
        value={shortCount(String(stream.lag))}
        exact={count(stream.lag)}
        context={stream.lag === 1 ? 'event behind' : 'events behind'}
      />
      <Tile
        label="Dead letters"
        value={shortCount(stream.dead_letters)}
        exact={count(stream.dead_letters)}
        context={plural(stream.skipped, 'skip')}
        warn={stream.dead_letters !== '0'}
      />
    </dl>
  );
}
