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
  await page.getByLabel('Leave out session_id').check();
  await page.getByText(/^With your changes, /).waitFor();
  await page.getByText('no column', { exact: true }).waitFor();
  await fits(page, 'a topic with changed columns, phone');
  await accessible(page, 'a topic with changed columns');
  await page.getByRole('button', { name: 'Reset to the proposal' }).click();
  assert.equal(await page.getByLabel('Leave out session_id').isChecked(), false);
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

/** Tiles of questions: with the board's time, with their own, and a statement that is wrong. */
async function asker(browser) {
  const { page, complaints, close } = await open(browser);
  await page.goto(`${url}/visualize`);
  await page.getByRole('button', { name: 'New dashboard' }).click();
  await page.getByRole('dialog').getByLabel('Name').fill('Asked');
  await page.getByRole('dialog').getByRole('button', { name: 'Save' }).click();
  const dialog = page.getByRole('dialog');
  const editor = dialog.getByRole('textbox', { name: 'Statement' });

  await page.getByRole('button', { name: 'Add a tile' }).click();
  await dialog.getByLabel('Question').fill('shop events per minute in the last 10 minutes');
  await dialog.getByRole('button', { name: 'Ask', exact: true }).click();
  await dialog.getByText('It follows the time of the board').waitFor();
  assert.match(await editor.innerText(), /\{from:DateTime64\(3\)\}/);
  await dialog.getByRole('button', { name: 'Keep the time of the question' }).click();
  assert.match(await editor.innerText(), /now\(\) - INTERVAL 10 MINUTE/);
  await dialog.getByRole('button', { name: 'Keep', exact: true }).click();
  const tile = page.getByRole('region', { name: /^shop events per minute/ });
  await tile.getByText('own time').waitFor();
  await tile.getByRole('button', { name: /^More about/ }).click();
  await page.getByRole('menuitem', { name: 'Follow the board’s time' }).click();
  await tile.getByText('own time').waitFor({ state: 'detached' });
  // A message with "Undo" stays for a while only, in which a busy machine may not have drawn.
  await page.getByRole('button', { name: 'Undo' }).click();
  await tile.getByText('own time').waitFor();
  await tile.locator('canvas').waitFor();

  await page.getByRole('button', { name: 'Add a tile' }).click();
  await dialog.getByRole('tab', { name: 'SQL' }).click();
  await editor.click();
  await page.keyboard.type('SELECT cou');
  await page.locator('.cm-tooltip-autocomplete').waitFor();
  // The list of completions closes, and what is around the editor does not.
  await page.keyboard.press('Escape');
  await page.locator('.cm-tooltip-autocomplete').waitFor({ state: 'detached' });
  await page.keyboard.type('ntt(1) AS wrong');
  await page.keyboard.press('Escape');
  await page.keyboard.press('Control+Enter');
  await dialog.locator('.cm-lintRange-error').waitFor();
  await accessible(page, 'a statement that is wrong');
  await dialog.getByRole('button', { name: 'Cancel' }).click();
  await page.getByRole('button', { name: 'Undo' }).last().click();
  assert.match(await editor.innerText(), /SELECT countt\(1\) AS wrong/, 'what was typed is back');
  await dialog.getByRole('button', { name: 'Cancel' }).click();
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await page.getByText('Saved “Asked”').waitFor();
  quiet(complaints, 'the asker', /status of 400/);
  await close();
}

/** A board that is removed by somebody else while it is edited, before it is saved and before it is opened again. */
async function survivor(browser) {
  const { page, complaints, close } = await open(browser);
  const name = 'Removed by others';
  const path = `${url}/visualize/${encodeURIComponent(name)}`;
  await page.goto(`${url}/visualize`);
  await page.getByRole('button', { name: 'New dashboard' }).click();
  await page.getByRole('dialog').getByLabel('Name').fill(name);
  await page.getByRole('dialog').getByRole('button', { name: 'Save' }).click();
  await addTile(page, 'Kept', 'SELECT 44 AS answer');
  await removedByOthers(browser, path);
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await page.getByRole('heading', { name: 'Somebody else has removed it meanwhile' }).waitFor();
  await accessible(page, 'a board that was removed');
  await page.getByRole('button', { name: 'Save mine as new' }).click();
  await page.getByText(`Saved “${name}”`).first().waitFor();
  await page.reload();
  await page.getByRole('heading', { name: 'Kept' }).waitFor();

  await page.getByRole('button', { name: 'Edit', exact: true }).click();
  await addTile(page, 'Kept too', 'SELECT 45 AS answer');
  await removedByOthers(browser, path);
  await page.goto(path);
  await page.getByText('You were changing it').waitFor();
  await accessible(page, 'a board that is missing');
  await page.getByRole('button', { name: 'Save mine as new' }).click();
  await page.getByRole('heading', { name: 'Kept too' }).waitFor();
  quiet(complaints, 'the survivor', /status of (412|404)/);
  await close();
}

async function removedByOthers(browser, path) {
  const { page, close } = await open(browser);
  await page.goto(path);
  await page.getByRole('button', { name: 'More about the board' }).click();
  await page.getByRole('menuitem', { name: 'Remove' }).click();
  await page.waitForURL('**/visualize');
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
  for (const maker of [connector, designer, asker, survivor]) {
    try {
      await maker(browser);
    } catch (error) {
      throw new Error(`the ${maker.name} got lost`, { cause: error });
    }
  }
});
console.log('a connection was mended, and boards survived two people');
