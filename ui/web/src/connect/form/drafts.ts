/** What has been typed and not been saved yet, by connection: leaving the page and coming back loses nothing but secrets. */
import { useCallback, useState } from 'react';
import { holdWhile } from '../../app/unsaved';
import { type Typed, withoutSecrets } from './typed';

const drafts = new Map<string, Typed>();

// Its secrets may stand in no address, so that the whole cannot go along.
holdWhile(() => (drafts.size > 0 ? 'A connection is half filled in.' : undefined));

/** The typed form of connection `key`, beginning with what was left here the last time, or with `initial`. */
export function useDraft(key: string, initial: Typed) {
  const [typed, setTyped] = useState(() => drafts.get(key) ?? initial);
  const change = useCallback(
    (change: Partial<Typed>) =>
      setTyped((before) => {
        const now = { ...before, ...change };
        drafts.set(key, withoutSecrets(now));
        return now;
      }),
    [key],
  );
  /** Begins again from what is saved now. */
  const restart = useCallback(
    (saved: Typed) => {
      drafts.delete(key);
      setTyped(saved);
    },
    [key],
  );
  return { typed, change, restart, isChanged: drafts.has(key) };
}
