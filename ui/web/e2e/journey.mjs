// A newcomer's way through a running node, and a look at what goes wrong on it.
// usage: node e2e/journey.mjs URL
import assert from 'node:assert/strict';
import { goBy, open, quiet, withBrowser } from './browser.mjs';

const [url] = process.argv.slice(2);

/** From the stream to a question, its rows, the statement behind it, a saved query, a link, by keyboard where that is shorter. */
async function newcomer(browser) {
  const { page, complaints, close } = await open(browser);
  await page.goto(url);
  await page.waitForURL('**/connect');
  await page.getByText('Audit clean').first().waitFor();
  await goBy(page, 'q', '/query');

  await page.getByRole('textbox', { name: 'Question' }).fill('How many shop events were there today?');
  await page.keyboard.press('Enter');
  await page.getByRole('tab', { name: 'Rows' }).click();
  const cell = page.getByRole('cell').first();
  await cell.waitFor();
  const events = Number((await cell.innerText()).replaceAll(/\D/g, ''));
  assert.ok(events > 0, `there are ${events} events`);

  await page.getByRole('button', { name: 'This is right' }).click();
  await page.getByText('Kept as right').waitFor();
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByRole('textbox', { name: 'Name' }).fill('Events of today');
  await page.getByRole('dialog').getByRole('button', { name: 'Save' }).click();
  await page.getByText('Saved as “Events of today”').waitFor();

  await page.getByRole('button', { name: 'Edit SQL' }).click();
  const editor = page.locator('.cm-content');
  await editor.waitFor();
  assert.match(await editor.innerText(), /SELECT/);
  await page.goto(`${url}/query?saved=Events%20of%20today`);
  await page.getByText('count()').first().waitFor();
  assert.equal(await page.getByRole('article').count(), 0, 'a link runs nothing by itself');
  await page.getByRole('tab', { name: 'Saved' }).click();
  await page.getByRole('button', { name: 'Remove Events of today' }).click();
  await page.getByText('is removed').waitFor();
  await page.getByRole('button', { name: 'Undo' }).click();
  await page.getByRole('button', { name: /^Events of today/ }).waitFor();
  quiet(complaints, 'the newcomer');
  await close();
}

/** A hundred thousand rows, sorted and scrolled; a cancelled statement; an error at its place. */
async function analyst(browser) {
  const { page, complaints, close } = await open(browser);
  const sql = 'SELECT number * 18446744073709 AS n, {word:String} AS word FROM numbers(100000)';
  await page.goto(`${url}/query?sql=${encodeURIComponent(sql)}&p.word=hello`);
  await page.locator('.cm-content').waitFor();
  await page.getByLabel('At most').selectOption('100000');
  await page.getByRole('button', { name: 'Run', exact: true }).click();
  await page.getByText('100,000 rows ·').waitFor();
  await page
    .getByRole('tab', { name: 'Rows' })
    .or(page.getByRole('button', { name: /^n UInt64/ }))
    .first()
    .click();
  const head = page.getByRole('columnheader', { name: /^n UInt64/ });
  while ((await head.getAttribute('aria-sort')) !== 'descending') await head.getByRole('button').click();
  const largest = await page.getByRole('cell').first().innerText();
  assert.equal(
    largest.replaceAll(/\D/g, ''),
    String(99_999n * 18_446_744_073_709n),
    'all digits of the largest',
  );
  const inPage = await page.getByRole('row').count();
  assert.ok(inPage < 200, `${inPage} rows are in the page, not all of them`);

  await page.goto(
    `${url}/query?sql=${encodeURIComponent('SELECT count() FROM numbers(1000000000000) WHERE cityHash64(number) = 1')}`,
  );
  await page.locator('.cm-content').waitFor();
  await page.getByRole('button', { name: 'Run', exact: true }).click();
  await page.getByRole('button', { name: 'Cancel' }).click();
  await page.getByText('Cancelled').first().waitFor();

  await page.goto(`${url}/query?sql=${encodeURIComponent('SELECT nonsense FROM events.shop_events')}`);
  await page.locator('.cm-content').waitFor();
  await page.getByRole('button', { name: 'Run', exact: true }).click();
  await page.getByText('The query names something that is not there', { exact: true }).waitFor();
  assert.equal(await page.locator('.cm-lintRange-error').innerText(), 'nonsense');
  // The browser itself reports what the node refused.
  quiet(complaints, 'the analyst', /status of 400/);
  await close();
}

