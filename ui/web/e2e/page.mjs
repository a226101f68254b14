// Opens a node's page in a real browser, as a phone and as a wide screen, watches a stream and runs a query.
// usage: node e2e/page.mjs URL [SCREENSHOT_DIRECTORY]      CHROMIUM names the browser, /usr/bin/chromium otherwise
import assert from 'node:assert/strict';
import { chromium } from 'playwright-core';

const [url, screenshots] = process.argv.slice(2);
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  // Tests may run as root, where Chromium's sandbox cannot; the page is our own. The rest keeps it off the network.
  args: [
    '--no-sandbox',
    '--disable-gpu',
    '--disable-quic',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
  ],
});
try {
  for (const [name, viewport] of Object.entries({
    phone: { width: 390, height: 844 },
    desktop: { width: 1440, height: 900 },
  })) {
    const page = await browser.newPage({ viewport });
    const complaints = [];
    page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()));
    page.on('pageerror', (error) => complaints.push(String(error)));
    await page.goto(url);
    await page.getByText('events.shop_events').first().waitFor({ timeout: 60_000 });
    await page.getByText('Audit clean').first().waitFor({ timeout: 60_000 });

    await page.getByRole('button', { name: 'How many' }).click();
    await page.getByRole('button', { name: 'Run', exact: true }).click();
    const cell = page.locator('#query tbody td').first();
    await cell.waitFor({ timeout: 60_000 });
    const events = Number((await cell.innerText()).replaceAll(/\D/g, ''));
    assert.ok(events > 0, `${name}: the query counts ${events} events`);

    await page.locator('#query textarea').fill('SELECT nonsense');
    await page.getByRole('button', { name: 'Run', exact: true }).click();
    await page
      .getByText('The query names something that is not there', { exact: true })
      .waitFor({ timeout: 60_000 });

    const overflow = await page.evaluate(
      () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
    );
    assert.equal(overflow, 0, `${name}: the page is ${overflow} pixels too wide`);
    // The browser itself reports the query that was meant to fail.
    const unexpected = complaints.filter((text) => !text.includes('status of 400'));
    assert.deepEqual(unexpected, [], name);
    if (screenshots) await page.screenshot({ path: `${screenshots}/${name}.png`, fullPage: true });
    await page.close();
  }
} finally {
  await browser.close();
}
console.log('the page works on a phone and on a wide screen');
