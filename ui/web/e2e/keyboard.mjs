// A journey without a mouse: every control of every page is reached, seen to be reached, and left again.
// usage: node e2e/keyboard.mjs URL
import assert from 'node:assert/strict';
import { goBy, open, quiet, withBrowser } from './browser.mjs';

const [url] = process.argv.slice(2);
const STREAM = encodeURIComponent('demo:shop_events');

/** More stops than any page has. */
const MOST_STOPS = 250;

/** What has the focus, and whether somebody who looks can tell. */
function focus(page) {
  return page.evaluate(() => {
    const element = document.activeElement;
    if (!element || element === document.body) return { name: 'nothing', isNothing: true };
    const name = `${element.tagName} “${(element.getAttribute('aria-label') ?? element.innerText ?? '').slice(0, 60)}”`;
    const ringed = (one) => {
      const { outlineStyle, outlineWidth, boxShadow } = getComputedStyle(one);
      return (outlineStyle !== 'none' && Number.parseFloat(outlineWidth) >= 1) || boxShadow !== 'none';
    };
    // The editor shows the focus around all of itself, a menu by what is behind its row.
    const shown = element.closest('.cm-editor') ?? element;
    const isRow = element.getAttribute('role') === 'menuitem';
    const { width, height, top, bottom, left, right } = element.getBoundingClientRect();
    const isInSight = width * height > 0 && bottom > 0 && right > 0 && top < innerHeight && left < innerWidth;
    const isRinged =
      ringed(shown) || (isRow && getComputedStyle(element).backgroundColor !== 'rgba(0, 0, 0, 0)');
    return { name, isRinged, isInSight, isSkip: element.getAttribute('href') === '#main' };
  });
}

/** That one sees where the focus is; the editor and what scrolls take a moment for that. */
async function assertSeen(page, where) {
  let at = await focus(page);
  for (let looks = 0; looks < 20 && !at.isNothing && !(at.isRinged && at.isInSight); looks += 1) {
    await page.waitForTimeout(50);
    at = await focus(page);
  }
  assert.ok(at.isNothing || at.isInSight, `${where}: ${at.name} has the focus and is not in sight`);
  assert.ok(at.isNothing || at.isRinged, `${where}: ${at.name} has the focus and does not show it`);
  return at;
}

/** Goes on with Tab until `locator` has the focus. */
async function tabTo(page, locator, key = 'Tab') {
  await locator.first().waitFor();
  for (let stops = 0; stops < MOST_STOPS; stops += 1) {
    if (await locator.evaluateAll((found) => found.includes(document.activeElement))) return;
    await page.keyboard.press(key);
    await assertSeen(page, page.url());
  }
  throw new Error(`${locator} is not reached with ${key} on ${page.url()}`);
}

/** Goes once around a page: nothing holds the focus, and all that has it shows it. */
async function around(page, path, whole) {
  await page.goto(url + path);
  await whole().first().waitFor();
  await page.keyboard.press('Tab');
  assert.ok((await focus(page)).isSkip, `${path}: the first stop is the way past the head`);
  for (let stops = 1; stops < MOST_STOPS; stops += 1) {
    await page.keyboard.press('Tab');
    const at = await assertSeen(page, path);
    if (at.isSkip || at.isNothing) {
      assert.ok(stops > 8, `${path}: only ${stops} stops`);
      return;
    }
  }
  throw new Error(`${path}: the focus does not come around`);
}

