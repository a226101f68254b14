/** The partitions as lanes of nodes, and what has changed hands. Pure: no DOM in here. */
import type { Cluster, ClusterNode, OwnedPartition } from '../api/client';

export interface Lane {
  id: string;
  /** Undefined for a node that owns something but is not seen any more, and for what nobody has. */
  node: ClusterNode | undefined;
  partitions: OwnedPartition[];
}

/** The lane of partitions that no node has. */
export const NOBODY = '';

export function keyOf({ stream, partition }: Pick<OwnedPartition, 'stream' | 'partition'>): string {
  return `${stream}/${partition}`;
}

/** One lane a node, in their order; then owners that are gone, and what nobody has, if there is any. */
export function lanesOf({ nodes, partitions }: Pick<Cluster, 'nodes' | 'partitions'>): Lane[] {
  const lanes = new Map<string, Lane>(nodes.map((node) => [node.id, { id: node.id, node, partitions: [] }]));
  for (const partition of partitions) {
    const id = partition.owner ?? NOBODY;
    const lane = lanes.get(id) ?? { id, node: undefined, partitions: [] };
    lane.partitions.push(partition);
    lanes.set(id, lane);
  }
  const all = [...lanes.values()];
  return [...all.filter(({ id }) => id !== NOBODY), ...all.filter(({ id }) => id === NOBODY)];
}

/** The streams in the order in which they get their colours. */
export function streamsOf(partitions: readonly OwnedPartition[]): string[] {
  return [...new Set(partitions.map(({ stream }) => stream))].sort();
}

export interface Handover {
  key: string;
  stream: string;
  partition: number;
  kind: string;
  from: string | null;
  to: string;
  at: string;
}

const KEPT = 200;

/** The log with what the cluster tells now, the latest first. What is known already stays the same object. */
export function withHandovers(
  log: readonly Handover[],
  partitions: readonly OwnedPartition[],
): readonly Handover[] {
  const known = new Set(log.map(({ key }) => key));
  const news: Handover[] = [];
  for (const { stream, partition, owner, last_handover: last } of partitions) {
    // A partition that nobody has at the moment still tells of its last owner.
    if (!last || owner == null) continue;
    // Without the epoch, which need not be told at the same moment, and to the millisecond.
    const key = `${stream}/${partition}/${owner}/${Date.parse(last.at)}`;
    if (known.has(key)) continue;
    news.push({ key, stream, partition, kind: last.kind, from: last.from ?? null, to: owner, at: last.at });
  }
  if (news.length === 0) return log;
  const byTime = (a: Handover, b: Handover) =>
    Date.parse(b.at) - Date.parse(a.at) || a.partition - b.partition;
  return [...news, ...log].sort(byTime).slice(0, KEPT);
}

/** `node-2 took it over from node-3`. */
export function handoverText({ kind, from, to }: Pick<Handover, 'kind' | 'from' | 'to'>): string {
  const whom = from === null || from === to ? '' : ` from ${from}`;
  if (kind === 'new') return `${to} began with it`;
  if (kind === 'resumed') return `${to} went on with it`;
  if (kind === 'taken-over') return `${to} took it over${whom}`;
  return from === null ? `${to} got it` : `${from} handed it over to ${to}`;
}

/** All messages that are in Kafka and not written yet. */
export function totalLag(partitions: readonly Pick<OwnedPartition, 'lag'>[]): number {
  return partitions.reduce((sum, { lag }) => sum + lag, 0);
}
