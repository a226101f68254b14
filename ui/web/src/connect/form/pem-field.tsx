/** A certificate or a key in PEM: pasted, or taken from a file. */
import { Upload } from 'lucide-react';
import { type ChangeEvent, type ReactNode, useId, useRef, useState } from 'react';
import { bytes } from '../../format/format';
import { Button } from '../../ui/button';
import { described, FieldFrame } from '../../ui/fields';
import { pemMistake } from './typed';

/** What the node takes at most. */
const MAX_BYTES = 256 * 1024;

interface Props {
  label: string;
  name: string;
  value: string;
  onChange: (value: string) => void;
  wanted: RegExp;
  what: string;
  hint?: ReactNode;
  error?: string | undefined;
}

export function PemField({ label, name, value, onChange, wanted, what, hint, error }: Props) {
  const id = useId();
  const files = useRef<HTMLInputElement>(null);
  const [tooLarge, setTooLarge] = useState<string>();
  const mistake = error ?? tooLarge ?? pemMistake(value, wanted, what);

  async function take(event: ChangeEvent<HTMLInputElement>) {
    const file = event.target.files?.[0];
    event.target.value = '';
    if (!file) return;
    if (file.size > MAX_BYTES) {
      setTooLarge(`${file.name} has ${bytes(file.size)}; at most ${bytes(MAX_BYTES)} are taken.`);
      return;
    }
    setTooLarge(undefined);
    onChange(await file.text());
  }

  return (
    <FieldFrame id={id} label={label} hint={hint} error={mistake}>
      <textarea
        {...described(id, hint, mistake)}
        name={name}
        rows={4}
        spellCheck={false}
        autoComplete="off"
        placeholder="-----BEGIN …"
        value={value}
        onChange={(event) => {
          setTooLarge(undefined);
          onChange(event.target.value);
        }}
        className="field resize-y font-mono text-xs aria-invalid:border-red"
      />
      <input
        ref={files}
        type="file"
        accept=".pem,.crt,.cer,.key,application/x-pem-file"
        className="hidden"
        aria-hidden
        tabIndex={-1}
        onChange={(event) => void take(event)}
      />
      <Button
        small
        className="self-start"
        aria-label={`From a file: ${label}`}
        onPress={() => files.current?.click()}
      >
        <Upload aria-hidden className="size-4" /> From a file
      </Button>
    </FieldFrame>
  );
}