await withBrowser(async (browser) => {
  const { page, complaints, close } = await open(browser);
  const button = (name) => page.getByRole('button', { name, exact: true });
  const dialog = page.getByRole('dialog');

  // Past the head of the page.
  await page.goto(url);
  await button('Add a stream').waitFor();
  for (const landmark of ['banner', 'navigation', 'main']) {
    assert.equal(await page.getByRole(landmark).count(), 1, `one ${landmark}`);
  }
  await page.keyboard.press('Tab');
  await assertSeen(page, 'the way past the head');
  await page.keyboard.press('Enter');
  assert.equal(await page.evaluate(() => document.activeElement?.id), 'main');

  // A form over the page: filled, walked around in, and left.
  await tabTo(page, button('Add a stream'));
  await page.keyboard.press('Enter');
  await tabTo(page, dialog.getByLabel('Topic'));
  await page.keyboard.type('orders.v1');
  for (let stops = 0; stops < 12; stops += 1) {
    await page.keyboard.press('Tab');
    assert.ok(
      await dialog.evaluate((element) => element.contains(document.activeElement)),
      'behind the form',
    );
    await assertSeen(page, 'the form');
  }
  assert.equal(await dialog.getByLabel('Topic').inputValue(), 'orders.v1');
  await page.keyboard.press('Escape');
  await dialog.waitFor({ state: 'detached' });
  assert.ok(
    await button('Add a stream').evaluate((element) => element === document.activeElement),
    'the focus is back where it was',
  );

  // A question, and a statement.
  await goBy(page, 'q', '/query');
  await tabTo(page, page.getByRole('textbox', { name: 'Question' }));
  await page.keyboard.type('How many shop events were there today?');
  await page.keyboard.press('Enter');
  const rows = page.getByRole('tab', { name: 'Rows' });
  await rows.waitFor();
  await tabTo(page, page.getByRole('tablist', { name: 'Result' }).getByRole('tab', { selected: true }));
  await page.keyboard.press('ArrowRight');
  assert.ok(
    await rows.evaluate((element) => element === document.activeElement),
    'arrows go from tab to tab',
  );
  await page.getByRole('cell').first().waitFor();
  await tabTo(page, page.getByRole('radio', { name: 'Question' }), 'Shift+Tab');
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press('Enter');
  const editor = page.locator('.cm-content');
  await tabTo(page, editor);
  await page.keyboard.type('SELECT 41 + 1 AS answer');
  await page.keyboard.press('Escape');
  await page.keyboard.press('Control+Enter');
  await page.getByText('1 row ·').first().waitFor();
  await page.keyboard.press('Tab');
  assert.ok(
    await editor.evaluate((element) => element !== document.activeElement),
    'Tab leads out of the editor',
  );

  // A board of one's own, a tile of which is moved.
  await page.keyboard.press('Tab');
  await tabTo(page, page.getByRole('link', { name: 'Visualize' }), 'Shift+Tab');
  await page.keyboard.press('Enter');
  await tabTo(page, page.getByRole('link', { name: /shop_events/ }));
  await page.keyboard.press('Enter');
  await tabTo(page, button('Save as a dashboard'));
  await page.keyboard.press('Enter');
  await tabTo(page, dialog.getByLabel('Name'));
  await page.keyboard.press('Control+A');
  await page.keyboard.type('By keyboard');
  await page.keyboard.press('Enter');
  await page.waitForURL('**/visualize/By%20keyboard');
  await tabTo(page, button('Edit'));
  await page.keyboard.press('Enter');
  const tile = page.getByRole('region', { name: 'Events', exact: true });
  await tabTo(page, page.getByRole('button', { name: /^Move Events:/ }));
  const before = await tile.boundingBox();
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press('ArrowRight');
  const after = await tile.boundingBox();
  assert.ok(before && after && (after.x > before.x || after.y > before.y), 'the tile has moved');
  await assertSeen(page, 'the moved tile');
  await tabTo(page, page.getByRole('button', { name: 'More about Events', exact: true }));
  await page.keyboard.press('Enter');
  await page.getByRole('menuitem', { name: 'Remove' }).waitFor();
  await page.keyboard.press('End');
  await assertSeen(page, 'a menu');
  await page.keyboard.press('Escape');
  await tabTo(page, button('Drop changes'), 'Shift+Tab');
  await page.keyboard.press('Enter');
  await tabTo(page, page.getByRole('button', { name: 'More about the board' }));
  await page.keyboard.press('Enter');
  await page.keyboard.press('r');
  await page.keyboard.press('Enter');
  await page.waitForURL('**/visualize');

  await tabTo(page, button('Switch to light'));
  await page.keyboard.press('Enter');
  assert.equal(await page.evaluate(() => document.documentElement.dataset.theme), 'light');

  await around(page, '/connect', () => page.getByText('Audit clean'));
  await around(page, `/connect/streams/${STREAM}`, () => page.getByRole('tab', { name: 'Audit' }));
  await around(page, '/connect/new', () => page.getByLabel('Brokers'));
  await around(page, '/query?sql=SELECT+1', () => page.locator('.cm-content'));
  await around(page, `/visualize?stream=${STREAM}`, () => page.locator('canvas'));
  await around(page, '/cluster', () => page.getByText('node-1'));
  quiet(complaints, 'without a mouse');
  await close();
});
console.log('everything is reached without a mouse, and left again');
