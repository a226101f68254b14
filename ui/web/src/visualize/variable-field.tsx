import { useQuery } from '@tanstack/react-query';
import { useId, useState } from 'react';
import { Select } from '../ui/select';
import type { Variable } from './board';
import { valuesFor } from './parameters';
import { runStatement } from './use-statement';
import type { View } from './use-view';

/** Choices that a list can hold and still be one. */
const MOST_CHOICES = 200;

/** One variable above the board: a list where there are choices, else a field for any value. */
export function VariableField({ variable, view }: { variable: Variable; view: View }) {
  const { name, choices } = variable;
  const value = view.values.find((value) => value.name === name)?.value ?? variable.value;
  const sql = 'sql' in choices ? choices.sql : '';
  // Choices may depend on the time, but on no other variable: they could wait for each other.
  const { params, missing } = valuesFor(sql, view.stretch, [], {});
  const { data, error } = useQuery({
    queryKey: ['choices', sql, view.range],
    queryFn: async ({ signal }) => (await runStatement(sql, params, MOST_CHOICES, signal)).rows,
    enabled: sql !== '' && missing.length === 0,
    staleTime: 60_000,
  });
  const values = 'values' in choices ? choices.values : (data ?? []).map((row) => String(row[0]));
  if (values.length === 0) {
    return (
      <TextField
        name={name}
        value={value}
        hasFailed={error !== null}
        onChange={(value) => view.setValue(name, value)}
      />
    );
  }
  return (
    <Select
      label={name}
      value={value}
      options={[...new Set(values)].map((value) => ({ value, title: value === '' ? '(empty)' : value }))}
      onChange={(value) => view.setValue(name, value)}
    />
  );
}

interface TextProps {
  name: string;
  value: string;
  hasFailed: boolean;
  onChange: (value: string) => void;
}

/** Takes what was typed with Enter or when it is left: every letter would ask all tiles anew. */
function TextField({ name, value, hasFailed, onChange }: TextProps) {
  const id = useId();
  const [typed, setTyped] = useState(value);
  const take = () => typed !== value && onChange(typed);
  return (
    <div className="flex min-w-0 flex-col gap-1">
      <label htmlFor={id} className="text-muted text-sm">
        {name}
        {hasFailed && ' (its choices could not be asked)'}
      </label>
      <input
        id={id}
        className="field min-h-10 bg-surface"
        value={typed}
        onChange={(event) => setTyped(event.target.value)}
        onBlur={take}
        onKeyDown={(event) => event.key === 'Enter' && take()}
      />
    </div>
  );
}
