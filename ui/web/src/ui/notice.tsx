/** What went wrong, why, and what to do; and what there is nothing of yet. */
import { CircleAlert, CircleHelp } from 'lucide-react';
import type { ReactNode } from 'react';
import type { Problem } from '../api/problem';
import { sentence } from '../format/format';

export function ProblemNotice({ problem, children }: { problem: Problem; children?: ReactNode }) {
  // A question that is honestly declined is no fault of anybody.
  const isDeclined = problem.kind === 'declined';
  const Icon = isDeclined ? CircleHelp : CircleAlert;
  return (
    <div
      role="alert"
      className={`flex gap-3 rounded-xl border p-3.5 ${isDeclined ? 'border-amber/50 bg-amber/10' : 'border-red/50 bg-red/10'}`}
    >
      <Icon aria-hidden className={`mt-0.5 size-5 shrink-0 ${isDeclined ? 'text-amber' : 'text-red'}`} />
      <div className="min-w-0 space-y-1 [overflow-wrap:anywhere]">
        <p className="font-semibold">{problem.title}</p>
        {problem.detail && <p className="whitespace-pre-wrap">{sentence(problem.detail)}</p>}
        {problem.hint && <p className="text-muted">{sentence(problem.hint)}</p>}
        {children}
      </div>
    </div>
  );
}

/** An empty state: says what would be here and what to do next. */
export function Empty({
  title,
  children,
  action,
}: {
  title: string;
  children?: ReactNode;
  action?: ReactNode;
}) {
  return (
    <div className="flex flex-col items-center gap-3 px-6 py-14 text-center">
      <p className="font-semibold text-lg">{title}</p>
      {children && <div className="max-w-prose text-muted">{children}</div>}
      {action}
    </div>
  );
}
