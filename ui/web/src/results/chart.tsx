/** A result as a picture. Loaded lazily, since ECharts comes with it. */

import { useId, useMemo, useState } from 'react';
import { useTimes } from '../format/time';
import { type ChartSpec, fitSpec } from './auto-chart';
import { ChartCanvas } from './chart-canvas';
import { chartData, summary } from './chart-data';
import { ChartLegend } from './chart-legend';
import { ChartNumbers } from './chart-numbers';
import { ChartTable } from './chart-table';
import type { Column } from './chart-values';

interface Props {
  columns: readonly Column[];
  rows: readonly unknown[][];
  chart: ChartSpec;
  /** In pixels; `fill` takes what the box around it has. */
  height?: number | 'fill';
  /** What it is of: the question or the tile's title. */
  label: string;
}

export const CHART_HEIGHT = 320;

export default function Chart({ columns, rows, chart, height = CHART_HEIGHT, label }: Props) {
  const spec = useMemo(() => fitSpec(chart, columns, rows), [chart, columns, rows]);
  const box = height === 'fill' ? 'h-full' : '';
  return (
    <div className={`flex min-w-0 flex-col ${box}`} style={height === 'fill' ? {} : { height }}>
      {spec.kind === 'table' ? (
        <ChartTable columns={columns} rows={rows} label={label} />
      ) : spec.kind === 'number' ? (
        <ChartNumbers columns={columns} rows={rows} names={spec.y ?? []} />
      ) : (
        <Picture columns={columns} rows={rows} spec={spec} label={label} />
      )}
    </div>
  );
}

interface PictureProps {
  columns: readonly Column[];
  rows: readonly unknown[][];
  spec: ChartSpec;
  label: string;
}

function Picture({ columns, rows, spec, label }: PictureProps) {
  const id = useId();
  const [hidden, setHidden] = useState<ReadonlySet<string>>(new Set());
  const times = useTimes();
  // biome-ignore lint/correctness/useExhaustiveDependencies: the names along an axis may be times.
  const data = useMemo(() => chartData(spec, columns, rows), [spec, columns, rows, times]);
  const inWords = useMemo(() => summary(spec, data), [spec, data]);
  const named = spec.kind !== 'pie' && spec.kind !== 'heatmap' && data.series.length > 1;
  const left = [
    data.moreSeries > 0 && `${data.moreSeries} more series`,
    data.moreNames > 0 && `${data.moreNames} more along the axis`,
  ].filter(Boolean);
  return (
    <>
      {named && (
        <ChartLegend
          names={data.series.map(({ name }) => name)}
          hidden={hidden}
          onToggle={(name) => setHidden((hidden) => toggled(hidden, name))}
        />
      )}
      <ChartCanvas spec={spec} data={data} hidden={hidden} label={label} describedBy={id} />
      <p id={id} className="sr-only">
        {inWords}
      </p>
      {left.length > 0 && <p className="pt-1 text-muted text-sm">and {left.join(', ')}</p>}
    </>
  );
}

function toggled(hidden: ReadonlySet<string>, name: string): ReadonlySet<string> {
  const now = new Set(hidden);
  if (!now.delete(name)) now.add(name);
  return now;
}
