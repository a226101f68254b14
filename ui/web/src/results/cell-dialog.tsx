import { Copy } from 'lucide-react';
import { cellText } from '../format/format';
import { inFull } from '../format/time';
import { Button } from '../ui/button';
import { Code } from '../ui/code';
import { Dialog } from '../ui/dialog';
import { tell } from '../ui/toast';
import { isTimeType, type ResultColumn } from './value';

/** All of one cell, which the table shows in one line. */
export function CellDialog({
  column,
  value,
  onClose,
}: {
  column: ResultColumn;
  value: unknown;
  onClose: () => void;
}) {
  const text = value == null ? 'NULL' : readable(value);
  async function copy() {
    await navigator.clipboard.writeText(text);
    tell('Copied.');
  }
  return (
    <Dialog title={column.name} isOpen onClose={onClose} wide>
      <p className="font-mono text-muted text-sm">{column.type}</p>
      {value != null && isTimeType(column.type) && <p>{inFull(value)}</p>}
      <Code height="max-h-[60vh]">{text}</Code>
      <Button small onPress={() => void copy()}>
        <Copy aria-hidden className="size-4" /> Copy
      </Button>
    </Dialog>
  );
}

/** JSON inside of a text is shown as such. */
function readable(value: unknown): string {
  if (typeof value === 'object') return JSON.stringify(value, null, 2);
  const text = cellText(value);
  if (!/^\s*[[{]/.test(text)) return text;
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}
