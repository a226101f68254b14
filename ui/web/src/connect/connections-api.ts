/** Connections and what belongs to a stream's life, asked of the node. Secrets go in and never come out. */
import { api, content } from '../api/client';
import type { components } from '../api/generated/schema';

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

type Schemas = components['schemas'];
export type Check = Schemas['Check'];
export type Topic = Schemas['FoundTopic'];
export type Findings = Schemas['Findings'];
export type Preview = Schemas['Preview'];
export type ColumnChoice = Schemas['ColumnChoice'];
export type DeadLetters = Schemas['DeadLetters'];
export type RetryRequest = Schemas['RetryRequest'];
export type RetryResult = Schemas['RetryResult'];

/** Brokers and security: as typed, or with what is left out taken from a connection that is there. */
export interface Draft {
  brokers: string;
  security?: Security<string>;
}

/** The node leaves out what is missing, where its description says that it may be null. */
const shown = (connection: Schemas['ConnectionView']) => connection as Connection;

const of = (name: string) => ({ path: { name } });
const ofStream = (id: string) => ({ path: { id } });

export async function connections(signal?: AbortSignal): Promise<Connection[]> {
  const asked = api.GET('/api/v1/connections', signal ? { signal } : {});
  return (await content(asked)).connections.map(shown);
}

export async function connection(name: string, signal?: AbortSignal): Promise<Connection> {
  const params = of(name);
  return shown(
    await content(api.GET('/api/v1/connections/{name}', signal ? { params, signal } : { params })),
  );
}

export async function addConnection(name: string, { brokers, security }: Draft): Promise<Connection> {
  const body = { name, brokers, security: security ?? { kind: 'plaintext' as const } };
  return shown(await content(api.POST('/api/v1/connections', { body })));
}

/** Changes the version that was seen, or is refused with 412 when somebody was faster. */
export async function changeConnection(name: string, version: number, draft: Draft): Promise<Connection> {
  const headers = { 'If-Match': `"${version}"` };
  const asked = api.PATCH('/api/v1/connections/{name}', { params: of(name), headers, body: draft });
  return shown(await content(asked));
}

export async function removeConnection(name: string): Promise<void> {
  await api.DELETE('/api/v1/connections/{name}', { params: of(name) });
}

/** Tries what was typed; secrets left out are those of connection `name`. Aborting ends the trial on the node, too. */
export function testConnection(
  name: string | undefined,
  draft: Draft,
  signal: AbortSignal,
): Promise<Findings> {
  const body = { ...(name === undefined ? {} : { name }), ...draft };
  return content(api.POST('/api/v1/connections/test', { body, signal }));
}

export function previewTopic(
  name: string | undefined,
  draft: Draft | undefined,
  topic: string,
  signal: AbortSignal,
  columns: readonly ColumnChoice[] = [],
): Promise<Preview> {
  const body = {
    ...(name === undefined ? {} : { connection: name }),
    ...draft,
    topic,
    ...decided(columns),
  };
  return content(api.POST('/api/v1/connections/preview', { body, signal }));
}

const decided = (columns: readonly ColumnChoice[]) => (columns.length === 0 ? {} : { columns: [...columns] });

export function addStream(
  connection: string,
  topic: string,
  start?: string,
  columns: readonly ColumnChoice[] = [],
): Promise<{ id: string }> {
  const body = { connection, topic, ...(start === undefined ? {} : { start }), ...decided(columns) };
  return content(api.POST('/api/v1/streams', { body }));
}

/** Removes a stream; `drops` says whether its data goes as well. */
export async function removeStream(id: string, drops: boolean): Promise<void> {
  const params = { ...ofStream(id), query: { data: drops ? ('drop' as const) : ('keep' as const) } };
  await api.DELETE('/api/v1/streams/{id}', { params });
}

export async function pauseStream(id: string): Promise<void> {
  await api.POST('/api/v1/streams/{id}/pause', { params: ofStream(id) });
}

export async function resumeStream(id: string): Promise<void> {
  await api.POST('/api/v1/streams/{id}/resume', { params: ofStream(id) });
}

export function deadLetters(
  id: string,
  query: { reason?: string; before?: string; limit: number },
  signal: AbortSignal,
): Promise<DeadLetters> {
  return content(
    api.GET('/api/v1/streams/{id}/dead-letters', { params: { ...ofStream(id), query }, signal }),
  );
}

/** Tries dead letters again; each becomes one row at most, however often this is asked. */
export function deadLettersRetried(
  id: string,
  body: RetryRequest,
  signal?: AbortSignal,
): Promise<RetryResult> {
  const params = ofStream(id);
  const asked = signal ? { params, body, signal } : { params, body };
  return content(api.POST('/api/v1/streams/{id}/dead-letters/retry', asked));
}
