/**
 * What moves, as long as somebody looks. The node tells it as events (`GET /api/v1/live`); while it does not, because it is
 * gone, or because something between holds events back, it is asked every second instead.
 */
import { type Query, type QueryClient, useQuery } from '@tanstack/react-query';
import { useSyncExternalStore } from 'react';
import { api, content } from './client';
import { eventsOf } from './events';
import { Problem } from './problem';
import { Sight } from './sight';

/** Often enough to look alive; nodes keep what they tell for a second anyway. */
const ASK_MS = 1_000;
/** The node tells something every two seconds at least. After this long it counts as gone, whatever TCP thinks of it. */
const SILENCE_MS = 4_000;
/** How long to wait before trying for events again. */
const AGAIN_MS = 5_000;

const STREAMS = ['streams'];
const CLUSTER = ['cluster'];

/** Whether events come, for those who would ask otherwise. */
const told = {
  now: false,
  watchers: new Set<() => void>(),
  set(now: boolean) {
    if (this.now === now) return;
    this.now = now;
    for (const watcher of this.watchers) watcher();
  },
};

function subscribe(watcher: () => void) {
  told.watchers.add(watcher);
  return () => void told.watchers.delete(watcher);
}

/** Keeps what moves up to date, while the page is seen, until the signal ends it. */
export async function follow(client: QueryClient, ended: AbortSignal): Promise<void> {
  const sight = new Sight(ended);
  while (!ended.aborted) {
    // A browser has few connections to a node: a page that nobody sees does not hold one.
    const hidden = await sight.seen();
    const silent = new AbortController();
    let watchdog = setTimeout(() => silent.abort(), SILENCE_MS);
    try {
      const signal = AbortSignal.any([ended, hidden, silent.signal]);
      for await (const { name, data } of eventsOf('/api/v1/live', { signal })) {
        clearTimeout(watchdog);
        watchdog = setTimeout(() => silent.abort(), SILENCE_MS);
        if (name === 'streams') client.setQueryData(STREAMS, (data as { streams: unknown }).streams);
        if (name === 'cluster') client.setQueryData(CLUSTER, data);
        told.set(true);
      }
    } catch {
      // Whoever asks instead finds out what it is, and says so.
    } finally {
      clearTimeout(watchdog);
      if (told.now) {
        told.set(false);
        void client.invalidateQueries({ queryKey: CLUSTER });
      }
    }
    if (!hidden.aborted) await new Promise((done) => setTimeout(done, AGAIN_MS));
  }
}

/** Asks again and again, but for when nobody is logged in: logging in asks once more, and then it goes on. */
function every(milliseconds: number) {
  return ({ state }: Pick<Query, 'state'>) =>
    state.error instanceof Problem && state.error.status === 401 ? false : milliseconds;
}

function useInterval() {
  const isTold = useSyncExternalStore(subscribe, () => told.now);
  return isTold ? false : every(ASK_MS);
}

export function useStreams() {
  return useQuery({
    queryKey: STREAMS,
    queryFn: async ({ signal }) => (await content(api.GET('/api/v1/streams', { signal }))).streams,
    refetchInterval: useInterval(),
  });
}

export function useCluster() {
  return useQuery({
    queryKey: CLUSTER,
    queryFn: ({ signal }) => content(api.GET('/api/v1/cluster', { signal })),
    refetchInterval: useInterval(),
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
