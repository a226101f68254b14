import type { ReactNode } from 'react';

interface Props {
  label: string;
  value: string;
  unit?: string;
  context: ReactNode;
  /** The value in full, where it is shortened. */
  exact?: string;
  warn?: boolean;
}

/** A label, a big number with a small unit, and a line of context below. Stands in a `dl`. */
export function Tile({ label, value, unit, context, exact, warn = false }: Props) {
  return (
    <div className="min-w-0 bg-surface px-3.5 py-3">
      <dt className="text-muted text-sm">{label}</dt>
      <dd
        title={exact !== value ? exact : undefined}
        className={`truncate font-semibold text-xl tabular-nums leading-snug tracking-tight @sm:text-2xl ${warn ? 'text-amber' : ''}`}
      >
        {value}
        {unit && <small className="ml-1 font-medium text-[0.6em] text-muted tracking-normal">{unit}</small>}
      </dd>
      <dd className="min-h-5 truncate text-muted text-xs tabular-nums @sm:text-sm">{context}</dd>
    </div>
  );
}
