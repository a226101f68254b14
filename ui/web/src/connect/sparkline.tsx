/** Events a second over the last two minutes, as a line that moves to the left. */
import { type PointerEvent, useId, useMemo, useState } from 'react';
import { axis, rate } from '../format/format';
import { nearest, shape, trimmed, WINDOW_MS } from '../format/series';
import type { Measured } from './history';

const WIDTH = 600;
const HEIGHT = 100;

export function Sparkline({ measured, isLive }: { measured: readonly Measured[]; isLive: boolean }) {
  const gradient = useId();
  const [pointedAt, setPointedAt] = useState<number>();
  const samples = useMemo(
    () => trimmed(measured, WINDOW_MS).map(({ atMs, rate }) => ({ atMs, value: rate })),
    [measured],
  );
  const { line, area, ceiling } = useMemo(() => shape(samples, WIDTH, HEIGHT), [samples]);
  const newest = samples.at(-1);
  const pointed = pointedAt === undefined ? undefined : nearest(samples, pointedAt);
  const agoMs = newest && pointed ? newest.atMs - pointed.atMs : 0;

  function point(event: PointerEvent<HTMLElement>) {
    const box = event.currentTarget.getBoundingClientRect();
    setPointedAt((event.clientX - box.left) / box.width);
  }

  return (
    <div className="flex flex-1 flex-col">
      <div
        role="img"
        aria-label={`Events a second over the last two minutes, now ${rate(newest?.value ?? 0)}`}
        className="relative min-h-22 flex-1 border-line-strong border-b"
        onPointerMove={point}
        onPointerLeave={() => setPointedAt(undefined)}
      >
        <div className="absolute inset-x-0 top-0 border-line border-t" />
        <svg
          aria-hidden
          viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
          preserveAspectRatio="none"
          className="absolute inset-0 size-full overflow-visible [clip-path:inset(-4px_-4px_-4px_0)]"
        >
          <defs>
            <linearGradient id={gradient} x1="0" y1="0" x2="0" y2="1">
              <stop offset="0" className="[stop-color:var(--accent)] [stop-opacity:0.38]" />
              <stop offset="1" className="[stop-color:var(--blue)] [stop-opacity:0.03]" />
            </linearGradient>
          </defs>
          <path d={area} fill={`url(#${gradient})`} />
          <path
            d={line}
            className="fill-none stroke-2 stroke-accent [stroke-linecap:round] [stroke-linejoin:round]"
            vectorEffect="non-scaling-stroke"
          />
        </svg>
        {pointed && (
          <span
            className="pointer-events-none absolute inset-y-0 w-px bg-text/50"
            style={{ left: `${100 * (1 - agoMs / WINDOW_MS)}%` }}
          />
        )}
        {newest && (
          <span
            className="-right-1 -mt-1 absolute size-2 rounded-full bg-accent"
            style={{ top: `${100 * (1 - newest.value / ceiling)}%` }}
          >
            {isLive && (
              <span className="absolute inset-0 rounded-full bg-accent motion-safe:animate-ping motion-reduce:hidden" />
            )}
          </span>
        )}
        <span className="absolute right-0 bottom-full text-muted text-xs">{axis(ceiling)}</span>
      </div>
      <div aria-hidden className="flex justify-between pt-1 text-muted text-xs tabular-nums">
        <span>2 min ago</span>
        {pointed && (
          <span className="text-text">
            {rate(pointed.value)}/s {agoMs < 500 ? 'now' : `${Math.round(agoMs / 1000)} s ago`}
          </span>
        )}
        <span>now</span>
      </div>
    </div>
  );
}
