/** Files made in the browser: a board as JSON, a tile as a picture. */
import { save } from '../ui/save';
import type { Board } from './board';
import { grafanaDashboard } from './grafana';

const fileName = (title: string) =>
  title.replaceAll(/[^\p{L}\p{N}]+/gu, '-').replace(/^-|-$/g, '') || 'board';

export function downloadBoard(board: Board): void {
  const json = JSON.stringify(board, null, 2);
  save(new Blob([json], { type: 'application/json' }), `${fileName(board.title)}.aurora.json`);
}

/** The board for Grafana's import page. */
export function downloadForGrafana(board: Board): void {
  const json = JSON.stringify(grafanaDashboard(board), null, 2);
  save(new Blob([json], { type: 'application/json' }), `${fileName(board.title)}.grafana.json`);
}

const MARGIN = 20;
const TITLE_PX = 18;
const TEXT_PX = 13;
const LINE_PX = TEXT_PX + 7;
/** The piece of line before a series' name, and the gap after it. */
const MARK_PX = 24;

interface Name {
  text: string;
  colour: string;
  /** As the line is broken, for series of the same colour. */
  dash: number[];
  x: number;
  line: number;
}

/** Puts the names of the series side by side, and into another line where there is no room. */
function placed(tile: HTMLElement, pen: CanvasRenderingContext2D, width: number): Name[] {
  let [x, line] = [0, 0];
  return [...tile.querySelectorAll('[aria-label="Series"] button[aria-pressed="true"]')].map((button) => {
    const text = button.textContent ?? '';
    const wide = pen.measureText(text).width + MARK_PX;
    if (x > 0 && x + wide > width) [x, line] = [0, line + 1];
    const mark = button.querySelector('line');
    const dash = (mark?.getAttribute('stroke-dasharray') ?? '').split(' ').map(Number).filter(Boolean);
    const name = { text, colour: mark?.getAttribute('stroke') ?? '', dash, x, line };
    x += wide + 14;
    return name;
  });
}

/** Draws a tile, its title and the names of its series, on the page's background. False when it has no picture. */
export function downloadPicture(tile: HTMLElement, title: string): boolean {
  const chart = tile.querySelector('canvas');
  const canvas = document.createElement('canvas');
  const pen = canvas.getContext('2d');
  if (!chart || !pen) return false;
  const scale = devicePixelRatio || 1;
  const [width, height] = [chart.width / scale, chart.height / scale];
  const family = getComputedStyle(document.body).fontFamily;
  const style = getComputedStyle(document.documentElement);
  const colour = (token: string) => style.getPropertyValue(`--${token}`).trim();
  const small = `${TEXT_PX}px ${family}`;
  pen.font = small;
  const names = placed(tile, pen, width);
  const head = TITLE_PX + 12 + ((names.at(-1)?.line ?? -1) + 1) * LINE_PX;

  // Setting the size clears the canvas and all that the pen was told.
  canvas.width = (width + 2 * MARGIN) * scale;
  canvas.height = (height + head + 2 * MARGIN) * scale;
  pen.scale(scale, scale);
  pen.fillStyle = colour('surface');
  pen.fillRect(0, 0, canvas.width, canvas.height);
  pen.textBaseline = 'top';
  pen.font = `600 ${TITLE_PX}px ${family}`;
  pen.fillStyle = colour('text');
  pen.fillText(title, MARGIN, MARGIN, width);
  pen.font = small;
  pen.lineWidth = 3;
  for (const { text, colour, dash, x, line } of names) {
    const [left, top] = [MARGIN + x, MARGIN + TITLE_PX + 10 + line * LINE_PX];
    pen.strokeStyle = colour;
    pen.setLineDash(dash);
    pen.beginPath();
    pen.moveTo(left, top + TEXT_PX / 2);
    pen.lineTo(left + MARK_PX - 6, top + TEXT_PX / 2);
    pen.stroke();
    pen.fillText(text, left + MARK_PX, top);
  }
  pen.drawImage(chart, MARGIN, MARGIN + head, width, height);
  canvas.toBlob((picture) => picture && save(picture, `${fileName(title)}.png`));
  return true;
}
