/** What changed hands, the latest first; it grows while the page is open. */

import { Time } from '../ui/time';
import { type Handover, handoverText } from './lanes';

export function Handovers({ log }: { log: readonly Handover[] }) {
  if (log.length === 0) {
    return (
      <p className="px-4 py-6 text-muted sm:px-6">
        No partition has come to a node yet. That shows up here as it happens.
      </p>
    );
  }
  return (
    <ol className="max-h-96 divide-y divide-line overflow-y-auto" tabIndex={-1}>
      {log.map((handover) => (
        <li key={handover.key} className="flex flex-wrap gap-x-4 px-4 py-2 sm:px-6">
          <span className="text-muted tabular-nums sm:min-w-20">
            <Time at={handover.at} />
          </span>
          <span className="min-w-0 [overflow-wrap:anywhere]">
            <span className="font-medium">
              {handover.stream}, partition {handover.partition}:
            </span>{' '}
            {handoverText(handover)}
          </span>
        </li>
      ))}
    </ol>
  );
}
