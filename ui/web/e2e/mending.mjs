// What people put right: a part of how a question was read, and a message that did not fit.
// usage: node e2e/mending.mjs URL      a node with the demo shop, of which some events are broken
import assert from 'node:assert/strict';
import { accessible, open, quiet, withBrowser } from './browser.mjs';
import { STREAM_PAGE } from './pages.mjs';

const [url] = process.argv.slice(2);

/** The rows of the latest answer that is shown, whatever it is drawn as. */
async function answered(article) {
  await article.getByRole('tab', { name: 'Rows' }).click();
  return article.getByRole('grid').or(article.getByRole('table')).first().innerText();
}

/** What the node answers to the page. */
function post(page, path, body) {
  return page.evaluate(
    async ([path, body]) => {
      const headers = { 'content-type': 'application/json', 'x-aurora-request': '1' };
      const response = await fetch(path, { method: 'POST', headers, body: JSON.stringify(body) });
      return response.json();
    },
    [path, body],
  );
}

/** A question that was read as counting rows is to be about something else: one choice, and it is asked again. */
async function corrector(browser) {
  const { page, complaints, close } = await open(browser);
  await page.goto(`${url}/query`);
  await page.getByRole('textbox', { name: 'Question' }).fill('How many shop events are there per channel?');
  await page.keyboard.press('Enter');
  const first = page.getByRole('article').last();
  await first.getByRole('button', { name: /^by: by channel/ }).click();
  await page.getByRole('menuitem', { name: 'Rather by device.type' }).click();
  await page.getByText('This is read as you have corrected it.').waitFor();
  assert.equal(await page.getByRole('article').count(), 2);
  const second = page.getByRole('article').first();
  await second.getByRole('button', { name: /^by: by device.type/ }).waitFor();
  assert.match(await answered(second), /mobile/);
  await second.getByRole('tab', { name: 'SQL' }).click();
  assert.match(await second.innerText(), /GROUP BY[\s\S]*device\.type/);
  await accessible(page, 'a corrected reading');
  quiet(complaints, 'the corrector');
  await close();
}

/** What the list shows is asked for anew, and so much has come meanwhile that what somebody works on is not among it. */
async function overtaken(page) {
  const list = /\/dead-letters(\?|$)/;
  let asked = 0;
  await page.route(list, async (route) => {
    asked += 1;
    await route.fulfill({ json: { dead_letters: [], reasons: [], next: null } });
  });
  // It is behind the dialog, and works on from before.
  const all = page.getByRole('button', { name: /^Try all/, includeHidden: true });
  await all.evaluate((button) => button.click());
  while (asked === 0) await page.waitForTimeout(100);
  await page.unroute(list);
}

/** A broken message is put right and becomes a row; the others are tried again, and it is said why they do not fit. */
async function mender(browser) {
  const { page, complaints, close } = await open(browser, { size: 'phone' });
  await page.goto(url + STREAM_PAGE);
  await page.getByRole('tab', { name: /^Dead letters/ }).click();
  await page.getByRole('button', { name: /^Try all/ }).click();
  await page.getByText(/0 messages became rows, [\d,]+ still do not fit/).waitFor();
  // Others are valid JSON, and something else is wrong with them.
  const broken = page.getByRole('listitem').filter({ hasText: /No valid JSON:/ });
  const right = broken.getByRole('button', { name: /^Put right/ }).first();
  const name = await right.getAttribute('aria-label');
  // The list is asked for anew when the retry has ended: the first one may be another by now.
  await page.getByRole('button', { name, exact: true }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByText(/It is no valid JSON yet/).waitFor();
  assert.ok(await dialog.getByRole('button', { name: 'Make a row of it' }).isDisabled());
  await overtaken(page);
  await dialog.getByText(/It is no valid JSON yet/).waitFor();
  await dialog.getByLabel('Message').fill('{"event_type": "put-right"}');
  await accessible(page, 'putting a message right');
  await dialog.getByRole('button', { name: 'Make a row of it' }).click();
  await page.getByText('The message is a row now.').waitFor();
  await page.getByRole('button', { name, exact: true }).waitFor({ state: 'detached' });
  const [, partition, offset] = /partition (\d+), offset (\d+)/.exec(name);
  const sql = `SELECT _partition, _offset FROM shop_events WHERE event_type = 'put-right'`;
  const answer = await post(page, '/api/v1/sql', { sql });
  assert.deepEqual(answer.rows, [[Number(partition), offset]]);
  const audit = await post(page, '/api/v1/streams/demo%3Ashop_events/audit', {});
  const retried = audit.partitions.map(({ retried }) => retried).reduce((sum, one) => sum + one);
  assert.deepEqual([audit.clean, audit.problems, retried], [true, [], 1]);
  quiet(complaints, 'the mender');
  await close();
}

await withBrowser(async (browser) => {
  await corrector(browser);
  await mender(browser);
});
console.log('what was read wrong and what did not fit were put right');
