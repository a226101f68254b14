/** The connections, with their brokers; each name leads to its form. */
import { Lock, LockOpen, Plus } from 'lucide-react';
import { Link } from 'wouter';
import { useMayEdit } from '../app/session';
import { plural, sentence } from '../format/format';
import { Badge } from '../ui/badge';
import { Empty } from '../ui/notice';
import type { Connection, Security } from './connections-api';
import { connectionPath } from './texts';

const WORDS: Record<Security<unknown>['kind'], string> = {
  plaintext: 'not encrypted',
  tls: 'TLS',
  mtls: 'mutual TLS',
  sasl: 'SASL',
  oauthbearer: 'OAuth',
};

function SecurityBadge({ security }: { security: Security<unknown> }) {
  const isEncrypted = security.kind !== 'plaintext' && !('tls' in security && !security.tls);
  const Icon = isEncrypted ? Lock : LockOpen;
  const words = security.kind === 'sasl' ? security.mechanism : WORDS[security.kind];
  const rest = isEncrypted || security.kind === 'plaintext' ? '' : ', not encrypted';
  return (
    <Badge tone="calm" icon={<Icon aria-hidden className="size-3.5" />}>
      {words}
      {rest}
    </Badge>
  );
}

export function NewConnectionLink() {
  return (
    <Link
      href="/connect/new"
      className="inline-flex min-h-8 items-center gap-1.5 whitespace-nowrap rounded-[10px] border border-line-strong bg-raised px-2.5 text-sm hover:border-muted"
    >
      <Plus aria-hidden className="size-4" /> Add a connection
    </Link>
  );
}

export function ConnectionsList({
  connections,
  streamsOf,
}: {
  connections: readonly Connection[];
  streamsOf: (name: string) => number;
}) {
  const mayEdit = useMayEdit();
  if (connections.length === 0) {
    return (
      <div className="card">
        <Empty title="No connection yet" action={mayEdit && <NewConnectionLink />}>
          A connection says where Kafka’s brokers are and how to log in there. Streams read topics through it.
        </Empty>
      </div>
    );
  }
  return (
    <ul className="card divide-y divide-line">
      {connections.map(({ name, brokers, security, reason }) => (
        <li key={name} className="flex flex-wrap items-center gap-x-4 gap-y-1.5 px-4 py-3 sm:px-6">
          <h3 className="font-semibold [overflow-wrap:anywhere]">
            <Link href={connectionPath(name)} className="rounded underline-offset-4 hover:underline">
              {name}
            </Link>
          </h3>
          <p className="min-w-0 flex-1 basis-48 font-mono text-muted text-sm [overflow-wrap:anywhere]">
            {brokers ?? 'brokers unknown'}
          </p>
          {security && <SecurityBadge security={security} />}
          <p className="text-muted text-sm tabular-nums">{plural(streamsOf(name), 'stream')}</p>
          {reason && <p className="basis-full text-amber text-sm">{sentence(reason)}</p>}
        </li>
      ))}
    </ul>
  );
}
