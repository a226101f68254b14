// A node that lets nobody in without a token: the login, a wrong token, a session that ends while something is typed.
// usage: node e2e/access.mjs URL TOKEN
import assert from 'node:assert/strict';
import { accessible, fits, open, quiet, withBrowser } from './browser.mjs';

const [url, token] = process.argv.slice(2);
await withBrowser(async (browser) => {
  for (const size of ['phone', 'wide']) {
    const { page, complaints, close } = await open(browser, { size });
    await page.goto(`${url}/query`);
    await page.getByRole('heading', { name: 'Log in to Aurora' }).waitFor();
    await accessible(page, `login, ${size}`);
    await fits(page, `login, ${size}`);
    await page.getByLabel('Access token').fill('not-a-token');
    await page.keyboard.press('Enter');
    await page.getByRole('alert').waitFor();
    await page.getByLabel('Access token').fill(token);
    await page.keyboard.press('Enter');
    const box = page.getByRole('textbox', { name: 'Question' });
    await box.fill('something half written');

    // As if it had run out.
    await page.context().clearCookies();
    await page.getByRole('heading', { name: 'Log in to Aurora' }).waitFor();
    await page.getByLabel('Access token').fill(token);
    await page.keyboard.press('Enter');
    await box.waitFor();
    assert.equal(await box.inputValue(), 'something half written');

    await page.getByRole('button', { name: /admin/ }).click();
    await page.getByRole('menuitem', { name: 'Log out' }).click();
    await page.getByRole('heading', { name: 'Log in to Aurora' }).waitFor();
    quiet(complaints, size, /status of 401/);
    await close();
  }
});
console.log('nobody comes in without a token, and what was typed is still there afterwards');
