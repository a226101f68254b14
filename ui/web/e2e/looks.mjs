// Every page on three sizes, dark and light: nothing refused, nothing too wide, nothing serious for axe, and a picture of each.
// usage: node e2e/looks.mjs URL SCREENSHOT_DIRECTORY
import { accessible, fits, open, quiet, SIZES, withBrowser } from './browser.mjs';

const [url, directory] = process.argv.slice(2);

const STREAM = encodeURIComponent('demo:shop_events');
const STATEMENT = encodeURIComponent(
  'SELECT channel, count() AS events FROM events.shop_events GROUP BY channel ORDER BY events DESC',
);

/** The pages: where they are, and how one sees that they are whole. */
const PAGES = {
  connect: ['/connect', async (page) => page.getByText('Audit clean').first().waitFor()],
  stream: [`/connect/streams/${STREAM}`, async (page) => page.getByText('Audit clean').first().waitFor()],
  connection: ['/connect/new', async (page) => page.getByRole('heading', { level: 1 }).waitFor()],
  question: [
    '/query',
    async (page) => {
      await page
        .getByRole('textbox', { name: 'Question' })
        .fill('events per minute in the last 30 minutes by channel');
      await page.keyboard.press('Enter');
      await page.getByRole('tab', { name: 'Rows' }).waitFor();
      await page.locator('canvas, svg[role="img"]').first().waitFor();
    },
  ],
  statement: [
    `/query?sql=${STATEMENT}`,
    async (page) => {
      await page.locator('.cm-content').waitFor();
      await page.getByRole('button', { name: 'Run', exact: true }).click();
      await page.getByRole('tab', { name: 'Rows' }).click();
      await page.getByRole('cell', { name: 'search' }).waitFor();
    },
  ],
  visualize: ['/visualize', async (page) => page.getByRole('heading', { level: 1 }).waitFor()],
  board: [
    `/visualize?stream=${STREAM}`,
    async (page) => {
      await page.getByRole('heading', { level: 1, name: 'shop_events' }).waitFor();
      await page.locator('canvas').first().waitFor();
    },
  ],
  cluster: ['/cluster', async (page) => page.getByText('node-1').first().waitFor()],
};

await withBrowser(async (browser) => {
  for (const [name, [path, whole]] of Object.entries(PAGES)) {
    for (const size of Object.keys(SIZES)) {
      for (const scheme of ['dark', 'light']) {
        const where = `${name}, ${size}, ${scheme}`;
        const { page, complaints, close } = await open(browser, { size, scheme });
        await page.goto(url + path);
        await whole(page);
        await fits(page, where);
        // The colours of both themes are looked at on the other sizes.
        if (size !== 'tablet' || scheme === 'dark') await accessible(page, where);
        await page.screenshot({ path: `${directory}/${name}-${size}-${scheme}.png`, fullPage: true });
        quiet(complaints, where);
        await close();
      }
    }
  }
});
console.log('every page is whole on every size, dark and light');
