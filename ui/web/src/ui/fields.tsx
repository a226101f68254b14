/** Fields of forms, with their hints and errors where a reader and a screen reader look for them. */
import { type ReactNode, useId } from 'react';

interface FrameProps {
  id: string;
  label: string;
  hint?: ReactNode;
  error?: string | undefined;
  children: ReactNode;
}

export function FieldFrame({ id, label, hint, error, children }: FrameProps) {
  return (
    <div className="flex min-w-0 flex-col gap-1.5">
      <label htmlFor={id} className="font-medium">
        {label}
      </label>
      {children}
      {error && (
        <p id={`${id}-error`} className="text-red text-sm [overflow-wrap:anywhere]">
          {error}
        </p>
      )}
      {hint && (
        <p id={`${id}-hint`} className="text-muted text-sm [overflow-wrap:anywhere]">
          {hint}
        </p>
      )}
    </div>
  );
}

/** What ties a control to its label, hint and error. */
export function described(id: string, hint: ReactNode, error: string | undefined) {
  const by = [error && `${id}-error`, hint && `${id}-hint`].filter(Boolean).join(' ');
  return { id, 'aria-invalid': error !== undefined, ...(by ? { 'aria-describedby': by } : {}) };
}

interface TextProps {
  label: string;
  name: string;
  value: string;
  onChange: (value: string) => void;
  hint?: ReactNode;
  error?: string | undefined;
  placeholder?: string;
  isMono?: boolean;
  isSecret?: boolean;
  isReadOnly?: boolean;
}

export function TextField({ label, name, value, onChange, hint, error, ...rest }: TextProps) {
  const id = useId();
  const { placeholder = '', isMono = false, isSecret = false, isReadOnly = false } = rest;
  return (
    <FieldFrame id={id} label={label} hint={hint} error={error}>
      <input
        {...described(id, hint, error)}
        name={name}
        type={isSecret ? 'password' : 'text'}
        autoComplete={isSecret ? 'new-password' : 'off'}
        spellCheck={false}
        autoCapitalize="off"
        placeholder={placeholder}
        readOnly={isReadOnly}
        value={value}
        onChange={(event) => onChange(event.target.value)}
        className={`field aria-invalid:border-red read-only:bg-raised read-only:text-muted ${isMono || isSecret ? 'font-mono' : ''}`}
      />
    </FieldFrame>
  );
}
