/** Connections and what belongs to a stream's life, asked of the node. Secrets go in and never come out. */
import { REQUEST_HEADER, sessionEnded } from '../api/client';
import { problemFrom } from '../api/problem';

export const MECHANISMS = ['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512'] as const;
export type Mechanism = (typeof MECHANISMS)[number];

/** How a connection is secured; `S` is what is known of a secret. */
export type Security<S> =
  | { kind: 'plaintext' }
  | { kind: 'tls'; ca?: string }
  | { kind: 'mtls'; ca?: string; certificate: string; key?: S; key_password?: S }
  | { kind: 'sasl'; mechanism: Mechanism; username: string; password?: S; tls: boolean; ca?: string }
  | {
      kind: 'oauthbearer';
      token_url: string;
      client_id: string;
      client_secret?: S;
      scope?: string;
      tls: boolean;
      ca?: string;
    };

/** What may be said of a secret: that there is one, or where it is taken from. */
export type ShownSecret = { set: true } | { reference: string };

export interface Connection {
  name: string;
  version: number;
  /** Null when its document cannot be read; `reason` says why. */
  brokers: string | null;
  /** Null when the form has no words for it. */
  security: Security<ShownSecret> | null;
  extras: string[];
  streams: number;
  changed_by: string | null;
  changed_at: string | null;
  reason: string | null;
}

export interface Check {
  check: 'name' | 'port' | 'tls' | 'login' | 'topics';
  ok: boolean;
  detail: string;
  why?: string;
  what_to_do?: string;
}

export interface Topic {
  name: string;
  partitions: number;
}

export interface Findings {
  ok: boolean;
  checks: Check[];
  topics: Topic[];
}

export interface Preview {
  topic: string;
  partitions: number;
  messages_in_topic: string | null;
  sampled: number;
  messages: {
    partition: number;
    offset: string;
    timestamp: string | null;
    key: string | null;
    payload: string;
  }[];
  columns: {
    name: string;
    path: string[];
    type: string;
    seen: number;
    missing: number;
    examples: string[];
    evidence: string;
  }[];
  rejected: { reason: string; count: number; detail: string; example: string }[];
}

export interface DeadLetters {
  reasons: { reason: string; count: string; latest: string | null }[];
  dead_letters: {
    generation: number;
    partition: number;
    offset: string;
    timestamp: string | null;
    reason: string;
    detail: string;
    key: string | null;
    payload: string;
    base64: boolean;
    /** Whether only the beginning of the payload is there. */
    cut: boolean;
  }[];
  next: string | null;
}

/** Brokers and security: as typed, or with what is left out taken from a connection that is there. */
export interface Draft {
  brokers: string;
  security?: Security<string>;
}

interface Ask {
  method?: string;
  body?: unknown;
  headers?: Record<string, string>;
  signal?: AbortSignal;
}

async function ask(path: string, { method = 'GET', body, headers, signal }: Ask = {}): Promise<Response> {
  const response = await fetch(`/api/v1/${path}`, {
    method,
    headers: {
      ...REQUEST_HEADER,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    ...(signal ? { signal } : {}),
  });
  if (response.ok) return response;
  if (response.status === 401) sessionEnded.dispatchEvent(new Event('ended'));
  throw problemFrom(response.status, await response.text());
}

async function answer<A>(asked: Promise<Response>): Promise<A> {
  return (await (await asked).json()) as A;
}

const part = encodeURIComponent;

export async function connections(signal?: AbortSignal): Promise<Connection[]> {
  const asked = ask('connections', signal ? { signal } : {});
  return (await answer<{ connections: Connection[] }>(asked)).connections;
}

export function connection(name: string, signal?: AbortSignal): Promise<Connection> {
  return answer(ask(`connections/${part(name)}`, signal ? { signal } : {}));
}

export function addConnection(name: string, draft: Draft): Promise<Connection> {
  return answer(ask('connections', { method: 'POST', body: { name, ...draft } }));
}

/** Changes the version that was seen, or is refused with 412 when somebody was faster. */
export function changeConnection(name: string, version: number, draft: Draft): Promise<Connection> {
  const headers = { 'if-match': `"${version}"` };
  return answer(ask(`connections/${part(name)}`, { method: 'PATCH', headers, body: draft }));
}

export async function removeConnection(name: string): Promise<void> {
  await ask(`connections/${part(name)}`, { method: 'DELETE' });
}

/** Tries what was typed; secrets left out are those of connection `name`. Aborting ends the trial on the node, too. */
export function testConnection(
  name: string | undefined,
  draft: Draft,
  signal: AbortSignal,
): Promise<Findings> {
  return answer(ask('connections/test', { method: 'POST', body: { name, ...draft }, signal }));
}

export function previewTopic(
  name: string | undefined,
  draft: Draft | undefined,
  topic: string,
  signal: AbortSignal,
): Promise<Preview> {
  const body = { connection: name, ...draft, topic };
  return answer(ask('connections/preview', { method: 'POST', body, signal }));
}

export function addStream(connection: string, topic: string, start?: string): Promise<{ id: string }> {
  const body = { connection, topic, ...(start === undefined ? {} : { start }) };
  return answer(ask('streams', { method: 'POST', body }));
}

/** Removes a stream; `drops` says whether its data goes as well. */
export async function removeStream(id: string, drops: boolean): Promise<void> {
  await ask(`streams/${part(id)}?data=${drops ? 'drop' : 'keep'}`, { method: 'DELETE' });
}

export async function pauseStream(id: string): Promise<void> {
  await ask(`streams/${part(id)}/pause`, { method: 'POST' });
}

export async function resumeStream(id: string): Promise<void> {
  await ask(`streams/${part(id)}/resume`, { method: 'POST' });
}

export function deadLetters(
  id: string,
  { reason, before, limit }: { reason?: string; before?: string; limit: number },
  signal: AbortSignal,
): Promise<DeadLetters> {
  const query = new URLSearchParams({ limit: String(limit) });
  if (reason) query.set('reason', reason);
  if (before) query.set('before', before);
  return answer(ask(`streams/${part(id)}/dead-letters?${query}`, { signal }));
}
