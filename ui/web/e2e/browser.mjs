// A real browser for the tests of the pages: CHROMIUM names it, /usr/bin/chromium otherwise.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { chromium } from 'playwright-core';

/** Longer than anything takes on a busy machine. */
export const PATIENCE = Number(process.env.PATIENCE_MS ?? 90_000);

export const SIZES = {
  phone: { width: 360, height: 780 },
  tablet: { width: 768, height: 1024 },
  wide: { width: 1440, height: 900 },
};

/** Runs `body` with a browser, which is closed however that ends. */
export async function withBrowser(body) {
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
    await body(browser);
  } finally {
    await browser.close();
  }
}

/** A page, and what it complains of: errors of its scripts, and what its policy has refused. */
export async function open(browser, { size = 'wide', scheme = 'dark', ...rest } = {}) {
  const context = await browser.newContext({
    viewport: SIZES[size],
    colorScheme: scheme,
    locale: 'en-GB',
    reducedMotion: 'reduce',
    ...rest,
  });
  const page = await context.newPage();
  page.setDefaultTimeout(PATIENCE);
  const complaints = [];
  page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()));
  page.on('pageerror', (error) => complaints.push(String(error)));
  return { page, complaints, close: () => context.close() };
}

/** Goes to a page by its two keys, once more where a standstill of the machine came between them. */
export async function goBy(page, key, path) {
  for (const until = Date.now() + PATIENCE; ; ) {
    await page.keyboard.press('g');
    await page.keyboard.press(key);
    try {
      return await page.waitForURL(`**${path}`, { timeout: 5_000 });
    } catch (error) {
      if (Date.now() > until) throw error;
    }
  }
}

/** That nothing was complained of but what is expected. */
export function quiet(complaints, where, ...expected) {
  const rest = complaints.filter((text) => !expected.some((pattern) => pattern.test(text)));
  assert.deepEqual(rest, [], where);
}

/** That the page is no wider than the screen. */
export async function fits(page, where) {
  const over = await page.evaluate(
    () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
  );
  assert.equal(over, 0, `${where}: the page is ${over} pixels too wide`);
}

let axe;

/** The list of completions scrolls with the arrow keys of the editor, which keeps the focus: axe knows this of comboboxes alone. */
const isCompletions = (id, { html }) => id === 'scrollable-region-focusable' && html.includes('id="cm-ac-');

/** That axe finds nothing serious. */
export async function accessible(page, where) {
  axe ??= await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
  await page.evaluate(axe);
  const found = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ['violations'] }));
  const serious = found.violations
    .map(({ nodes, ...rest }) => ({ ...rest, nodes: nodes.filter((node) => !isCompletions(rest.id, node)) }))
    .filter(({ nodes }) => nodes.length > 0)
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(
      ({ id, nodes }) =>
        `${id}: ${nodes.map(({ html, failureSummary }) => `${html} ${failureSummary}`).join('\n')}`,
    );
  assert.deepEqual(serious, [], where);
}
