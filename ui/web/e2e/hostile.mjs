// Markup wherever somebody else can put it: names of topics, columns and values, dead letters, answers of a language model,
// names of boards, queries and words, errors that say back what they were given. All of it stays text.
// usage: node e2e/hostile.mjs URL TOKEN MODEL_PORT STREAM…
//     a node that asks a model at MODEL_PORT, where this script answers; its STREAMs, CONNECTION:TOPIC, have such messages
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { fits, open, quiet, withBrowser } from './browser.mjs';

const [url, token, modelPort, ...streams] = process.argv.slice(2);
const MARKUP = '<img src=x onerror="document.title=1">';
const SCRIPT = '<script>document.title=1</script>';

/** What the model says: to one question a statement, to the other that it does not know. */
function said(asked) {
  if (asked.includes('unclear')) return { sql: '', clarification: `Which ${MARKUP}?`, explanation: SCRIPT };
  const sql = `SELECT /* ${SCRIPT}${MARKUP} */ 42 AS \`${MARKUP}\`, '${SCRIPT}' AS said`;
  return { sql, clarification: '', explanation: `Counts ${MARKUP}${SCRIPT}` };
}

const model = createServer(async (request, response) => {
  let body = '';
  for await (const piece of request) body += piece;
  const message = { role: 'assistant', content: JSON.stringify(said(body)) };
  response.setHeader('content-type', 'application/json');
  response.end(
    JSON.stringify({
      choices: [{ index: 0, message }],
      usage: { prompt_tokens: 3, completion_tokens: 2 },
    }),
  );
});
await new Promise((resolve) => model.listen(Number(modelPort), '127.0.0.1', resolve));

/** That the page shows `text` as it is, and nothing of it has come alive. */
async function isText(page, where, text = MARKUP) {
  await page.getByText(text).first().waitFor();
  await isHarmless(page, where);
}

async function isHarmless(page, where) {
  const alive = await page.evaluate(
    () => document.querySelectorAll('img[src="x"], body script:not([src]), [onerror]').length,
  );
  assert.equal(alive, 0, `${where}: markup has become elements`);
  assert.match(await page.title(), /Aurora/, where);
  await fits(page, where);
}

/** What a topic holds: in its rows, columns and dead letters, on its board. */
async function reader(page) {
  for (const stream of streams) {
    const topic = stream.slice(stream.indexOf(':') + 1);
    await page.goto(`${url}/connect/streams/${encodeURIComponent(stream)}`);
    await page.getByRole('heading', { level: 1, name: topic }).waitFor();
    await page.getByRole('tab', { name: /^Columns/ }).click();
    await isText(page, `columns of ${topic}`);
    await page.getByRole('tab', { name: /^Dead letters/ }).click();
    await isText(page, `dead letters of ${topic}`, `${SCRIPT}${MARKUP}`);
    await isText(page, `the key of a dead letter of ${topic}`, `key ${MARKUP}`);
    await page.getByRole('tab', { name: /^Rows/ }).click();
    await isHarmless(page, `rows of ${topic}`);
    await page.goto(`${url}/visualize?stream=${encodeURIComponent(stream)}`);
    await page.getByRole('region', { name: 'Latest events' }).first().scrollIntoViewIfNeeded();
    await isText(page, `the board of ${topic}`);
  }
  for (const path of ['/connect', '/cluster', '/visualize']) {
    await page.goto(url + path);
    await page.getByText('a.b-c_d').first().waitFor();
    await isHarmless(page, path);
  }
}

/** What a model answers. */
async function asker(page) {
  await page.goto(`${url}/query`);
  const box = page.getByRole('textbox', { name: 'Question' });
  await box.fill('Which zorgles did the quux frobnicate?');
  await page.keyboard.press('Enter');
  await page.getByRole('tab', { name: 'Rows' }).click();
  await isText(page, 'a cell', SCRIPT);
  await isText(page, 'a column of an answer');
  await page.getByRole('tab', { name: 'SQL' }).click();
  await isText(page, 'a comment in a statement', `/* ${SCRIPT}${MARKUP} */`);
  await page.getByRole('button', { name: 'Edit SQL' }).click();
  await page.locator('.cm-content').waitFor();
  await isHarmless(page, 'the statement in the editor');
  await page.getByRole('radio', { name: 'Question' }).click();
  await box.fill(`Which unclear zorgles ${MARKUP}?`);
  await page.keyboard.press('Enter');
  await isText(page, 'a question that is asked back', `Which ${MARKUP}?`);
}

