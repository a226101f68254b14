/** What is asked again and again while somebody looks. */
import { type Query, useQuery } from '@tanstack/react-query';
import { api, content } from './client';
import { Problem } from './problem';

/** Often enough to look alive; nodes keep what they tell for a second anyway. */
const LIVE_MS = 1_000;

/** Asks again and again, but for when nobody is logged in: logging in asks once more, and then it goes on. */
function every(milliseconds: number) {
  return ({ state }: Pick<Query, 'state'>) =>
    state.error instanceof Problem && state.error.status === 401 ? false : milliseconds;
}

export function useStreams() {
  return useQuery({
    queryKey: ['streams'],
    queryFn: async ({ signal }) => (await content(api.GET('/api/v1/streams', { signal }))).streams,
    refetchInterval: every(LIVE_MS),
  });
}

export function useCluster() {
  return useQuery({
    queryKey: ['cluster'],
    queryFn: ({ signal }) => content(api.GET('/api/v1/cluster', { signal })),
    refetchInterval: every(LIVE_MS),
  });
}

export function useTables() {
  return useQuery({
    queryKey: ['schema'],
    queryFn: async ({ signal }) => (await content(api.GET('/api/v1/schema', { signal }))).tables,
    staleTime: 10_000,
    refetchInterval: every(30_000),
  });
}
