/** What a reader looks at: the time, the variables' values, and how often it is asked anew. */
import { useIsFetching } from '@tanstack/react-query';
import { useEffect, useMemo, useState } from 'react';
import { useSearchParams } from 'wouter';
import type { Board } from './board';
import { type Range, readLink, type Stretch, stretch, writeLink } from './range';

export interface View {
  range: Range;
  stretch: Stretch;
  /** Changes with every refresh, which makes every statement run once more. */
  nowMs: number;
  values: readonly { name: string; value: string }[];
  refresh: number;
  setRange: (range: Range) => void;
  setValue: (name: string, value: string) => void;
  setRefresh: (seconds: number) => void;
  refreshNow: () => void;
}

/** Range and values come from the address, which makes it a link to just this view; else they are the board's own. */
export function useView(board: Board): View {
  const [search, setSearch] = useSearchParams();
  const [refresh, setRefresh] = useState(board.refresh);
  const [nowMs, refreshNow] = useClock(refresh);
  const link = useMemo(() => readLink(search), [search]);
  const range = link.range ?? board.range;
  const values = useMemo(
    () => board.variables.map(({ name, value }) => ({ name, value: link.values[name] ?? value })),
    [board.variables, link.values],
  );
  const chosen = Object.fromEntries(values.map(({ name, value }) => [name, value]));
  return {
    range,
    stretch: useMemo(() => stretch(range, nowMs), [range, nowMs]),
    nowMs,
    values,
    refresh,
    setRange: (range) => {
      setSearch((search) => writeLink(search, range, chosen), { replace: true });
      refreshNow();
    },
    setValue: (name, value) =>
      setSearch((search) => writeLink(search, range, { ...chosen, [name]: value }), { replace: true }),
    setRefresh,
    refreshNow,
  };
}

/** The board with range, values and refresh as they are seen, which is what saving keeps. */
export function asSeen(board: Board, { range, values, refresh }: View): Board {
  const variables = board.variables.map((variable) => ({
    ...variable,
    value: values.find(({ name }) => name === variable.name)?.value ?? variable.value,
  }));
  return { ...board, range, refresh, variables };
}

export const TILE_KEY = 'tile';

/** Even a board whose answers take longer than its refresh leaves the node a moment. */
const PAUSE_MS = 1_000;

/**
 * The time as of the last refresh. The next one waits until all answers of this one have come, so that a slow board
 * never overtakes itself, and until somebody looks.
 */
function useClock(seconds: number): [number, () => void] {
  const [nowMs, setNowMs] = useState(Date.now);
  const isBusy = useIsFetching({ queryKey: [TILE_KEY] }) > 0;
  const isHidden = useHidden();
  useEffect(() => {
    if (seconds === 0 || isBusy || isHidden) return undefined;
    const dueMs = nowMs + seconds * 1_000 - Date.now();
    const timer = setTimeout(() => setNowMs(Date.now()), Math.max(PAUSE_MS, dueMs));
    return () => clearTimeout(timer);
  }, [seconds, isBusy, isHidden, nowMs]);
  return [nowMs, () => setNowMs(Date.now())];
}

function useHidden(): boolean {
  const [isHidden, setHidden] = useState(document.hidden);
  useEffect(() => {
    const look = () => setHidden(document.hidden);
    document.addEventListener('visibilitychange', look);
    return () => document.removeEventListener('visibilitychange', look);
  }, []);
  return isHidden;
}
