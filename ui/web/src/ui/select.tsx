import { useId } from 'react';

export interface Option {
  value: string;
  title: string;
}

interface Props {
  label: string;
  value: string;
  options: readonly Option[];
  onChange: (value: string) => void;
  /** The label stands for readers who hear the page only. */
  isLabelHidden?: boolean;
}

/** The browser's own list to choose from: it works with every keyboard, phone and reader. */
export function Select({ label, value, options, onChange, isLabelHidden = false }: Props) {
  const id = useId();
  const known = options.some((option) => option.value === value);
  return (
    <div className="flex min-w-0 flex-col gap-1 max-sm:flex-[1_1_6rem]">
      <label htmlFor={id} className={isLabelHidden ? 'sr-only' : 'text-muted text-sm'}>
        {label}
      </label>
      <select
        id={id}
        value={value}
        onChange={(event) => onChange(event.target.value)}
        className="field min-h-10 min-w-0 max-w-full truncate bg-surface"
      >
        {!known && <option value={value}>{value === '' ? '–' : value}</option>}
        {options.map(({ value, title }) => (
          <option key={value} value={value}>
            {title}
          </option>
        ))}
      </select>
    </div>
  );
}
