/**
 * What streams have measured while this page was open. It is kept beside the components, so that going from a stream's card to
 * its own page loses nothing.
 */
import { useEffect, useSyncExternalStore } from 'react';
import type { Stream } from '../api/client';
import { useStreams } from '../api/live';
import { trimmed } from '../format/series';

export interface Measured {
  atMs: number;
  rate: number;
  lag: number;
  p50: number | null;
  p99: number | null;
}

export const KEPT_MS = 600_000;

/** The measurements of all streams, by their ids. A list is replaced, never changed, when something is added to it. */
export class History {
  private readonly lists = new Map<string, readonly Measured[]>();
  private readonly changed = new EventTarget();

  record(streams: readonly Stream[], atMs: number): void {
    for (const id of this.lists.keys()) {
      if (!streams.some((stream) => stream.id === id)) this.lists.delete(id);
    }
    for (const { id, events_per_s: rate, lag, freshness_ms } of streams) {
      const before = this.of(id);
      // The same answer, seen by two components.
      if (before.at(-1)?.atMs === atMs) continue;
      const now = { atMs, rate, lag, p50: freshness_ms?.p50 ?? null, p99: freshness_ms?.p99 ?? null };
      this.lists.set(id, trimmed([...before, now], KEPT_MS));
    }
    this.changed.dispatchEvent(new Event('change'));
  }

  of(id: string): readonly Measured[] {
    return this.lists.get(id) ?? NOTHING;
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.changed.addEventListener('change', listener);
    return () => this.changed.removeEventListener('change', listener);
  };
}

const NOTHING: readonly Measured[] = [];
const history = new History();

/** The streams as they are, each answer being recorded. */
export function useRecordedStreams() {
  const query = useStreams();
  const { data, dataUpdatedAt } = query;
  useEffect(() => {
    if (data) history.record(data, dataUpdatedAt);
  }, [data, dataUpdatedAt]);
  return query;
}

export function useHistory(id: string): readonly Measured[] {
  return useSyncExternalStore(history.subscribe, () => history.of(id));
}
