/** Where a stream begins to read. */
import { useId } from 'react';
import { zoneName } from '../../format/time';
import type { Start } from './typed';

interface Props {
  start: Start;
  time: string;
  onStart: (start: Start) => void;
  onTime: (time: string) => void;
  error?: string | undefined;
}

const STARTS: [Start, string][] = [
  ['earliest', 'Everything that is there, from the first message on'],
  ['latest', 'Only what comes from now on'],
  ['time', 'What came since a moment'],
];

export function StartField({ start, time, onStart, onTime, error }: Props) {
  const name = useId();
  return (
    <fieldset className="flex flex-col gap-2">
      <legend className="mb-1.5 font-medium">Begin with</legend>
      {STARTS.map(([value, words]) => (
        <label key={value} className="flex items-start gap-2.5">
          <input
            type="radio"
            name={name}
            className="mt-0.5 size-4.5 shrink-0 accent-accent"
            checked={start === value}
            onChange={() => onStart(value)}
          />
          {words}
        </label>
      ))}
      {start === 'time' && (
        <div className="flex items-center gap-2">
          <input
            type="datetime-local"
            aria-label={`The moment, ${zoneName()}`}
            className="field"
            value={time}
            onChange={(event) => onTime(event.target.value)}
          />
          <span aria-hidden className="text-muted">
            {zoneName()}
          </span>
        </div>
      )}
      {error && <p className="text-red text-sm">{error}</p>}
    </fieldset>
  );
}
