// Somebody who may look and ask, and change nothing: every page is of use, and nothing is offered that would be refused.
// usage: node e2e/viewer.mjs URL VIEWER_TOKEN EDITOR_TOKEN      a node that lets nobody in without a token
import assert from 'node:assert/strict';
import { accessible, fits, open, quiet, withBrowser } from './browser.mjs';
import { PAGES, STREAM_BOARD } from './pages.mjs';

const [url, viewer, editor] = process.argv.slice(2);

/** How the things are called that take an editor or an admin. */
const CHANGING =
  /^(add|new|edit$|save|remove|forget|teach|pause|resume|drain|import|create|test|variables|what to do with|duplicate)\b/i;

/** What a page may ask, by its policy. */
async function mayAsk(page) {
  const response = await page.goto(`${url}/cluster`);
  return /connect-src ([^;]*)/.exec(response.headers()['content-security-policy'])?.[1];
}

async function logIn(page, token) {
  assert.equal(await mayAsk(page), "'self'", 'where the others are is not for everybody');
  await page.getByLabel('Access token').fill(token);
  await page.keyboard.press('Enter');
  await page.getByText('node-1').first().waitFor();
  assert.match(await mayAsk(page), /^'self' http:\/\/127\.0\.0\.1:\d+$/, 'the other node may be asked');
}

/** What can be pressed or followed on the page, by name. */
async function offered(page) {
  return page.evaluate(() =>
    [
      ...document.querySelectorAll(
        ':is(main, [role="dialog"], [role="menu"]) :is(button, a, [role="menuitem"])',
      ),
    ]
      .filter((element) => !element.disabled && element.ariaDisabled !== 'true')
      .map((element) => (element.getAttribute('aria-label') ?? element.textContent ?? '').trim()),
  );
}

async function offersNoChange(page, where) {
  const wrong = (await offered(page)).filter((name) => CHANGING.test(name));
  assert.deepEqual(wrong, [], `${where} offers a viewer`);
}

/** What an editor leaves for others to look at. */
async function prepare(browser) {
  const { page, close } = await open(browser);
  await logIn(page, editor);
  await page.goto(url + STREAM_BOARD);
  await page.getByRole('button', { name: 'Save as a dashboard' }).click();
  await page.getByRole('dialog').getByLabel('Name').fill('For viewers');
  await page.getByRole('dialog').getByRole('button', { name: 'Save' }).click();
  await page.waitForURL('**/visualize/For%20viewers');
  await page.goto(`${url}/query?sql=SELECT+42+AS+answer`);
  await page.locator('.cm-content').waitFor();
  await page.getByRole('button', { name: 'Run', exact: true }).click();
  await page.getByText('1 row ·').waitFor();
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await page.getByRole('textbox', { name: 'Name' }).fill('The answer');
  await page.getByRole('dialog').getByRole('button', { name: 'Save' }).click();
  await page.getByText('Saved as “The answer”').waitFor();
  await close();
}

await withBrowser(async (browser) => {
  await prepare(browser);
  const { page, complaints, close } = await open(browser);
  const refused = [];
  page.on('response', (response) => {
    if (response.status() === 403) refused.push(`${response.request().method()} ${response.url()}`);
  });
  await logIn(page, viewer);
  await page.getByRole('button', { name: 'vera, viewer' }).waitFor();

  const more = {
    'a connection': ['/connect/connections/demo', () => page.getByLabel('Brokers').waitFor()],
    'a kept board': ['/visualize/For%20viewers', () => page.locator('canvas').first().waitFor()],
  };
  for (const [name, [path, whole]] of Object.entries({ ...PAGES, ...more })) {
    await page.goto(url + path);
    await whole(page);
    await offersNoChange(page, name);
    await fits(page, name);
    await accessible(page, `${name}, as a viewer sees it`);
  }

  // A connection can be read, and it is said why it cannot be changed.
  for (const path of ['/connect/new', '/connect/connections/demo']) {
    await page.goto(url + path);
    await page.getByText('takes the role of an editor').first().waitFor();
  }

  // All that a board has for those who look.
  await page.goto(`${url}/visualize/For%20viewers`);
  await page.getByRole('button', { name: 'More about the board' }).click();
  await offersNoChange(page, 'the menu of a board');
  await page.keyboard.press('Escape');
  await page.getByRole('button', { name: 'More about Events', exact: true }).click();
  await offersNoChange(page, 'the menu of a tile');
  await page.keyboard.press('Escape');

  // Questions, what came of them, and what others have saved.
  await page.goto(`${url}/query`);
  await page.getByRole('radio', { name: 'Question' }).click();
  await page.getByRole('textbox', { name: 'Question' }).fill('How many shop events were there today?');
  await page.keyboard.press('Enter');
  await page.getByRole('button', { name: 'This is right' }).click();
  await page.getByText('Kept as right').waitFor();
  await offersNoChange(page, 'an answer');
  await page
    .getByRole('button', { name: /Correct it$/ })
    .first()
    .click();
  await offersNoChange(page, 'a part of a reading');
  await page.keyboard.press('Escape');
  for (const tab of ['Saved', 'History', 'Words', 'Tables']) {
    await page.getByRole('tab', { name: tab }).click();
    await page.waitForTimeout(300);
    await offersNoChange(page, `the list of ${tab}`);
  }
  await page.getByRole('tab', { name: 'Saved' }).click();
  await page.getByRole('button', { name: /^The answer/ }).click();
  await page.getByRole('button', { name: 'Run', exact: true }).click();
  await page.getByText('1 row ·').first().waitFor();

  assert.deepEqual(refused, [], 'what was refused');
  quiet(complaints, 'a viewer', /status of 401/);
  await close();
});
console.log('a viewer finds everything of use, and nothing that would be refused');
