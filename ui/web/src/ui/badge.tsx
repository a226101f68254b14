import type { ReactNode } from 'react';

const TONES = {
  good: 'border-accent/45 bg-accent/10 text-accent',
  busy: 'border-blue/45 bg-blue/10 text-blue',
  warn: 'border-amber/45 bg-amber/10 text-amber',
  bad: 'border-red/45 bg-red/10 text-red',
  calm: 'border-line-strong bg-raised text-muted',
} as const;

export type Tone = keyof typeof TONES;

/** A state in a word. The colour repeats what the word says, and never says more. */
export function Badge({ tone, children, icon }: { tone: Tone; children: ReactNode; icon?: ReactNode }) {
  return (
    <span
      className={`inline-flex items-center gap-1.5 whitespace-nowrap rounded-full border px-2.5 py-0.5 text-sm ${TONES[tone]}`}
    >
      {icon ?? <span aria-hidden className="size-1.5 rounded-full bg-current" />}
      {children}
    </span>
  );
}
