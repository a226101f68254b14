import { describe, expect, test } from 'vitest';
import { problemFrom, type SqlAnswer, type Stream } from '../src/api';
import { summary } from '../src/cluster';
import { examplesFor } from '../src/examples';
import { describe as describePartition, lagFill, overview } from '../src/partitions';
import { retryDelayMs } from '../src/poll';
import { resultSummary, truncationNote } from '../src/result';
import { auditText, situation } from '../src/stream-panel';

const partition = {
  partition: 3,
  state: 'running',
  epoch: 2,
  position: '4711',
  end_offset: '4720',
  lag: 9,
  rows: '4700',
  dead_letters: '1',
};

const stream: Stream = {
  id: 'demo.shop_events',
  connection: 'demo',
  topic: 'shop_events',
  table: 'events.shop_events',
  generation: 1,
  state: 'running',
  reason: null,
  events_per_s: 0,
  bytes_per_s: 0,
  freshness_ms: null,
  lag: 0,
  rows: '0',
  dead_letters: '0',
  skipped: '0',
  audit: { state: 'pending', checked_at: null, detail: null },
  complete_to: null,
  partitions: [partition],
};

const answer: SqlAnswer = {
  query_id: 'q',
  columns: [{ name: 'n', type: 'UInt64' }],
  rows: [['1']],
  truncated: false,
  statistics: { elapsed_ms: 12.3, rows_read: '1000', bytes_read: '8000' },
  complete_to: null,
};

describe('what a stream is doing', () => {
  test('before its first message, with the reason', () => {
    const waiting = { ...stream, state: 'waiting', reason: 'broker 10.0.0.1:9092 does not answer' };
    expect(situation(waiting)).toBe(
      'Waiting for the first messages of topic shop_events. Broker 10.0.0.1:9092 does not answer.',
    );
    expect(situation(stream)).toBe('Listening to topic shop_events, which has no messages yet.');
    expect(situation({ ...stream, state: 'starting' })).toBe(
      'Waiting for the first messages of topic shop_events.',
    );
  });

  test('afterwards', () => {
    const flowing = { ...stream, rows: '5' };
    expect(situation(flowing)).toBe('Reading topic shop_events of demo, generation 1.');
    expect(situation({ ...flowing, state: 'waiting', reason: 'ClickHouse is away' })).toBe(
      'On hold. ClickHouse is away.',
    );
    expect(situation({ ...flowing, state: 'failed' })).toBe('Stopped. The node gives no reason.');
  });
});

test('the audit says what it found', () => {
  expect(auditText({ state: 'clean', checked_at: null, detail: null })).toEqual({
    badge: 'Audit clean',
    detail: 'Every offset counted exactly once.',
  });
  const broken = auditText({
    state: 'broken',
    checked_at: null,
    detail: 'offset 17 of partition 0 is missing',
  });
  expect(broken.detail).toBe('Offset 17 of partition 0 is missing.');
});

test('partitions tell their numbers', () => {
  expect(describePartition(partition)).toBe(
    'partition 3 running · position 4,711 of 4,720 · lag 9 · epoch 2 · 4,700 rows · 1 dead letter',
  );
  expect(describePartition({ ...partition, end_offset: null })).toContain('position 4,711 ·');
  expect(overview([])).toBe('no partition assigned yet');
  expect(overview([partition])).toBe('1 partition, running');
  expect(overview([partition, { state: 'settling' }, { state: 'running' }])).toBe(
    '3 partitions: 2 running, 1 settling',
  );
  expect([-1, 0, 999_999, 10 ** 9].map(lagFill)).toEqual([0, 0, 1, 1]);
});

test('the cluster is as well as its worst node', () => {
  const ready = { id: 'n1', state: 'ready' };
  expect(summary([])).toEqual({ text: 'no nodes', state: 'unknown' });
  expect(summary([ready])).toEqual({ text: 'n1 ready', state: 'ready' });
  expect(summary([ready, ready])).toEqual({ text: '2 nodes ready', state: 'ready' });
  expect(summary([ready, { id: 'n2', state: 'draining' }])).toEqual({
    text: '1 of 2 nodes ready',
    state: 'draining',
  });
});

describe('results', () => {
  test('are summed up in a line', () => {
    expect(resultSummary(answer)).toBe('1 row · 12 ms · 1,000 rows read, 8.0 kB');
  });

  test('say when rows are left out', () => {
    expect(truncationNote(answer)).toBe('');
    expect(truncationNote({ ...answer, truncated: true })).toContain('Only the first 1 rows');
    expect(truncationNote({ ...answer, rows: Array(1200).fill(['1']) })).toContain(
      'Only the first 1,000 rows',
    );
  });
});

describe('problems', () => {
  test('keep what the node says', () => {
    const body = JSON.stringify({ title: 'Unknown table', detail: 'no table x', hint: 'try y', status: 404 });
    expect(problemFrom(404, body)).toMatchObject({
      title: 'Unknown table',
      detail: 'no table x',
      hint: 'try y',
    });
  });

  test('survive a proxy that speaks no JSON', () => {
    const fallback = { title: 'The node answered with status 502', detail: '', hint: '' };
    expect(problemFrom(502, '<html>Bad gateway</html>')).toMatchObject(fallback);
    expect(problemFrom(502, 'null')).toMatchObject({ title: fallback.title });
    expect(problemFrom(502, '')).toMatchObject(fallback);
  });
});

test('examples ask the given table', () => {
  const examples = examplesFor('events.`odd name`');
  expect(examples.length).toBeGreaterThan(3);
  for (const { sql } of examples) expect(sql).toContain('events.`odd name`');
});

test('retries slow down to a limit', () => {
  expect([0, 1, 2, 3, 50].map(retryDelayMs)).toEqual([1000, 1000, 2000, 3000, 5000]);
});
