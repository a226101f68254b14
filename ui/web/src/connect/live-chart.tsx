/** A chart of the last ten minutes that moves on with each measurement. Loaded when a stream's page is opened. */
import { useEffect, useMemo, useRef, useState } from 'react';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { theme, useTheme } from '../app/theme';
import { axis } from '../format/format';
import { niceCeiling } from '../format/series';
import { clock, useTimes } from '../format/time';
import { chartData, shownTimes } from './chart-data';
import type { Measured } from './history';

const HEIGHT = 160;

export interface ChartLine {
  name: string;
  token: '--accent' | '--violet' | '--blue' | '--amber';
  value: (at: Measured) => number | null;
  isFilled?: boolean;
}

interface Props {
  title: string;
  lines: readonly ChartLine[];
  measured: readonly Measured[];
  format: (value: number) => string;
}

function colour(token: string, opacity = 1): string {
  const value = getComputedStyle(document.documentElement).getPropertyValue(token).trim();
  return opacity === 1 ? value : `color-mix(in srgb, ${value} ${100 * opacity}%, transparent)`;
}

function options(
  width: number,
  lines: readonly ChartLine[],
  onPoint: (index: number | null) => void,
): uPlot.Options {
  const look = {
    stroke: colour('--muted'),
    grid: { stroke: colour('--line'), width: 1 },
    ticks: { show: false },
    font: '12px system-ui, sans-serif',
  };
  const time = (seconds: number) => clock(new Date(seconds * 1000).toISOString()).slice(-8, -3);
  return {
    width,
    height: HEIGHT,
    legend: { show: false },
    cursor: { y: false, drag: { x: false, y: false }, sync: { key: 'stream' }, points: { size: 7 } },
    scales: { y: { range: (_, __, highest) => [0, niceCeiling(highest ?? 0)] } },
    axes: [
      { ...look, grid: { show: false }, size: 28, space: 70, values: (_, splits) => splits.map(time) },
      {
        ...look,
        size: 48,
        splits: (_, __, ___, highest) => [0, highest / 2, highest],
        values: (_, splits) => splits.map(axis),
      },
    ],
    series: [
      {},
      ...lines.map(({ name, token, isFilled }) => ({
        label: name,
        stroke: colour(token),
        width: 2,
        points: { show: false },
        ...(isFilled ? { fill: colour(token, 0.16) } : {}),
      })),
    ],
    hooks: { setCursor: [(chart) => onPoint(chart.cursor.idx ?? null)] },
  };
}

export default function LiveChart({ title, lines, measured, format }: Props) {
  const frame = useRef<HTMLDivElement>(null);
  const chart = useRef<uPlot>(undefined);
  const [pointed, setPointed] = useState<number | null>(null);
  const dark = useTheme();
  const times = useTimes();
  const data = useMemo(
    () =>
      chartData(
        measured,
        lines.map(({ value }) => value),
      ),
    [measured, lines],
  );

  // biome-ignore lint/correctness/useExhaustiveDependencies: its axis tells times in the zone that is chosen.
  useEffect(() => {
    const element = frame.current;
    // The colours are taken from the theme when the chart is made.
    if (!element || dark !== theme()) return;
    const made = new uPlot(
      options(element.clientWidth, lines, setPointed),
      [[], ...lines.map(() => [])],
      element,
    );
    chart.current = made;
    const sizes = new ResizeObserver(() => made.setSize({ width: element.clientWidth, height: HEIGHT }));
    sizes.observe(element);
    return () => {
      sizes.disconnect();
      made.destroy();
      chart.current = undefined;
    };
  }, [dark, lines, times]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: a chart that was made anew for a theme needs its data, too.
  useEffect(() => {
    const [min, max] = shownTimes(measured, Date.now());
    chart.current?.batch((chart: uPlot) => {
      chart.setData(data, false);
      chart.setScale('x', { min, max });
    });
  }, [data, measured, dark, lines, times]);

  const [seconds, ...values] = data;
  const index = pointed ?? seconds.length - 1;
  const at = seconds[index];
  return (
    <figure className="min-w-0">
      <figcaption className="flex min-h-6 flex-wrap items-baseline justify-between gap-x-3 text-sm">
        <span className="font-medium">{title}</span>
        <span aria-hidden className="text-muted tabular-nums">
          {pointed !== null && at !== undefined && `${clock(new Date(at * 1000).toISOString())} `}
          {lines.map(({ name }, line) => {
            const value = values[line]?.[index];
            return (
              <span key={name} className="ml-2">
                {lines.length > 1 && `${name} `}
                <span className="text-text">{value == null ? '–' : format(value)}</span>
              </span>
            );
          })}
        </span>
      </figcaption>
      <div
        ref={frame}
        role="img"
        aria-label={`${title} over the last ten minutes, as far as this page has been open`}
        className="h-40 overflow-hidden"
      />
    </figure>
  );
}