/** Times are in the reader's zone, or in UTC where somebody chose that, and it is always said which. */
async function timekeeper(browser) {
  const { page, complaints, close } = await open(browser, { timezoneId: 'America/New_York' });
  const sql = "SELECT toDateTime64('2026-01-15 12:00:00.125', 3, 'UTC') AS at, toDate('2026-01-15') AS day";
  await page.goto(`${url}/query?sql=${encodeURIComponent(sql)}`);
  await page.locator('.cm-content').waitFor();
  await page.getByRole('button', { name: 'Run', exact: true }).click();
  const cell = page.getByRole('cell').first();
  await cell.filter({ hasText: '2026-01-15 07:00:00.125' }).waitFor();
  assert.match(await page.getByRole('columnheader', { name: /^at/ }).innerText(), /EST|GMT-5/);
  assert.match(await cell.getAttribute('title'), /2026-01-15 12:00:00\.125 UTC/);
  await page.getByRole('button', { name: /^Times are in your own zone/ }).click();
  await cell.filter({ hasText: '2026-01-15 12:00:00.125' }).waitFor();
  assert.match(await page.getByRole('columnheader', { name: /^at/ }).innerText(), /UTC/);
  assert.equal(await page.getByRole('cell').nth(1).innerText(), '2026-01-15', 'a date has no zone');
  await page.reload();
  await page.getByRole('button', { name: /^Times are in UTC/ }).waitFor();
  quiet(complaints, 'the timekeeper');
  await close();
}

/** Markup in names, values, errors and links stays text. */
async function attacker(browser) {
  const { page, complaints, close } = await open(browser);
  const markup = '<img src=x onerror="document.title=1"><script>document.title=1</script>';
  const text = `'${markup.replaceAll("'", "\\'")}'`;
  const name = `\`${markup}\``;
  const sql = `SELECT ${text} AS ${name}, [${text}] AS list, 1 AS n UNION ALL SELECT 'b', [], 2`;
  await page.goto(`${url}/query?sql=${encodeURIComponent(sql)}`);
  await page.locator('.cm-content').waitFor();
  await page.getByRole('button', { name: 'Run', exact: true }).click();
  await page.getByText('2 rows ·').waitFor();
  for (const tab of await page.getByRole('tablist', { name: 'Result' }).getByRole('tab').all())
    await tab.click();
  await page.goto(`${url}/query?q=${encodeURIComponent(`how many ${markup} are there?`)}`);
  await page.getByRole('button', { name: 'Ask' }).click();
  await page.getByText('This cannot be answered').waitFor();
  await page.goto(`${url}/query?sql=${encodeURIComponent(`SELECT ${name} FROM events.shop_events`)}`);
  await page.locator('.cm-content').waitFor();
  await page.getByRole('button', { name: 'Run', exact: true }).click();
  await page.getByRole('alert').waitFor();
  await page.goto(`${url}/connect/streams/${encodeURIComponent(markup)}`);
  await page.getByRole('heading', { level: 1 }).waitFor();
  // A table that somebody else has made (the test behind this one), with the same as its name, columns and comments.
  await page.goto(`${url}/query`);
  await page.getByLabel('Search tables and columns').fill('img');
  await page.getByText('onerror').first().waitFor();
  assert.equal(await page.evaluate(() => document.querySelectorAll('img[src="x"]').length), 0);
  assert.match(await page.title(), /Aurora/);
  quiet(complaints, 'the attacker', /status of 4\d\d/);
  await close();
}

/** A paste of fifty megabytes stays in the box, is not sent, and the page goes on. */
async function paster(browser) {
  const { page, complaints, close } = await open(browser);
  const sent = [];
  page.on('request', (request) => {
    if (request.method() === 'POST') sent.push(request.url());
  });
  await page.goto(`${url}/query`);
  const box = page.getByRole('textbox', { name: 'Question' });
  await box.waitFor();
  await box.evaluate((element) => {
    const set = Object.getOwnPropertyDescriptor(HTMLTextAreaElement.prototype, 'value').set;
    set.call(element, 'x'.repeat(50_000_000));
    element.dispatchEvent(new Event('input', { bubbles: true }));
  });
  await page.getByText('characters are too many').waitFor();
  await box.press('Enter');
  assert.equal(await box.evaluate((element) => element.value.length), 50_000_000, 'nothing is lost');
  assert.deepEqual(sent, [], 'nothing was sent');
  quiet(complaints, 'the paster');
  await close();
}

await withBrowser(async (browser) => {
  for (const traveller of [newcomer, analyst, timekeeper, attacker, paster]) {
    try {
      await traveller(browser);
    } catch (error) {
      throw new Error(`the ${traveller.name} got lost`, { cause: error });
    }
  }
});
console.log('the newcomer, the analyst, the timekeeper, the attacker and the paster came through');
