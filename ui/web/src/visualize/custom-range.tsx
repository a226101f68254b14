import { useId, useState } from 'react';
import { fromTyped, typedTime, zoneName } from '../format/time';
import { Button } from '../ui/button';
import { parseRange, type Range } from './range';

interface Props {
  range: { from: string; to: string };
  onChange: (range: Range) => void;
}

/** From one time to another, in the zone that is chosen. */
export function CustomRange({ range, onChange }: Props) {
  const id = useId();
  const [from, setFrom] = useState(() => typedTime(range.from));
  const [to, setTo] = useState(() => typedTime(range.to));
  const chosen = parseRange({ from: fromTyped(from), to: fromTyped(to) });
  const field = (name: string, value: string, set: (value: string) => void) => (
    <div className="flex flex-col">
      <label htmlFor={`${id}${name}`} className="sr-only">
        {name}
      </label>
      <input
        id={`${id}${name}`}
        type="datetime-local"
        className="field min-h-10 bg-surface"
        value={value}
        onChange={(event) => set(event.target.value)}
      />
    </div>
  );
  return (
    <form
      className="flex flex-wrap items-center gap-2"
      onSubmit={(event) => {
        event.preventDefault();
        if (chosen) onChange(chosen);
      }}
    >
      {field('From', from, setFrom)}
      {field('To', to, setTo)}
      <span className="text-muted text-sm">{zoneName()}</span>
      <Button type="submit" isDisabled={!chosen}>
        Show
      </Button>
      {!chosen && (
        <p role="alert" className="text-red text-sm">
          The first time must be before the second.
        </p>
      )}
    </form>
  );
}
