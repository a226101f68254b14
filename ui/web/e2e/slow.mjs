// How each page comes up on a phone: over a network as slow as a train's, where something has to stand there all the time and
// nothing may jump; and over a fair one, where it is measured.
// usage: node e2e/slow.mjs URL DIRECTORY      writes DIRECTORY/figures.json
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { open, quiet, withBrowser } from './browser.mjs';
import { PAGES } from './pages.mjs';

const [url, directory] = process.argv.slice(2);

const bytesPerS = (kbit) => (kbit * 1_000) / 8;
/** A bad place, and what Lighthouse takes for a phone. */
const NETWORKS = {
  slow: { latency: 400, downloadThroughput: bytesPerS(400), uploadThroughput: bytesPerS(400) },
  fair: { latency: 150, downloadThroughput: bytesPerS(1_600), uploadThroughput: bytesPerS(750) },
};

/** What a first visit may load, all in all, as it comes over the network. */
const MOST_KB = 500;
const MOST_SHIFT = 0.1;

/** Runs in the page from its first moment: what shifts, and what there is to see at each moment. */
function watch() {
  globalThis.seen = { shift: 0, blankMs: 0, waitedMs: 0, shifts: [] };
  new PerformanceObserver((list) => {
    for (const { value, hadRecentInput, sources, startTime } of list.getEntries()) {
      if (hadRecentInput) continue;
      globalThis.seen.shift += value;
      const what = sources.map(({ node }) => node?.outerHTML?.slice(0, 120) ?? String(node?.textContent));
      globalThis.seen.shifts.push({ value, atMs: Math.round(startTime), what });
    }
  }).observe({ type: 'layout-shift', buffered: true });
  const isSeen = (element) => {
    const { width, height, top } = element.getBoundingClientRect();
    return width > 1 && height > 1 && top < innerHeight;
  };
  // What waits is marked for those who hear the page; what only stands there is hidden from them.
  const WAITING = '[role="status"], main [aria-hidden="true"], main .sr-only';
  let before;
  const look = (now) => {
    const main = document.querySelector('main');
    const passed = before === undefined ? 0 : now - before;
    // Before the first paint there is nothing that anybody could see.
    before = performance.getEntriesByName('first-contentful-paint').length > 0 ? now : undefined;
    const hasText = main !== null && main.innerText.replaceAll(/\s/g, '').length > 0;
    const waits = [...document.querySelectorAll(WAITING)].some(
      (element) => isSeen(element) || element.textContent,
    );
    const hasContent = main !== null && [...main.querySelectorAll('*')].some(isSeen);
    if (!hasText && !hasContent) globalThis.seen.blankMs += passed;
    else if (waits) globalThis.seen.waitedMs += passed;
    requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
}

/** Opens a page over a network, and says how that was. */
async function visit(browser, network, [path, whole]) {
  const { page, complaints, close } = await open(browser, { size: 'phone' });
  const session = await page.context().newCDPSession(page);
  await session.send('Network.enable');
  await session.send('Network.emulateNetworkConditions', { offline: false, ...NETWORKS[network] });
  let bytes = 0;
  session.on('Network.loadingFinished', ({ encodedDataLength }) => {
    bytes += encodedDataLength;
  });
  await page.addInitScript(watch);
  await page.goto(url + path, { waitUntil: 'commit' });
  await page.getByRole('heading', { level: 1 }).waitFor();
  await whole(page);
  const usableMs = await page.evaluate(() => performance.now());
  const loaded = bytes;
  // What moves does so when its data comes, which may be after what was waited for.
  await page.waitForTimeout(1_500);
  const { seen, paintedMs } = await page.evaluate(() => ({
    seen: globalThis.seen,
    paintedMs: performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? 0,
  }));
  quiet(complaints, `${path}, ${network}`);
  await close();
  return {
    first_paint_ms: Math.round(paintedMs),
    usable_ms: Math.round(usableMs),
    kb: Math.round(loaded / 1_000),
    shift: Number(seen.shift.toFixed(4)),
    seen,
  };
}

const figures = {};
const wrong = [];
await withBrowser(async (browser) => {
  for (const [name, page] of Object.entries(PAGES)) {
    figures[name] = {};
    for (const network of Object.keys(NETWORKS)) {
      const { seen, ...measured } = await visit(browser, network, page);
      figures[name][network] = measured;
      const where = `${name}, ${network} network`;
      if (measured.shift >= MOST_SHIFT)
        wrong.push(`${where}: things jump by ${measured.shift}: ${JSON.stringify(seen.shifts)}`);
      if (measured.kb > MOST_KB) wrong.push(`${where}: ${measured.kb} kB are loaded at first`);
      if (seen.blankMs > 100)
        wrong.push(`${where}: nothing is to be seen for ${Math.round(seen.blankMs)} ms`);
      if (network === 'slow' && seen.waitedMs === 0) wrong.push(`${where}: nothing says that it loads`);
    }
  }
});
await writeFile(`${directory}/figures.json`, `${JSON.stringify(figures, null, 2)}\n`);
console.table(
  Object.fromEntries(
    Object.entries(figures).flatMap(([name, of]) =>
      Object.entries(of).map(([network, measured]) => [`${name}, ${network}`, measured]),
    ),
  ),
);
assert.deepEqual(wrong, []);
