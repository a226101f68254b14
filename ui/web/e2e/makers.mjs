// What people make on a running node: a connection that is tried and mended, and a dashboard that two people change at once.
// usage: node e2e/makers.mjs URL KAFKA      KAFKA is the HOST:PORT of a broker with the topic shop_events
import assert from 'node:assert/strict';
import { accessible, fits, open, quiet, withBrowser } from './browser.mjs';

const [url, kafka] = process.argv.slice(2);

/** A connection with a wrong port, mended, tried, looked into and kept; then removed. */
async function connector(browser) {
  const { page, complaints, close } = await open(browser, { size: 'phone' });
  await page.goto(`${url}/connect`);
  await page.getByRole('link', { name: 'Add a connection' }).click();
  await page.getByLabel('Name').fill('second');
  await page.getByLabel('Brokers').fill('127.0.0.1:1');
  await page.getByRole('button', { name: 'Test' }).click();
  await page.getByText('This does not work yet.').waitFor();
  await page.getByText('Port fails').waitFor();
  await page.getByLabel('Brokers').fill(kafka);
  await page.getByRole('button', { name: 'Test' }).click();
  await page.getByText(/^This works/).waitFor();
  await page.getByRole('button', { name: /^shop_events/ }).click();
  await page.getByRole('button', { name: 'Create the stream' }).waitFor();
  await page.getByText('event_type').first().waitFor();
  await page.getByLabel('Type of event_type').selectOption('Nullable(String)');
  await page.getByLabel('Leave out event_id').check();
  await page.getByText('With your changes, all messages that were looked at fit.').waitFor();
  await page.getByText('no column', { exact: true }).waitFor();
  await fits(page, 'a topic with changed columns, phone');
  await accessible(page, 'a topic with changed columns');
  await page.getByRole('button', { name: 'Reset to the proposal' }).click();
  assert.equal(await page.getByLabel('Leave out event_id').isChecked(), false);
  await fits(page, 'a topic looked at, phone');
  await accessible(page, 'a topic looked at');
  await page.getByRole('button', { name: 'Save without a stream' }).click();
  await page.getByText('Connection second is added.').waitFor();
  await page.goto(`${url}/connect/connections/second`);
  assert.equal(await page.getByLabel('Brokers').inputValue(), kafka);
  await page.getByRole('button', { name: /^Remove/ }).click();
  await page
    .getByRole('dialog')
    .getByRole('button', { name: /^Remove/ })
    .click();
  await page.waitForURL('**/connect');
  quiet(complaints, 'the connector', /status of 4\d\d/);
  await close();
}

/** The stream's ready board kept, a tile added; somebody else is faster, and nothing is lost. */
async function designer(browser) {
  const { page, complaints, close } = await open(browser);
  await page.goto(`${url}/visualize`);
  await page
    .getByRole('link', { name: /shop_events/ })
    .first()
    .click();
  await page.locator('canvas').first().waitFor();
  await page.getByRole('button', { name: 'Save as a dashboard' }).click();
  await page.getByRole('dialog').getByLabel('Name').fill('Shop & more');
  await page.getByRole('dialog').getByRole('button', { name: 'Save' }).click();
  await page.waitForURL('**/visualize/Shop%20%26%20more');
  await page.getByRole('button', { name: 'Edit', exact: true }).click();
  await addTile(page, 'Answer', 'SELECT 42 AS answer');
  await page.getByRole('heading', { name: 'Answer' }).waitFor();

  const other = await open(browser);
  await other.page.goto(`${url}/visualize/Shop%20%26%20more`);
  await other.page.getByRole('button', { name: 'Edit', exact: true }).click();
  await addTile(other.page, 'Other answer', 'SELECT 43 AS answer');
  await other.page.getByRole('button', { name: 'Save', exact: true }).click();
  await other.page.getByText('Saved “Shop & more”').waitFor();
  await other.close();

  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await page.getByRole('heading', { name: 'Somebody else has changed it meanwhile' }).waitFor();
  await page.getByRole('button', { name: 'Save mine over theirs' }).click();
  await page.getByText('Saved “Shop & more”').waitFor();
  await page.getByRole('heading', { name: 'Answer', exact: true }).waitFor();
  await accessible(page, 'a board');

  await page.getByRole('button', { name: 'More about the board' }).click();
  await page.getByRole('menuitem', { name: 'Remove' }).click();
  await page.waitForURL('**/visualize');
  await page.getByRole('button', { name: 'Undo' }).click();
  await page.getByRole('heading', { level: 1, name: 'Shop & more' }).waitFor();
  quiet(complaints, 'the designer', /status of 412/);
  await close();
}

async function addTile(page, title, sql) {
  await page.getByRole('button', { name: 'Add a tile' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Title').fill(title);
  await dialog.getByRole('tab', { name: 'SQL' }).click();
  await dialog.getByLabel('Statement').fill(sql);
  await dialog.getByRole('button', { name: 'Run' }).click();
  await dialog.getByText('answer').first().waitFor();
  await dialog.getByRole('button', { name: 'Keep' }).click();
}

await withBrowser(async (browser) => {
  for (const maker of [connector, designer]) {
    try {
      await maker(browser);
    } catch (error) {
      throw new Error(`the ${maker.name} got lost`, { cause: error });
    }
  }
});
console.log('a connection was mended, and a board survived two people');
