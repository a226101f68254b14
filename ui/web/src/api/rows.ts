/** Rows that a page or a tile asks for by itself, and not somebody who has written the statement. */
import { api, content } from './client';
import type { components } from './generated/schema';

export type Result = components['schemas']['StatementResult'];

interface Asking {
  /** What it is asked for: the history keeps that apart from what people want to know. */
  purpose: 'dashboard' | 'page';
  params?: Record<string, string>;
  /** Most rows. */
  limit: number;
  signal?: AbortSignal;
}

export function askRows(sql: string, { signal, ...asking }: Asking): Promise<Result> {
  const body = { sql, ...asking };
  return content(api.POST('/api/v1/sql', signal ? { body, signal } : { body }));
}
