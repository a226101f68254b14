/** One question at a time to the node: a new one, or leaving the page, ends the one before. */
import { useCallback, useEffect, useRef, useState } from 'react';
import { asProblem, isAbort, type Problem } from '../../api/problem';

export interface Asked<A> {
  answer?: A;
  problem?: Problem;
  isBusy: boolean;
}

export function useAsked<A>() {
  const [asked, setAsked] = useState<Asked<A>>({ isBusy: false });
  const running = useRef<AbortController>(undefined);
  useEffect(() => () => running.current?.abort(), []);

  /** Asks; resolves to the answer, or to undefined when there is none. What was answered before stays until then. */
  const ask = useCallback(async (question: (signal: AbortSignal) => Promise<A>): Promise<A | undefined> => {
    running.current?.abort();
    const control = new AbortController();
    running.current = control;
    setAsked(({ answer }) => ({ ...(answer === undefined ? {} : { answer }), isBusy: true }));
    try {
      const answer = await question(control.signal);
      if (!control.signal.aborted) setAsked({ answer, isBusy: false });
      return answer;
    } catch (error) {
      if (control.signal.aborted || isAbort(error)) return undefined;
      setAsked(({ answer }) => ({
        ...(answer === undefined ? {} : { answer }),
        problem: asProblem(error),
        isBusy: false,
      }));
      return undefined;
    }
  }, []);

  const stop = useCallback(() => {
    running.current?.abort();
    setAsked(({ answer }) => ({ ...(answer === undefined ? {} : { answer }), isBusy: false }));
  }, []);

  return { asked, ask, stop };
}
