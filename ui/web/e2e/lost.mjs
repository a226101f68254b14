// A page that is open while its node dies: it says so, keeps what it shows, and leads to another node.
// usage: node e2e/lost.mjs URL PID OTHER_URL     kills PID, which serves URL
import { open, withBrowser } from './browser.mjs';

const [url, pid, other] = process.argv.slice(2);
await withBrowser(async (browser) => {
  const { page } = await open(browser, { size: 'phone' });
  await page.goto(`${url}/query`);
  await page.getByRole('textbox', { name: 'Question' }).fill('How many');
  // The page has to know who else there is before its node goes.
  await page.goto(`${url}/cluster`);
  await page.getByText('node-2').first().waitFor();
  process.kill(Number(pid), 'SIGKILL');
  await page.getByText('No contact with this node.').waitFor();
  await page.getByText('node-2').first().waitFor();
  await page.getByRole('link', { name: 'Go to node-' }).first().click();
  await page.waitForURL(`${other}/cluster`);
  await page.getByText('node-1').first().waitFor();
});
console.log('a page that lost its node went on with another one');
