// Every dialogue and menu on three sizes: nothing serious for axe, nothing wider or higher than the screen.
// usage: node e2e/dialogs.mjs URL
import assert from 'node:assert/strict';
import { accessible, fits, open, quiet, SIZES, withBrowser } from './browser.mjs';
import { STREAM_BOARD, STREAM_PAGE } from './pages.mjs';

const [url] = process.argv.slice(2);
const BOARD = '/visualize/Dialogues';

const press = (name) => (page) => page.getByRole('button', { name }).first().click();
const choose = (menu, item) => async (page) => {
  await press(menu)(page);
  await page.getByRole('menuitem', { name: item }).click();
};
const run = async (page) => {
  await page.locator('.cm-content').waitFor();
  await page.getByRole('button', { name: 'Run', exact: true }).click();
  await page.getByText(/^\d+ rows? ·/).waitFor();
};
const edit = (then) => async (page) => {
  await page.getByRole('button', { name: 'Edit', exact: true }).click();
  await then(page);
};
/** What lies beside the page on a wide screen, and over it on others. */
const browse = (tab) => async (page, size) => {
  if (size !== 'wide') await press('Browse')(page);
  await page.getByRole('tab', { name: tab }).click();
};

/** What opens over the pages: where, and how. */
const OPENED = {
  'adding a stream': ['/connect', press('Add a stream')],
  'what to do with a stream': ['/connect', press(/^What to do with stream/)],
  'removing a stream': [STREAM_PAGE, press('Remove')],
  'putting a dead letter right': [
    STREAM_PAGE,
    async (page) => {
      await page.getByRole('tab', { name: /^Dead letters/ }).click();
      await press(/^Put right/)(page);
    },
  ],
  'removing a connection': ['/connect/connections/demo', press(/^Remove/)],
  'tables, beside or over the page': ['/query', browse('Tables')],
  'teaching a word': [
    '/query',
    async (page, size) => {
      await browse('Words')(page, size);
      await press('Teach a word')(page);
    },
  ],
  'saving a query': [
    '/query?sql=SELECT+1',
    async (page) => {
      await run(page);
      await page.getByRole('button', { name: 'Save', exact: true }).click();
    },
  ],
  'exporting rows': [
    '/query?sql=SELECT+1',
    async (page) => {
      await run(page);
      await press('Export')(page);
    },
  ],
  'a long cell': [
    '/query?sql=SELECT+range(200)+AS+list',
    async (page) => {
      await run(page);
      await page.getByRole('cell').getByRole('button').first().click();
    },
  ],
  completion: [
    '/query?sql=SELECT+cou',
    async (page) => {
      await page.locator('.cm-content').click();
      await page.keyboard.press('Control+End');
      await page.keyboard.type('n');
      await page.locator('.cm-tooltip-autocomplete').waitFor();
    },
  ],
  'a new dashboard': ['/visualize', press('New dashboard')],
  'what to do with a board': [BOARD, press('More about the board')],
  'a time of one’s own': [
    BOARD,
    async (page) => {
      await page.getByLabel('Time').selectOption('custom');
      await page.getByRole('button', { name: 'Show', exact: true }).waitFor();
    },
  ],
  'a board in Grafana': [BOARD, choose('More about the board', /Grafana/)],
  'what to do with a tile': [BOARD, press('More about Events')],
  'a tile in full': [BOARD, choose('More about Events', 'Full screen')],
  'a tile’s statement': [BOARD, choose('More about Events', 'Show its statement')],
  'a new tile': [BOARD, edit(press('Add a tile'))],
  'a tile’s statement, edited': [BOARD, edit(choose('More about Events', 'Edit'))],
  variables: [
    BOARD,
    edit(async (page) => {
      await press('Variables')(page);
      await press('Add a variable')(page);
    }),
  ],
  'draining a node': ['/cluster', press(/^Drain/)],
};

/** That what is open lies within the screen; a dialogue scrolls within what is around it. */
async function lies(page, where) {
  const around = page.locator('[role="dialog"]').locator('..');
  for (const shown of await around.or(page.locator('[role="menu"], [role="listbox"]')).all()) {
    const [box, screen] = [await shown.boundingBox(), page.viewportSize()];
    if (!box) continue;
    assert.ok(box.x >= 0 && box.x + box.width <= screen.width + 1, `${where}: too wide`);
    assert.ok(box.y >= -1 && box.y + box.height <= screen.height + 1, `${where}: too high`);
  }
}

await withBrowser(async (browser) => {
  for (const size of Object.keys(SIZES)) {
    const { page, complaints, close } = await open(browser, { size });
    if (size === Object.keys(SIZES)[0]) {
      await page.goto(url + STREAM_BOARD);
      await press('Save as a dashboard')(page);
      await page.getByRole('dialog').getByLabel('Name').fill('Dialogues');
      await page.getByRole('dialog').getByRole('button', { name: 'Save' }).click();
      await page.waitForURL(`**${BOARD}`);
    }
    for (const [name, [path, opens]] of Object.entries(OPENED)) {
      const where = `${name}, ${size}`;
      try {
        await page.goto(url + path);
        await opens(page, size);
        // Whatever glides in has arrived.
        await page.waitForTimeout(150);
      } catch (error) {
        throw new Error(`${where} does not open`, { cause: error });
      }
      await lies(page, where);
      await fits(page, where);
      // Between a phone and a wide screen nothing is new but where things are.
      if (size !== 'tablet') await accessible(page, where);
    }
    quiet(complaints, size);
    await close();
  }
});
console.log('dialogues and menus are whole on every size');
