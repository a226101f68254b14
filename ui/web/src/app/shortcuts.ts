/** Keys that work everywhere but in fields: `g` and then a letter goes to a page. */
import { useEffect } from 'react';

const PLACES: Record<string, string> = { c: '/connect', q: '/query', v: '/visualize', n: '/cluster' };
const SECOND_KEY_MS = 1_500;

function isTyping(target: EventTarget | null): boolean {
  const element = target instanceof HTMLElement ? target : null;
  return element?.closest('input, textarea, select, [contenteditable="true"], [role="textbox"]') != null;
}

export function useShortcuts(navigate: (path: string) => void): void {
  useEffect(() => {
    let begun = 0;
    const onKey = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
      if (event.key === 'g') {
        begun = event.timeStamp;
        return;
      }
      const place = PLACES[event.key];
      if (place && event.timeStamp - begun < SECOND_KEY_MS) {
        event.preventDefault();
        navigate(place);
      }
      begun = 0;
    };
    addEventListener('keydown', onKey);
    return () => removeEventListener('keydown', onKey);
  }, [navigate]);
}
