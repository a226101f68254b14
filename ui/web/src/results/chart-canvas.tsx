import { useEffect, useRef, useState } from 'react';
import { useTheme } from '../app/theme';
import type { ChartSpec } from './auto-chart';
import type { ChartData } from './chart-data';
import { type Engine, startEngine } from './chart-engine';
import { chartOption } from './chart-options';
import { chartTheme } from './chart-theme';

interface Props {
  spec: ChartSpec;
  data: ChartData;
  hidden: ReadonlySet<string>;
  label: string;
  describedBy: string;
}

const stillness = matchMedia('(prefers-reduced-motion: reduce)');

/** Where ECharts draws. It takes the height that is left, follows the size of its box and the theme. */
export function ChartCanvas({ spec, data, hidden, label, describedBy }: Props) {
  const box = useRef<HTMLDivElement>(null);
  const [engine, setEngine] = useState<Engine>();
  const [size, setSize] = useState<{ width: number; height: number }>();
  const theme = useTheme();

  useEffect(() => {
    const element = box.current;
    if (!element) return undefined;
    let started: Engine | undefined;
    const observer = new ResizeObserver(([entry]) => {
      const { width, height } = entry?.contentRect ?? { width: 0, height: 0 };
      // Hidden, as the pages are while nobody is logged in: there is nothing to draw on.
      if (width === 0 || height === 0) return;
      if (started) started.resize();
      else {
        started = startEngine(element);
        setEngine(started);
      }
      setSize({ width, height });
    });
    observer.observe(element);
    return () => {
      observer.disconnect();
      started?.dispose();
      setEngine(undefined);
    };
  }, []);

  // biome-ignore lint/correctness/useExhaustiveDependencies: the colours are read anew when the theme has changed.
  useEffect(() => {
    if (!engine || !size) return;
    const drawing = { spec, data, hidden, ...size, theme: chartTheme(), still: stillness.matches };
    engine.setOption(chartOption(drawing), { notMerge: true });
  }, [engine, size, spec, data, hidden, theme]);

  return (
    <div
      ref={box}
      role="img"
      aria-label={label}
      aria-describedby={describedBy}
      className="min-h-0 w-full min-w-0 flex-1"
    />
  );
}
