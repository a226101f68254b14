/** What a tile shows: its answer as a chart, or why there is none. */
import { lazy, Suspense } from 'react';
import { asProblem } from '../api/problem';
import { plural } from '../format/format';
import { ProblemNotice } from '../ui/notice';
import type { Tile } from './board';
import { usesRange } from './board-time';
import { useStatement } from './use-statement';
import type { View } from './use-view';

const Chart = lazy(() => import('../results/chart'));

interface Props {
  tile: Tile;
  view: View;
  isSeen: boolean;
}

export function TileBody({ tile, view, isSeen }: Props) {
  const { query, missing } = useStatement(tile, view, isSeen);
  const { data, error } = query;
  if (tile.sql.trim() === '') return <Note>This tile has no statement yet. Edit it to ask one.</Note>;
  if (missing.length > 0) {
    return (
      <Note>
        Its statement wants {missing.map((name) => `{${name}}`).join(', ')}, which the board has no variable
        for.
      </Note>
    );
  }
  if (error) {
    return (
      <div className="min-h-0 flex-1 overflow-auto">
        <ProblemNotice problem={asProblem(error)} />
      </div>
    );
  }
  if (!data) return <Skeleton />;
  if (data.rows.length === 0) {
    const hint = usesRange(tile.sql)
      ? 'There is nothing in this time. Choose a longer one.'
      : 'The answer is empty.';
    return <Note>{hint}</Note>;
  }
  return (
    <div className="flex min-h-0 flex-1 flex-col">
      <div className="min-h-0 flex-1">
        <Suspense fallback={<Skeleton />}>
          <Chart
            columns={data.columns}
            rows={data.rows}
            chart={tile.chart}
            height="fill"
            label={tile.title}
          />
        </Suspense>
      </div>
      {data.truncated && (
        <p className="pt-1 text-muted text-sm">
          The first {plural(data.rows.length, 'row')}; there are more.
        </p>
      )}
    </div>
  );
}

function Note({ children }: { children: React.ReactNode }) {
  return (
    <p className="flex min-h-0 flex-1 items-center justify-center overflow-auto text-balance p-2 text-center text-muted">
      <span>{children}</span>
    </p>
  );
}

function Skeleton() {
  return (
    <div className="h-full min-h-0 flex-1 rounded-lg bg-raised motion-safe:animate-pulse">
      <span className="sr-only">Asking…</span>
    </div>
  );
}
