/** Dashboards as the node keeps them: each with a version, which whoever changes it must have seen. */
import { REQUEST_HEADER, sessionEnded } from '../api/client';
import { Problem, problemFrom } from '../api/problem';
import { type Board, BoardError, parseBoard } from './board';

export interface BoardSummary {
  name: string;
  title: string;
  version: number;
  owner: string;
  changed_by: string;
  changed_at: string;
  tiles: number;
}

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
const PATH = '/api/v1/dashboards';

async function request(path: string, how: RequestInit = {}): Promise<Response> {
  const response = await fetch(path, {
    ...how,
    headers: { ...REQUEST_HEADER, 'content-type': 'application/json', ...how.headers },
  });
  if (response.ok) return response;
  if (response.status === 401) sessionEnded.dispatchEvent(new Event('ended'));
  throw problemFrom(response.status, await response.text());
}

const apiPath = (name: string) => `${PATH}/${encodeURIComponent(name)}`;

/** Where the page shows a board. */
export const pagePath = (name: string) => `/visualize/${encodeURIComponent(name)}`;

export const LIST_KEY = ['dashboards'];

export async function listBoards(signal: AbortSignal): Promise<BoardSummary[]> {
  const answer = (await (await request(PATH, { signal })).json()) as { dashboards: BoardSummary[] };
  return answer.dashboards;
}

async function kept(response: Response): Promise<KeptBoard> {
  const { board, ...summary } = (await response.json()) as BoardSummary & { board: unknown };
  const etag = response.headers.get('etag') ?? `"${summary.version}"`;
  try {
    return { summary, board: parseBoard(board), etag };
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
  return kept(await request(apiPath(name), signal ? { signal } : {}));
}

/** Keeps a board in the place of the version that was seen, or as a new one. */
export async function saveBoard(name: string, board: Board, seen: Seen): Promise<KeptBoard> {
  const headers = seen === NEW ? { 'if-none-match': '*' } : { 'if-match': seen };
  return kept(await request(apiPath(name), { method: 'PUT', body: JSON.stringify({ board }), headers }));
}

export async function removeBoard(name: string, etag: string): Promise<void> {
  await request(apiPath(name), { method: 'DELETE', headers: { 'if-match': etag } });
}

/** Why something cannot be a dashboard's name; nothing when it can. The node has the last word. */
export function nameProblem(name: string): string | undefined {
  if (name.trim() === '') return 'Give it a name.';
  if (/[/\\]/.test(name) || name === '.' || name === '..') return 'A name has no slash in it.';
  return name.length > 100 ? 'A name has 100 characters at most.' : undefined;
}
