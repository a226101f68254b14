/** Asks what would come of a topic with what was decided, a moment after the last decision. */
import { useCallback, useEffect, useRef } from 'react';
import type { ColumnChoice, Preview } from '../connections-api';
import { useAsked } from './asked';

type Choices = readonly ColumnChoice[];

const DELAY_MS = 400;

export function useRecheck(question: (choices: Choices, signal: AbortSignal) => Promise<Preview>) {
  const { asked, ask, stop } = useAsked<{ choices: Choices; preview: Preview }>();
  const timer = useRef<number>(undefined);
  useEffect(() => () => window.clearTimeout(timer.current), []);

  const recheck = useCallback(
    (choices: Choices) => {
      window.clearTimeout(timer.current);
      stop();
      if (choices.length === 0) return;
      timer.current = window.setTimeout(
        () => void ask(async (signal) => ({ choices, preview: await question(choices, signal) })),
        DELAY_MS,
      );
    },
    [ask, stop, question],
  );

  /** What came of these choices and no others; undefined until that is known. */
  const checked = (choices: Choices) =>
    asked.answer?.choices === choices ? asked.answer.preview : undefined;
  return { recheck, checked, problem: asked.problem };
}
