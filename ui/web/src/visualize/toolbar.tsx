import { RefreshCw } from 'lucide-react';
import type { ReactNode } from 'react';
import { useTimes } from '../format/time';
import { Button } from '../ui/button';
import { Select } from '../ui/select';
import { type Board, REFRESHES } from './board';
import { CustomRange } from './custom-range';
import { SPANS, type Span } from './range';
import type { View } from './use-view';
import { VariableField } from './variable-field';

const refreshTitle = (seconds: number) =>
  seconds === 0 ? 'No refresh' : seconds < 60 ? `Every ${seconds} s` : `Every ${seconds / 60} min`;

/** The time, the variables and the refresh of a board, and what else can be done with it. */
export function Toolbar({ board, view, children }: { board: Board; view: View; children?: ReactNode }) {
  const { range } = view;
  const times = useTimes();
  const spans = Object.entries(SPANS).map(([value, { title }]) => ({ value, title }));
  const choose = (value: string) => {
    if (value in SPANS) view.setRange({ last: value as Span });
    else {
      const { fromMs, toMs } = view.stretch;
      view.setRange({ from: new Date(fromMs).toISOString(), to: new Date(toMs).toISOString() });
    }
  };
  return (
    <section aria-label="What is shown" className="flex flex-wrap items-end gap-2">
      <Select
        label="Time"
        isLabelHidden
        value={'last' in range ? range.last : 'custom'}
        options={[...spans, { value: 'custom', title: 'From … to …' }]}
        onChange={choose}
      />
      {'from' in range && <CustomRange key={times} range={range} onChange={view.setRange} />}
      {board.variables.map((variable) => (
        <VariableField key={variable.name} variable={variable} view={view} />
      ))}
      <Select
        label="Refresh"
        isLabelHidden
        value={String(view.refresh)}
        options={REFRESHES.map((seconds) => ({ value: String(seconds), title: refreshTitle(seconds) }))}
        onChange={(seconds) => view.setRefresh(Number(seconds))}
      />
      <Button aria-label="Refresh now" onPress={view.refreshNow} className="px-3">
        <RefreshCw aria-hidden className="size-4" />
      </Button>
      {children}
    </section>
  );
}
