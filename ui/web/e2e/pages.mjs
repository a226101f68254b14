// The pages of the app, for the scripts that look at each: where they are, and how one sees that they are whole.
const STREAM = encodeURIComponent('demo:shop_events');

export const STREAM_BOARD = `/visualize?stream=${STREAM}`;
export const STREAM_PAGE = `/connect/streams/${STREAM}`;

/** Pages as somebody opens them: a heading, and the data that they are opened for. */
export const PAGES = {
  connect: ['/connect', (page) => page.getByText('Audit clean').first().waitFor()],
  stream: [STREAM_PAGE, (page) => page.getByText('Audit clean').first().waitFor()],
  connection: ['/connect/new', (page) => page.getByRole('heading', { level: 1 }).waitFor()],
  query: [
    '/query',
    (page) =>
      page
        .getByRole('button', { name: /shop_events|How many/ })
        .first()
        .waitFor(),
  ],
  statement: ['/query?sql=SELECT+1', (page) => page.locator('.cm-content').waitFor()],
  visualize: [
    '/visualize',
    (page) =>
      page
        .getByRole('link', { name: /shop_events/ })
        .first()
        .waitFor(),
  ],
  board: [STREAM_BOARD, (page) => page.locator('canvas').first().waitFor()],
  cluster: ['/cluster', (page) => page.getByText('node-1').first().waitFor()],
};
