/** The stream's partitions: who has them, and how far they are. */
import type { Stream, StreamPartition } from '../api/client';
import { count, sentence, UNKNOWN } from '../format/format';
import { Badge } from '../ui/badge';
import { Empty } from '../ui/notice';
import { Table, type TableColumn } from './table';
import { stateTone } from './texts';

const COLUMNS: TableColumn<StreamPartition>[] = [
  { title: 'Partition', cell: ({ partition }) => partition },
  { title: 'Owner', cell: ({ owner }) => owner ?? 'nobody' },
  {
    title: 'State',
    cell: ({ state, reason }) => (
      <>
        <Badge tone={stateTone(state)}>{state}</Badge>
        {reason && <span className="block text-amber text-sm">{sentence(reason)}</span>}
      </>
    ),
  },
  { title: 'Position', cell: ({ position }) => count(position), isNumber: true },
  {
    title: 'End',
    cell: ({ end_offset }) => (end_offset == null ? UNKNOWN : count(end_offset)),
    isNumber: true,
  },
  { title: 'Lag', cell: ({ lag }) => count(lag), isNumber: true },
  { title: 'Epoch', cell: ({ epoch }) => count(epoch), isNumber: true },
  { title: 'Rows', cell: ({ rows }) => count(rows), isNumber: true },
  { title: 'Dead letters', cell: ({ dead_letters }) => count(dead_letters), isNumber: true },
];

export function PartitionsTable({ stream: { partitions, state } }: { stream: Stream }) {
  if (partitions.length === 0) {
    return (
      <Empty title="No node has a partition of it">
        {state === 'paused'
          ? 'Nodes take them again within seconds, once the stream is resumed.'
          : 'Nodes take them within seconds, once the topic is there.'}
      </Empty>
    );
  }
  const sorted = [...partitions].sort((a, b) => a.partition - b.partition);
  return (
    <Table
      caption="The stream’s partitions"
      columns={COLUMNS}
      rows={sorted}
      keyOf={({ partition }) => partition}
      inPairs
    />
  );
}
