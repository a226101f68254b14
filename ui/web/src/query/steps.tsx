/** What happens on the way to an answer, as it happens. */
import { Check, LoaderCircle, X } from 'lucide-react';
import { useEffect, useState } from 'react';
import { bytes, count, duration } from '../format/format';
import type { Run, Step } from './use-run';

export function Steps({ run, mode }: { run: Run; mode: 'ask' | 'sql' }) {
  const isRunning = run.state === 'running';
  return (
    <div className="flex flex-col gap-1.5 text-sm">
      {run.steps.map((step, at) => (
        <Line
          // biome-ignore lint/suspicious/noArrayIndexKey: steps are only ever added
          key={at}
          state={step.step === 'rejected' ? 'no' : isRunning && at === run.steps.length - 1 ? 'busy' : 'done'}
        >
          {told(step)}
        </Line>
      ))}
      {isRunning && mode === 'sql' && <Line state="busy">{progressText(run)}</Line>}
      {isRunning && run.progress?.percent != null && (
        <progress
          aria-label="Rows read"
          className="h-1.5 w-full max-w-sm accent-accent"
          max={100}
          value={run.progress.percent}
        />
      )}
      {isRunning && <Clock since={run.startedAt} />}
    </div>
  );
}

function Line({ state, children }: { state: 'busy' | 'done' | 'no'; children: string }) {
  const Icon = { busy: LoaderCircle, done: Check, no: X }[state];
  const colour = { busy: 'text-blue animate-spin', done: 'text-accent', no: 'text-amber' }[state];
  return (
    <p className="flex items-start gap-2 text-muted">
      <Icon aria-hidden className={`mt-0.5 size-4 shrink-0 ${colour}`} />
      <span className="min-w-0 [overflow-wrap:anywhere]">{children}</span>
    </p>
  );
}

function told(step: Step): string {
  switch (step.step) {
    case 'context':
      return step.tables === 1 ? 'Looked at 1 table' : `Looked at ${step.tables} tables`;
    case 'reading':
      return step.unknown.length > 0
        ? `Read the question; not understood: ${step.unknown.join(', ')}`
        : 'Read the question, every word of it';
    case 'model':
      return `Asking the language model for ${step.asked_for}`;
    case 'running':
      return 'Running the statement';
    case 'rejected':
      return `That did not do: ${step.reason}`;
  }
}

function progressText({ progress, rows }: Run): string {
  const read = progress
    ? `${count(progress.rows_read)} rows read, ${bytes(progress.bytes_read)}`
    : 'Waiting for the first rows';
  return rows.length > 0 ? `${read}; ${count(rows.length)} rows here` : read;
}

function Clock({ since }: { since: number }) {
  const [now, setNow] = useState(since);
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 100);
    return () => clearInterval(timer);
  }, []);
  return (
    <p aria-hidden className="text-muted tabular-nums">
      {duration(Math.max(0, now - since)).join(' ')}
    </p>
  );
}
