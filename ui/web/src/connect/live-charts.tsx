/** How much, how far behind and how fresh, over the last ten minutes. */
import { lazy, Suspense } from 'react';
import { duration, rate, shortCount } from '../format/format';
import type { Measured } from './history';
import type { ChartLine } from './live-chart';

const LiveChart = lazy(() => import('./live-chart'));

const RATE: ChartLine[] = [{ name: 'rate', token: '--accent', value: ({ rate }) => rate, isFilled: true }];
const LAG: ChartLine[] = [{ name: 'lag', token: '--violet', value: ({ lag }) => lag, isFilled: true }];
const FRESHNESS: ChartLine[] = [
  { name: 'p50', token: '--blue', value: ({ p50 }) => p50 },
  { name: 'p99', token: '--amber', value: ({ p99 }) => p99 },
];

export function LiveCharts({ measured }: { measured: readonly Measured[] }) {
  return (
    <div className="grid gap-6 lg:grid-cols-3">
      <Suspense fallback={<Fallback />}>
        <LiveChart title="Events a second" lines={RATE} measured={measured} format={rate} />
        <LiveChart
          title="Lag, in events"
          lines={LAG}
          measured={measured}
          format={(value) => shortCount(String(value))}
        />
        <LiveChart
          title="Freshness, in milliseconds"
          lines={FRESHNESS}
          measured={measured}
          format={(value) => duration(value).join(' ')}
        />
      </Suspense>
    </div>
  );
}

function Fallback() {
  return ['rate', 'lag', 'freshness'].map((chart) => (
    <div key={chart} aria-hidden className="h-46 rounded-lg bg-raised motion-safe:animate-pulse" />
  ));
}
