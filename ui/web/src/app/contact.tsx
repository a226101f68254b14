/** Tells when the node is out of reach and when it is back, and the way to another one meanwhile. */
import { useEffect, useState } from 'react';
import { useCluster } from '../api/live';
import { tell } from '../ui/toast';

/** Failures in a row after which a node counts as gone: one can be a hiccup. */
const GONE_AFTER = 2;

export function Contact() {
  const { data, failureCount, isError } = useCluster();
  const [lost, setLost] = useState(false);
  useEffect(() => {
    if (isError || failureCount >= GONE_AFTER) {
      setLost(true);
    } else if (lost && failureCount === 0) {
      setLost(false);
      tell('Back in contact with the node.');
    }
  }, [isError, failureCount, lost]);
  if (!lost) return null;
  const others = (data?.nodes ?? []).filter((node) => !node.is_self && node.state === 'ready');
  return (
    <div
      role="alert"
      className="fixed inset-x-3 bottom-20 z-50 mx-auto flex max-w-xl flex-wrap items-center gap-x-4 gap-y-2 rounded-xl border border-amber/60 bg-raised p-4 shadow-2xl md:bottom-6"
    >
      <p className="min-w-0 flex-1">
        <strong className="font-semibold">No contact with this node.</strong> What is on the page is as it
        was. Trying again…
      </p>
      {others.slice(0, 2).map((node) => (
        <a
          key={node.id}
          className="rounded-[10px] bg-accent px-3 py-1.5 font-semibold text-on-accent"
          href={`${node.http}${location.pathname}${location.search}`}
        >
          Go to {node.id}
        </a>
      ))}
    </div>
  );
}
