/** Files made in the browser: a board as JSON, a tile as a picture. */
import type { Board } from './board';

function offer(content: Blob, name: string): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(content);
  link.download = name;
  link.click();
  // Not before the browser has begun to read it.
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

const fileName = (title: string) =>
  title.replaceAll(/[^\p{L}\p{N}]+/gu, '-').replace(/^-|-$/g, '') || 'board';

export function downloadBoard(board: Board): void {
  const json = JSON.stringify(board, null, 2);
  offer(new Blob([json], { type: 'application/json' }), `${fileName(board.title)}.aurora.json`);
}

const MARGIN = 20;
const TITLE_PX = 18;
const TEXT_PX = 13;

/** Draws a tile, its title and the names of its series, on the page's background. False when it has no picture. */
export function downloadPicture(tile: HTMLElement, title: string): boolean {
  const chart = tile.querySelector('canvas');
  if (!chart) return false;
  const scale = devicePixelRatio || 1;
  const [width, height] = [chart.width / scale, chart.height / scale];
  const series = [...tile.querySelectorAll('[aria-label="Series"] button')].map((button) => ({
    name: button.textContent ?? '',
    colour: button.querySelector('line')?.getAttribute('stroke') ?? '',
  }));
  const head = TITLE_PX + 12 + (series.length > 0 ? TEXT_PX + 12 : 0);
  const canvas = document.createElement('canvas');
  canvas.width = (width + 2 * MARGIN) * scale;
  canvas.height = (height + head + 2 * MARGIN) * scale;
  const pen = canvas.getContext('2d');
  if (!pen) return false;
  const style = getComputedStyle(document.documentElement);
  const colour = (token: string) => style.getPropertyValue(`--${token}`).trim();
  pen.scale(scale, scale);
  pen.fillStyle = colour('surface');
  pen.fillRect(0, 0, canvas.width, canvas.height);
  pen.textBaseline = 'top';
  const family = getComputedStyle(document.body).fontFamily;
  pen.font = `600 ${TITLE_PX}px ${family}`;
  pen.fillStyle = colour('text');
  pen.fillText(title, MARGIN, MARGIN, width);
  pen.font = `${TEXT_PX}px ${family}`;
  let x = MARGIN;
  for (const { name, colour } of series) {
    pen.fillStyle = colour;
    pen.fillText(`■ ${name}`, x, MARGIN + TITLE_PX + 10);
    x += pen.measureText(`■ ${name}`).width + 14;
  }
  pen.drawImage(chart, MARGIN, MARGIN + head, width, height);
  canvas.toBlob((picture) => picture && offer(picture, `${fileName(title)}.png`));
  return true;
}
