import { describe, expect, test } from 'vitest';
import type { ClusterNode, OwnedPartition } from '../src/api/client';
import { handoverText, lanesOf, NOBODY, streamsOf, totalLag, withHandovers } from '../src/cluster/lanes';
import { auditOfAll } from '../src/cluster/totals';

function node(id: string): ClusterNode {
  return {
    id,
    state: 'ready',
    http: `http://${id}`,
    gossip: null,
    version: '1',
    pid: 1,
    capacity: 1,
    started_at: null,
    uptime_s: 1,
    partitions: 0,
    is_self: false,
  };
}

function owned(
  partition: number,
  owner: string | null,
  changes: Partial<OwnedPartition> = {},
): OwnedPartition {
  return {
    stream: 's:t',
    partition,
    owner,
    planned: owner,
    epoch: 1,
    state: 'running',
    position: '1',
    lag: 2,
    last_handover: { at: `2026-11-26T10:00:0${partition}Z`, kind: 'new', from: null },
    ...changes,
  };
}

test('each node has a lane, and so has what is left over, last', () => {
  const lanes = lanesOf({
    nodes: [node('a'), node('b')],
    partitions: [owned(0, null), owned(1, 'b'), owned(2, 'gone')],
  });
  expect(lanes.map(({ id, node, partitions }) => [id, node?.id, partitions.length])).toEqual([
    ['a', 'a', 0],
    ['b', 'b', 1],
    ['gone', undefined, 1],
    [NOBODY, undefined, 1],
  ]);
});

test('streams keep the order of their names', () => {
  const partitions = [
    owned(0, 'a', { stream: 'z' }),
    owned(0, 'a', { stream: 'b' }),
    owned(1, 'a', { stream: 'z' }),
  ];
  expect(streamsOf(partitions)).toEqual(['b', 'z']);
  expect(totalLag(partitions)).toBe(6);
});

describe('the log of handovers', () => {
  test('begins with the last of each partition, the latest first', () => {
    const log = withHandovers([], [owned(0, 'a'), owned(3, 'b'), owned(1, 'a')]);
    expect(log.map(({ partition }) => partition)).toEqual([3, 1, 0]);
  });

  test('grows by what is new and stays the same object otherwise', () => {
    const first = withHandovers([], [owned(0, 'a')]);
    expect(withHandovers(first, [owned(0, 'a')])).toBe(first);
    expect(withHandovers(first, [owned(0, 'a', { epoch: 7 })])).toBe(first);
    const moved = owned(0, 'b', {
      epoch: 2,
      last_handover: { at: '2026-11-26T11:00:00Z', kind: 'taken-over', from: 'a' },
    });
    const log = withHandovers(first, [moved]);
    expect(log.map(handoverText)).toEqual(['b took it over from a', 'a began with it']);
    expect(withHandovers(log, [{ ...moved, owner: null }])).toBe(log);
  });

  test('is bounded', () => {
    let log = withHandovers([], []);
    for (let second = 0; second < 300; second += 1) {
      const at = new Date(second * 1000).toISOString();
      log = withHandovers(log, [owned(0, 'a', { last_handover: { at, kind: 'resumed', from: 'a' } })]);
    }
    expect(log.length).toBe(200);
  });
});

test('handovers say who gave and who took', () => {
  expect(handoverText({ kind: 'handed-over', from: 'a', to: 'b' })).toBe('a handed it over to b');
  expect(handoverText({ kind: 'resumed', from: 'b', to: 'b' })).toBe('b went on with it');
});

test('one broken audit is what all of them say', () => {
  const audit = (state: string) => ({ audit: { state, checked_at: null, detail: null } });
  expect(auditOfAll([]).verdict).toBe('–');
  expect(auditOfAll([audit('clean')]).verdict).toBe('clean');
  expect(auditOfAll([audit('clean'), audit('pending')])).toEqual({
    verdict: 'pending',
    context: '1 of 2 streams clean',
  });
  expect(auditOfAll([audit('clean'), audit('broken'), audit('pending')]).verdict).toBe('broken');
});
