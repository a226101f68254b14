import { expect, test } from 'vitest';
import { Pool } from '../src/visualize/pool';

test('only so many run at once, and all in the end', async () => {
  const pool = new Pool(2);
  const { signal } = new AbortController();
  let [running, most] = [0, 0];
  const work = async () => {
    running += 1;
    most = Math.max(most, running);
    await new Promise((resolve) => setTimeout(resolve, 1));
    running -= 1;
    return 1;
  };
  const all = await Promise.all(Array.from({ length: 9 }, () => pool.run(work, signal)));
  expect(all.length).toBe(9);
  expect(most).toBe(2);
});

test('whoever gives up while waiting does not run, and blocks nobody', async () => {
  const pool = new Pool(1);
  const given = new AbortController();
  let end = () => {};
  const first = pool.run(() => new Promise<void>((resolve) => (end = resolve)), new AbortController().signal);
  const second = pool.run(async () => 'ran', given.signal);
  const third = pool.run(async () => 'ran', new AbortController().signal);
  given.abort(new Error('given up'));
  await expect(second).rejects.toThrow('given up');
  end();
  await first;
  expect(await third).toBe('ran');
});
