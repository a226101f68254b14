/** The answer of a board's statement, for the time and the values that are looked at. */
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { askRows, type Result } from '../api/rows';
import type { Tile } from './board';
import { valuesFor } from './parameters';
import { Pool } from './pool';
import { TILE_KEY, type View } from './use-view';

/** Statements of a board that run at the same time; browsers and nodes both have other things to do. */
const pool = new Pool(4);

/** Rows that a chart can make something of. */
const MOST_ROWS = 5_000;
/** How long an answer is kept that nobody shows: a board that refreshes would pile them up. */
const KEPT_MS = 10_000;

export type Answer = Result;

export function runStatement(
  sql: string,
  params: Record<string, string>,
  limit: number,
  signal: AbortSignal,
): Promise<Answer> {
  return pool.run(() => askRows(sql, { purpose: 'dashboard', params, limit, signal }), signal);
}

export function useStatement(
  { sql, params }: Pick<Tile, 'sql' | 'params'>,
  view: Pick<View, 'stretch' | 'values' | 'nowMs'>,
  isSeen: boolean,
) {
  const bound = valuesFor(sql, view.stretch, view.values, params);
  const query = useQuery({
    queryKey: [TILE_KEY, sql, bound.params, view.nowMs],
    queryFn: ({ signal }) => runStatement(sql, bound.params, MOST_ROWS, signal),
    enabled: isSeen && bound.missing.length === 0 && sql.trim() !== '',
    placeholderData: keepPreviousData,
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: KEPT_MS,
  });
  return { query, missing: bound.missing };
}
