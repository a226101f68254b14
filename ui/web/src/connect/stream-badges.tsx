import { Check, Ellipsis, X } from 'lucide-react';
import type { Stream } from '../api/client';
import { Badge } from '../ui/badge';
import { auditText, stateTone } from './texts';

/** A stream's state and its audit's verdict. The audit's mark is a shape as well as a colour. */
export function StreamBadges({ stream }: { stream: Stream }) {
  const audit = auditText(stream);
  const Mark = audit.tone === 'good' ? Check : audit.tone === 'bad' ? X : Ellipsis;
  return (
    <p className="flex flex-wrap gap-1.5">
      <Badge tone={stateTone(stream.state)}>{stream.state}</Badge>
      <Badge tone={audit.tone} icon={<Mark aria-hidden className="size-3.5" strokeWidth={2.75} />}>
        {audit.badge}
      </Badge>
    </p>
  );
}
