/**
 * The node's HTTP API, typed by the description that the node itself gives (`openapi.json`, `npm run api`).
 * What is not 2xx is thrown as a `Problem`.
 */
import createClient, { type Middleware } from 'openapi-fetch';
import type { components, paths } from './generated/schema';
import { problemFrom } from './problem';

/** What proves that a request comes from this page: pages of others cannot send a header of their own. */
export const REQUEST_HEADER = { 'x-aurora-request': '1' } as const;

type Schemas = components['schemas'];
export type Stream = Schemas['StreamView'];
export type StreamPartition = Schemas['PartitionView'];
export type Cluster = Schemas['ClusterStatus'];
export type ClusterNode = Schemas['NodeView'];
export type OwnedPartition = Schemas['OwnedPartition'];
export type Table = Schemas['TableView'];
export type Column = Schemas['ColumnView'];
export type WhoAmI = Schemas['WhoAmI'];
export type HistoryEntry = Schemas['HistoryEntry'];
export type SavedSummary = Schemas['SavedSummary'];
export type Term = Schemas['Term'];

/** Told when an answer says that nobody is logged in (any more). */
export const sessionEnded = new EventTarget();

const problems: Middleware = {
  async onResponse({ response }) {
    if (response.ok) return undefined;
    if (response.status === 401) sessionEnded.dispatchEvent(new Event('ended'));
    throw problemFrom(response.status, await response.text());
  },
};

export const api = createClient<paths>({ baseUrl: '/', headers: REQUEST_HEADER });
api.use(problems);

/** The answer's content, which is there whenever nothing was thrown. */
export async function content<A extends { data?: unknown }>(
  answer: Promise<A>,
): Promise<NonNullable<A['data']>> {
  return (await answer).data as NonNullable<A['data']>;
}
