/** Short messages that go by themselves: what was done, with an undo where something was removed. */
import { X } from 'lucide-react';
import { useSyncExternalStore } from 'react';
import { Button } from './button';

interface Toast {
  id: number;
  text: string;
  undo?: (() => void) | undefined;
}

const STAYS_MS = 8_000;
/** What can be taken back has to be reached first, by whatever means. */
const UNDO_STAYS_MS = 15_000;
let toasts: readonly Toast[] = [];
let last = 0;
const changed = new EventTarget();

function set(now: readonly Toast[]) {
  toasts = now;
  changed.dispatchEvent(new Event('change'));
}

function close(id: number) {
  set(toasts.filter((toast) => toast.id !== id));
}

/** Tells something; with `undo`, offers to take it back. */
export function tell(text: string, undo?: () => void): void {
  last += 1;
  const id = last;
  set([...toasts.slice(-3), { id, text, undo }]);
  setTimeout(() => close(id), undo ? UNDO_STAYS_MS : STAYS_MS);
}

function subscribe(listener: () => void) {
  changed.addEventListener('change', listener);
  return () => changed.removeEventListener('change', listener);
}

export function Toasts() {
  const shown = useSyncExternalStore(subscribe, () => toasts);
  return (
    <div
      role="status"
      aria-live="polite"
      className="pointer-events-none fixed inset-x-0 bottom-20 z-50 flex flex-col items-center gap-2 px-4 md:bottom-6"
    >
      {shown.map((toast) => (
        <div
          key={toast.id}
          className="card pointer-events-auto flex max-w-full items-center gap-3 bg-raised py-1.5 pr-1.5 pl-4 shadow-xl"
        >
          <span className="[overflow-wrap:anywhere]">{toast.text}</span>
          {toast.undo && (
            <Button
              small
              onPress={() => {
                toast.undo?.();
                close(toast.id);
              }}
            >
              Undo
            </Button>
          )}
          <Button kind="quiet" small aria-label="Dismiss" onPress={() => close(toast.id)}>
            <X aria-hidden className="size-4" />
          </Button>
        </div>
      ))}
    </div>
  );
}
