import { expect, test } from 'vitest';
import type { RetryRequest, RetryResult } from '../src/connect/connections-api';
import { type Outcome, retryAll } from '../src/connect/retrying';

const failure = (offset: string, reason: string) => ({ partition: 0, offset, reason, detail: 'why' });

function result(some: Partial<RetryResult>): RetryResult {
  return { rows: 0, before: 0, failed: 0, failures: [], next: null, stopped: null, ...some };
}

async function run(answers: RetryResult[], signal = new AbortController().signal) {
  const asked: RetryRequest[] = [];
  const told: Outcome[] = [];
  let pauses = 0;
  const outcome = await retryAll(
    'c:t',
    'wrong_type',
    (outcome) => told.push(outcome),
    signal,
    async (body) => {
      asked.push(body);
      const answer = answers[Math.min(asked.length, answers.length) - 1];
      if (!answer) throw new Error('nothing to answer');
      return answer;
    },
    async () => {
      pauses += 1;
    },
  );
  return { outcome, asked, told, pauses };
}

test('goes on until all were tried, and keeps an example of each reason', async () => {
  const { outcome, asked, told } = await run([
    result({ rows: 3, failed: 2, failures: [failure('1', 'a'), failure('2', 'a')], next: '0.5' }),
    result({ rows: 1, failed: 2, failures: [failure('7', 'b'), failure('8', 'a')] }),
  ]);
  expect(asked).toEqual([{ reason: 'wrong_type' }, { reason: 'wrong_type', after: '0.5' }]);
  expect(outcome).toEqual({
    rows: 4,
    before: 0,
    failed: 4,
    failures: [failure('1', 'a'), failure('7', 'b')],
  });
  expect(told.map(({ rows }) => rows)).toEqual([3, 4]);
});

test('waits for a partition that changes hands, and goes on where it was', async () => {
  const { outcome, asked, pauses } = await run([
    result({ rows: 1, next: '', stopped: 'busy' }),
    result({ rows: 2 }),
  ]);
  expect(asked[1]).toEqual({ reason: 'wrong_type', after: '' });
  expect([outcome.rows, outcome.stopped, pauses]).toEqual([3, undefined, 1]);
});

test('gives up when nobody answers for long, and says why', async () => {
  const { outcome, asked } = await run([result({ next: '', stopped: 'nobody is there' })]);
  expect([outcome.stopped, asked.length]).toEqual(['nobody is there', 10]);
});

test('ends between two requests when it is not wanted any more', async () => {
  const controller = new AbortController();
  controller.abort();
  const { asked } = await run([result({ rows: 1, next: '0.1' })], controller.signal);
  expect(asked).toHaveLength(1);
});
