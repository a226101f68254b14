// A node is drained from the page of another one: what that means is said before, and what comes of it is seen.
// usage: node e2e/drain.mjs URL NODE      NODE is another node of the same cluster, which has partitions
import assert from 'node:assert/strict';
import { accessible, fits, open, quiet, withBrowser } from './browser.mjs';

const [url, node] = process.argv.slice(2);

await withBrowser(async (browser) => {
  const { page, complaints, close } = await open(browser, { size: 'phone' });
  await page.goto(`${url}/cluster`);
  const row = page.getByRole('row').filter({ has: page.getByRole('rowheader', { name: node }) });
  await row.waitFor();
  const partitions = async () =>
    page.evaluate(async () => (await (await fetch('/api/v1/cluster')).json()).partitions);
  const owned = (await partitions()).filter(({ owner }) => owner === node).length;
  assert.ok(owned > 0, `${node} has something to hand over`);

  await row.getByRole('button', { name: `Drain ${node}` }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByText(`hands its ${owned} partition`).waitFor();
  await accessible(page, 'the question whether to drain');
  await fits(page, 'the question whether to drain');
  await dialog.getByRole('button', { name: 'Let it run' }).click();
  await dialog.waitFor({ state: 'detached' });
  assert.equal((await partitions()).filter(({ owner }) => owner === node).length, owned, 'nothing has begun');

  await row.getByRole('button', { name: `Drain ${node}` }).click();
  await dialog.getByRole('button', { name: `Drain ${node}` }).click();
  await page.getByText(`${node} hands over and ends.`).waitFor();
  // Its partitions have come here, one by one, and it has gone.
  await row.waitFor({ state: 'detached' });
  await page.getByText('1 of 1').waitFor();
  // They are another's once that one has taken them up.
  await page.waitForFunction(async (node) => {
    const { partitions } = await (await fetch('/api/v1/cluster')).json();
    return partitions.length > 0 && partitions.every(({ owner }) => owner !== null && owner !== node);
  }, node);
  assert.equal(await page.getByRole('toolbar', { name: `Partitions of ${node}` }).count(), 0);
  const log = page.getByRole('region', { name: 'What changed hands' });
  await log.getByText(`${node} handed it over`).first().waitFor();
  quiet(complaints, 'draining');
  await close();
});
console.log('a node was drained from the page of another one');
