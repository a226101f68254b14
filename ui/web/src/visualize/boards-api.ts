/** Dashboards as the node keeps them: each with a version, which whoever changes it must have seen. */
import { api, content } from '../api/client';
import type { components } from '../api/generated/schema';
import { Problem } from '../api/problem';
import { type Board, BoardError, parseBoard } from './board';

export type BoardSummary = components['schemas']['DashboardSummary'];

export interface KeptBoard {
  summary: BoardSummary;
  board: Board;
  /** What `If-Match` has to say to change it. */
  etag: string;
}

/** In the place of a version: the board must not be there yet. */
export const NEW = Symbol('new');

/** The version that somebody has seen, as `If-Match` says it. */
export type Seen = string | typeof NEW;
const of = (name: string) => ({ path: { name } });

/** Where the page shows a board. */
export const pagePath = (name: string) => `/visualize/${encodeURIComponent(name)}`;

export const LIST_KEY = ['dashboards'];

export async function listBoards(signal: AbortSignal): Promise<BoardSummary[]> {
  return (await content(api.GET('/api/v1/dashboards', { signal }))).dashboards;
}

/** What the node keeps, if it is a board: what is in it is the page's affair, and another page may have made it. */
function kept(view: components['schemas']['DashboardView']): KeptBoard {
  const { board, ...summary } = view;
  try {
    return { summary, board: parseBoard(board), etag: `"${summary.version}"` };
  } catch (error) {
    if (!(error instanceof BoardError)) throw error;
    throw new Problem(
      `“${summary.name}” is no dashboard that this page can show`,
      error.message,
      'A newer Aurora may have made it: open it there, or remove it.',
      0,
    );
  }
}

export async function loadBoard(name: string, signal?: AbortSignal): Promise<KeptBoard> {
  const params = of(name);
  return kept(await content(api.GET('/api/v1/dashboards/{name}', signal ? { params, signal } : { params })));
}

/** Keeps a board in the place of the version that was seen, or as a new one. */
export async function saveBoard(name: string, board: Board, seen: Seen): Promise<KeptBoard> {
  const headers = seen === NEW ? { 'If-None-Match': '*' } : { 'If-Match': seen };
  const body = { board: { ...board } };
  return kept(await content(api.PUT('/api/v1/dashboards/{name}', { params: of(name), headers, body })));
}

export async function removeBoard(name: string, etag: string): Promise<void> {
  await api.DELETE('/api/v1/dashboards/{name}', { params: of(name), headers: { 'If-Match': etag } });
}

/** Why something cannot be a dashboard's name; nothing when it can. The node has the last word. */
export function nameProblem(name: string): string | undefined {
  if (name.trim() === '') return 'Give it a name.';
  if (/[/\\]/.test(name) || name === '.' || name === '..') return 'A name has no slash in it.';
  return name.length > 100 ? 'A name has 100 characters at most.' : undefined;
}
