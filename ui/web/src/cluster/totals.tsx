/** The whole cluster in four figures. */
import type { Cluster, Stream } from '../api/client';
import { Tile } from '../connect/tile';
import { count, plural, rate, shortCount } from '../format/format';
import { totalLag } from './lanes';

/** What all audits together say: the worst of them. */
export function auditOfAll(streams: readonly Pick<Stream, 'audit'>[]): { verdict: string; context: string } {
  const broken = streams.filter(({ audit }) => audit.state === 'broken').length;
  const clean = streams.filter(({ audit }) => audit.state === 'clean').length;
  if (streams.length === 0) return { verdict: '–', context: 'no streams' };
  if (broken > 0) return { verdict: 'broken', context: `${plural(broken, 'stream')}: offsets do not add up` };
  if (clean < streams.length)
    return { verdict: 'pending', context: `${clean} of ${plural(streams.length, 'stream')} clean` };
  return { verdict: 'clean', context: 'each offset once' };
}

export function Totals({ cluster, streams }: { cluster: Cluster; streams: readonly Stream[] | undefined }) {
  const ready = cluster.nodes.filter(({ state }) => state === 'ready').length;
  const lag = totalLag(cluster.partitions);
  const perSecond = streams?.reduce((sum, { events_per_s }) => sum + events_per_s, 0) ?? 0;
  const audit = auditOfAll(streams ?? []);
  const moving = cluster.partitions.filter(
    ({ owner, planned }) => planned != null && owner !== planned,
  ).length;
  return (
    <dl className="@container grid grid-cols-2 gap-px overflow-hidden rounded-card border border-line bg-line lg:grid-cols-4">
      <Tile
        label="Nodes ready"
        value={`${ready} of ${cluster.nodes.length}`}
        context={plural(cluster.partitions.length, 'partition')}
        warn={ready < cluster.nodes.length}
      />
      <Tile
        label="Events a second"
        value={rate(perSecond)}
        context={plural(streams?.length ?? 0, 'stream')}
      />
      <Tile
        label="Lag"
        value={shortCount(String(lag))}
        exact={count(lag)}
        context={moving > 0 ? `${plural(moving, 'partition')} moving` : 'events behind'}
      />
      <Tile label="Audit" value={audit.verdict} context={audit.context} warn={audit.verdict === 'broken'} />
    </dl>
  );
}
