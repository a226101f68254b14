import { describe, expect, test } from 'vitest';
import type { Stream, StreamPartition } from '../src/api/client';
import { History } from '../src/connect/history';
import { auditText, describePartition, lagFill, overview, situation } from '../src/connect/texts';

const partition: StreamPartition = {
  partition: 3,
  owner: 'node-2',
  state: 'running',
  reason: null,
  epoch: 2,
  position: '18446744073709551615',
  end_offset: null,
  lag: 0,
  rows: '1',
  dead_letters: '0',
};

const stream: Stream = {
  id: 'demo:clicks',
  connection: 'demo',
  topic: 'clicks',
  table: 'events.clicks',
  generation: 2,
  state: 'running',
  reason: null,
  events_per_s: 10,
  bytes_per_s: 1000,
  freshness_ms: { p50: 5, p99: 9 },
  lag: 1,
  rows: '7',
  dead_letters: '0',
  skipped: '0',
  audit: { state: 'clean', checked_at: null, detail: null },
  complete_to: null,
  partitions: [partition],
};

describe('what a stream is doing', () => {
  test('is said in a sentence', () => {
    expect(situation(stream)).toBe('Reading topic clicks of demo, generation 2.');
    expect(situation({ ...stream, state: 'failed', reason: 'no rights' })).toBe('Stopped. No rights.');
    expect(situation({ ...stream, state: 'paused' })).toMatch(/^Paused/);
  });

  test('names what it waits for', () => {
    const empty = { ...stream, rows: '0' };
    expect(situation(empty)).toBe('Listening to topic clicks, which has no messages yet.');
    expect(situation({ ...empty, state: 'waiting', reason: 'no such topic' })).toBe(
      'Waiting for the first messages of topic clicks. No such topic.',
    );
    expect(situation({ ...stream, state: 'waiting', reason: 'brokers are away' })).toBe(
      'On hold. Brokers are away.',
    );
  });
});

test('an audit says what it means, or what does not hold', () => {
  expect(auditText(stream)).toEqual({
    badge: 'Audit clean',
    tone: 'good',
    meaning: 'Every offset counted exactly once.',
  });
  expect(auditText({ state: 'running', audit: { state: 'broken', detail: 'a gap at 7' } }).meaning).toBe(
    'A gap at 7.',
  );
});

test('partitions are described exactly', () => {
  expect(describePartition(partition)).toBe(
    'Partition 3 running · on node-2 · position 18,446,744,073,709,551,615 · lag 0 · 1 row · 0 dead letters',
  );
});

test('partitions are summed up', () => {
  expect(overview([])).toBe('No node has a partition of it');
  expect(overview([partition])).toBe('1 partition, running');
  expect(overview([partition, partition])).toBe('2 partitions, all running');
  expect(overview([partition, { state: 'settling' }, partition])).toBe('3 partitions: 2 running, 1 settling');
});

test('lag is seen by its magnitude', () => {
  expect([-1, 0, 9, 999_999, 1e9].map(lagFill)).toEqual([0, 0, 1 / 6, 1, 1]);
});

describe('the history', () => {
  test('keeps ten minutes and counts each answer once', () => {
    const history = new History();
    for (let second = 0; second < 700; second += 1) {
      history.record([stream], second * 1000);
      history.record([stream], second * 1000);
    }
    expect(history.of(stream.id).length).toBe(602);
    expect(history.of(stream.id).at(-1)).toEqual({ atMs: 699_000, rate: 10, lag: 1, p50: 5, p99: 9 });
  });

  test('forgets streams that are gone', () => {
    const history = new History();
    history.record([stream], 1);
    history.record([], 2);
    expect(history.of(stream.id)).toEqual([]);
  });
});
