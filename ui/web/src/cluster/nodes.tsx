/** The nodes: a table, which is a list of cards on a phone. */
import type { ClusterNode } from '../api/client';
import { useSession } from '../app/session';
import { stateTone } from '../connect/texts';
import { bytes, count, rate, UNKNOWN, uptime } from '../format/format';
import { Badge } from '../ui/badge';
import { DrainNode } from './drain-node';

const CELL = 'max-lg:flex max-lg:justify-between max-lg:gap-4 max-lg:px-4 max-lg:py-1 lg:px-3 lg:py-3';
const LABEL = 'text-muted text-sm lg:hidden';

export function Nodes({ nodes }: { nodes: readonly ClusterNode[] }) {
  const mayDrain = useSession().may.includes('administer');
  return (
    <table className="card block w-full max-lg:divide-y max-lg:divide-line lg:table lg:border-separate lg:border-spacing-0">
      <caption className="sr-only">The cluster’s nodes</caption>
      <thead className="text-left text-muted text-sm max-lg:sr-only">
        <tr>
          {['Node', 'State', 'Version', 'Address', 'Up for', 'Partitions', 'Processor', 'Memory'].map(
            (title) => (
              <th key={title} scope="col" className="px-3 py-2.5 font-medium first:pl-6">
                {title}
              </th>
            ),
          )}
          {mayDrain && (
            <th scope="col">
              <span className="sr-only">What can be done</span>
            </th>
          )}
        </tr>
      </thead>
      <tbody className="max-lg:block max-lg:divide-y max-lg:divide-line">
        {nodes.map((node) => (
          <Row key={node.id} node={node} isOnly={nodes.length === 1} mayDrain={mayDrain} />
        ))}
      </tbody>
    </table>
  );
}

function Row({ node, isOnly, mayDrain }: { node: ClusterNode; isOnly: boolean; mayDrain: boolean }) {
  const border = 'lg:border-line lg:border-t';
  return (
    <tr className="max-lg:grid max-lg:grid-cols-2 max-lg:gap-x-6 max-lg:py-3">
      <th scope="row" className={`${CELL} ${border} text-left font-semibold max-lg:col-span-2 lg:pl-6`}>
        <span className="block min-w-20 [overflow-wrap:anywhere]">{node.id}</span>
        {node.is_self && (
          <span className="block whitespace-nowrap font-normal text-muted text-sm">serves this page</span>
        )}
      </th>
      <td className={`${CELL} ${border}`}>
        <span className={LABEL}>State</span>
        <Badge tone={stateTone(node.state)}>{node.state}</Badge>
      </td>
      <td className={`${CELL} ${border}`}>
        <span className={LABEL}>Version</span>
        {node.version}
      </td>
      <td className={`${CELL} ${border} font-mono text-sm max-lg:col-span-2`}>
        <span className={`${LABEL} font-sans`}>Address</span>
        <a
          href={`${node.http}/cluster`}
          className="underline-offset-4 [overflow-wrap:anywhere] hover:underline xl:whitespace-nowrap"
        >
          {node.http.replace(/^https?:\/\//, '')}
        </a>
      </td>
      <td className={`${CELL} ${border} whitespace-nowrap tabular-nums`}>
        <span className={LABEL}>Up for</span>
        <time dateTime={node.started_at ?? undefined} title={node.started_at ?? undefined}>
          {uptime(node.uptime_s)}
        </time>
      </td>
      <td className={`${CELL} ${border} tabular-nums`}>
        <span className={LABEL}>Partitions</span>
        {count(node.partitions)}
        {node.capacity !== 1 && (
          <span className="text-muted text-sm"> (capacity {count(node.capacity)})</span>
        )}
      </td>
      <td className={`${CELL} ${border} whitespace-nowrap tabular-nums`}>
        <span className={LABEL}>Processor</span>
        {node.usage ? <Processor usage={node.usage} /> : UNKNOWN}
      </td>
      <td className={`${CELL} ${border} whitespace-nowrap tabular-nums`}>
        <span className={LABEL}>Memory</span>
        {node.usage ? <Memory usage={node.usage} /> : UNKNOWN}
      </td>
      {mayDrain && (
        <td className={`${CELL} ${border} max-lg:col-span-2 max-lg:pt-2 lg:pr-6 lg:text-right`}>
          <DrainNode node={node} isOnly={isOnly} />
        </td>
      )}
    </tr>
  );
}

type Usage = NonNullable<ClusterNode['usage']>;

function Processor({ usage: { cpu_cores, machine_cores } }: { usage: Usage }) {
  const cores = `${rate(cpu_cores)} of ${machine_cores} ${machine_cores === 1 ? 'core' : 'cores'}`;
  return <Used share={cpu_cores / machine_cores} text={cores} />;
}

function Memory({ usage: { memory_bytes, machine_memory_bytes } }: { usage: Usage }) {
  const of = `${bytes(memory_bytes)} of ${bytes(machine_memory_bytes)}`;
  return <Used share={memory_bytes / machine_memory_bytes} text={of} />;
}

/** How much of something is used, in words and as a line. */
function Used({ share, text }: { share: number; text: string }) {
  const tone = share > 0.9 ? 'fill-red' : share > 0.7 ? 'fill-amber' : 'fill-accent';
  return (
    <span className="inline-flex w-32 flex-col gap-1">
      {text}
      <svg aria-hidden className="h-1 w-full" viewBox="0 0 100 1" preserveAspectRatio="none">
        <rect width="100" height="1" className="fill-line" />
        <rect width={Math.min(100, share * 100)} height="1" className={tone} />
      </svg>
    </span>
  );
}
