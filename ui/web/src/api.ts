/** The node's HTTP API as this page uses it. 64-bit integers arrive as strings. */

export interface AuroraNode {
  id: string;
  state: string;
  http: string;
  started_at: string;
  uptime_s: number;
}

export interface Cluster {
  cluster: string;
  version: string;
  nodes: AuroraNode[];
}

export interface Partition {
  partition: number;
  state: string;
  epoch: number;
  position: string;
  end_offset: string | null;
  lag: number;
  rows: string;
  dead_letters: string;
}

export interface Stream {
  id: string;
  connection: string;
  topic: string;
  table: string;
  generation: number;
  state: string;
  reason: string | null;
  events_per_s: number;
  bytes_per_s: number;
  freshness_ms: { p50: number; p99: number } | null;
  lag: number;
  rows: string;
  dead_letters: string;
  skipped: string;
  audit: { state: string; checked_at: string | null; detail: string | null };
  complete_to: string | null;
  partitions: Partition[];
}

export interface SqlAnswer {
  query_id: string;
  columns: { name: string; type: string }[];
  rows: unknown[][];
  truncated: boolean;
  statistics: { elapsed_ms: number; rows_read: string; bytes_read: string };
  complete_to: string | null;
}

/** Whatever went wrong, in the three parts a reader needs: what, why, what to do. */
export class Problem extends Error {
  constructor(
    readonly title: string,
    readonly detail: string,
    readonly hint: string,
    /** The HTTP status; 0 when there was no answer at all. */
    readonly status: number,
  ) {
    super(title);
    this.name = 'Problem';
  }
}

/** Reads an error's body: problem+json from a node, or anything at all from a proxy on the way. */
export function problemFrom(status: number, body: string): Problem {
  const fallbackTitle = `The node answered with status ${status}`;
  try {
    const { title, detail, hint } = JSON.parse(body) as Record<string, unknown>;
    const text = (part: unknown) => (typeof part === 'string' ? part : '');
    return new Problem(text(title) || fallbackTitle, text(detail), text(hint), status);
  } catch {
    const looksLikeMarkup = body.trimStart().startsWith('<');
    return new Problem(fallbackTitle, looksLikeMarkup ? '' : body.trim().slice(0, 500), '', status);
  }
}

/** True when the reader, not the network, ended the request. */
export function isAbort(error: unknown): boolean {
  return error instanceof DOMException && error.name === 'AbortError';
}

async function request<Answer>(path: string, init: RequestInit): Promise<Answer> {
  try {
    const response = await fetch(`/api/v1${path}`, init);
    if (!response.ok) throw problemFrom(response.status, await response.text());
    return (await response.json()) as Answer;
  } catch (error) {
    if (error instanceof Problem || isAbort(error)) throw error;
    const timedOut = error instanceof DOMException && error.name === 'TimeoutError';
    throw new Problem(
      timedOut ? 'The node took too long to answer' : 'The node did not answer',
      'The connection could not be made, or it broke off.',
      'Check that the node is running; this page reconnects by itself.',
      0,
    );
  }
}

const POLL_TIMEOUT_MS = 5_000;

export async function fetchStreams(): Promise<Stream[]> {
  const signal = AbortSignal.timeout(POLL_TIMEOUT_MS);
  return (await request<{ streams: Stream[] }>('/streams', { signal })).streams;
}

export function fetchCluster(): Promise<Cluster> {
  return request('/cluster', { signal: AbortSignal.timeout(POLL_TIMEOUT_MS) });
}

/** Runs one query. Aborting the signal closes the connection, upon which the node cancels the query. */
export function runSql(sql: string, limit: number, signal: AbortSignal): Promise<SqlAnswer> {
  return request('/sql', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ sql, limit }),
    signal,
  });
}
