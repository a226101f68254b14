// Pages that are open while their node dies: one goes on with another node by itself, with what is typed; one on which a form
// is half filled in stays, says why, and leads there; one stays because somebody says so.
// usage: node e2e/lost.mjs URL PID OTHER_URL     kills PID, which serves URL
import assert from 'node:assert/strict';
import { accessible, fits, open, quiet, withBrowser } from './browser.mjs';

const [url, pid, other] = process.argv.slice(2);
const QUESTION = 'How many orders & “returns” #today?';
/** What a browser reports of a node that is gone. */
const GONE = /ERR_CONNECTION_REFUSED|ERR_EMPTY_RESPONSE|ERR_CONNECTION_RESET|ERR_INCOMPLETE_CHUNKED/;

await withBrowser(async (browser) => {
  const typing = await open(browser, { size: 'phone' });
  await typing.page.goto(`${url}/query`);
  await typing.page.getByRole('textbox', { name: 'Question' }).fill(QUESTION);

  const writing = await open(browser);
  await writing.page.goto(`${url}/query?sql=SELECT+1`);
  await writing.page.locator('.cm-content').click();
  await writing.page.keyboard.press('Control+End');
  await writing.page.keyboard.type(' + 41 AS half_written');

  const filling = await open(browser, { size: 'phone' });
  await filling.page.goto(`${url}/connect/new`);
  await filling.page.getByLabel('Name').fill('half');

  const staying = await open(browser);
  await staying.page.goto(`${url}/cluster`);
  // The pages have to know who else there is before their node goes.
  await staying.page.getByText('node-1').first().waitFor();
  for (const { page } of [typing, writing, filling])
    await page.getByText('2 nodes').first().waitFor({ state: 'attached' });

  // The page waits a few seconds for it to be pressed, which are over soon where four pages want to be drawn at once.
  await staying.page.evaluate(() => {
    const observer = new MutationObserver(() => {
      const stay = [...document.querySelectorAll('button')].find((button) => button.textContent === 'Stay');
      if (!stay) return;
      observer.disconnect();
      stay.click();
    });
    observer.observe(document.body, { childList: true, subtree: true });
  });
  process.kill(Number(pid), 'SIGKILL');

  await staying.page.getByText('The page stays as it was').waitFor();

  await typing.page.waitForURL(`${other}/query`);
  const box = typing.page.getByRole('textbox', { name: 'Question' });
  await box.waitFor();
  assert.equal(await box.inputValue(), QUESTION);
  await typing.page.getByText('was out of reach').waitFor();
  assert.equal(await typing.page.getByRole('article').count(), 0, 'nothing is run by itself');

  await writing.page.waitForURL(`${other}/query?sql=SELECT+1`);
  await writing.page.locator('.cm-content').waitFor();
  assert.equal(await writing.page.locator('.cm-content').innerText(), 'SELECT 1 + 41 AS half_written');

  await filling.page.getByText('A connection is half filled in').waitFor();
  await fits(filling.page, 'a page that stays');
  await accessible(filling.page, 'a page that stays');
  assert.equal(await filling.page.getByLabel('Name').inputValue(), 'half');
  assert.equal(new URL(filling.page.url()).origin, url, 'the form stays');
  await filling.page.getByRole('link', { name: 'Go to node-' }).click();
  await filling.page.waitForURL(`${other}/connect/new`);

  assert.equal(staying.page.url(), `${url}/cluster`, 'who was told to stay is still there');
  quiet(typing.complaints, 'the question', GONE);
  quiet(writing.complaints, 'the statement', GONE);
  quiet(filling.complaints, 'the form', GONE);
  quiet(staying.complaints, 'the page that stays', GONE);
});
console.log('pages that lost their node went on with another one, and lost nothing');