/** What people call things. */
async function namer(page) {
  await page.goto(`${url}/query?sql=SELECT+1`);
  await page.locator('.cm-content').waitFor();
  await page.getByRole('button', { name: 'Run', exact: true }).click();
  await page.getByText('1 row ·').waitFor();
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await page.getByRole('textbox', { name: 'Name' }).fill(MARKUP);
  await page.getByRole('textbox', { name: 'What it is for' }).fill(SCRIPT);
  await page.getByRole('dialog').getByRole('button', { name: 'Save' }).click();
  await isText(page, 'what was saved', `Saved as “${MARKUP}”`);
  await page.getByRole('tab', { name: 'Saved' }).click();
  await isText(page, 'the list of what is saved', SCRIPT);
  await page.getByRole('tab', { name: 'Words' }).click();
  await page.getByRole('button', { name: 'Teach a word' }).click();
  await page.getByLabel('Word or phrase').fill(`zorgle ${MARKUP}`);
  await page.getByLabel('What it means').fill(SCRIPT);
  await page.getByLabel('Or an SQL expression').fill('count()');
  await page.getByRole('button', { name: 'Teach it' }).click();
  await isText(page, 'a word', `zorgle ${MARKUP}`);

  await page.goto(`${url}/visualize`);
  await page.getByRole('button', { name: 'New dashboard' }).click();
  await page.getByRole('dialog').getByLabel('Name').fill(MARKUP);
  await page.getByRole('dialog').getByRole('button', { name: 'Save' }).click();
  await page.getByRole('heading', { level: 1, name: MARKUP }).waitFor();
  await page.getByRole('button', { name: 'Add a tile' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Title').fill(`${MARKUP} tile`);
  await dialog.getByRole('tab', { name: 'SQL' }).click();
  await dialog.getByRole('textbox', { name: 'Statement' }).click();
  await page.keyboard.type(`SELECT '${SCRIPT}' AS said, nonsense`);
  await dialog.getByRole('button', { name: 'Run' }).click();
  await dialog.getByRole('alert').waitFor();
  await isHarmless(page, 'an error of a tile');
  await dialog.getByRole('button', { name: 'Keep' }).click();
  await isText(page, 'the title of a tile', `${MARKUP} tile`);
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await isText(page, 'a board that is saved', `Saved “${MARKUP}”`);
}

/** What says back what it was given. */
async function echoer(page) {
  const named = encodeURIComponent(MARKUP);
  await page.goto(`${url}/connect`);
  await page.getByRole('button', { name: 'Add a stream' }).click();
  await page.getByLabel('Topic').fill(MARKUP);
  await page.getByRole('button', { name: 'Add the stream' }).click();
  await page.getByText(/topic/i).last().waitFor();
  await isHarmless(page, 'a topic that cannot be');
  await page.goto(`${url}/connect/new`);
  await page.getByLabel('Name').fill(MARKUP);
  await page.getByLabel('Brokers').fill(`${SCRIPT}:1`);
  await page.getByRole('button', { name: 'Save without a stream' }).click();
  await page.locator('[aria-invalid="true"], [role="alert"]').first().waitFor();
  await isHarmless(page, 'a connection that cannot be');
  for (const path of [
    `/connect/connections/${named}`,
    `/visualize/${named}x`,
    `/visualize?stream=${named}`,
    `/nothing/${named}`,
  ]) {
    await page.goto(url + path);
    await page.getByRole('heading', { level: 1 }).or(page.getByText('There is no')).first().waitFor();
    await isHarmless(page, path);
  }
}

try {
  await withBrowser(async (browser) => {
    const { page, complaints, close } = await open(browser);
    await page.goto(url);
    await page.getByLabel('Access token').fill(token);
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { level: 1, name: 'Connect' }).waitFor();
    for (const traveller of [reader, asker, namer, echoer]) {
      try {
        await traveller(page);
      } catch (error) {
        throw new Error(`the ${traveller.name} got lost`, { cause: error });
      }
    }
    quiet(complaints, 'markup', /status of 4\d\d/);
    await close();
  });
} finally {
  model.close();
  model.closeAllConnections();
}
console.log('markup stays text, wherever it comes from');
