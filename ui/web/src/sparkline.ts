import { h, setAttribute, setText, svg } from './dom';
import { axis, rate } from './format';
import { append, nearest, type Sample, shape, WINDOW_MS } from './series';

const WIDTH = 600;
const HEIGHT = 100;
let gradients = 0;

/** Events a second over the last two minutes, as a line that moves to the left. */
export class Sparkline {
  private readonly samples: Sample[] = [];
  private readonly area = svg('path', { class: 'area' });
  private readonly line = svg('path', { class: 'line' });
  private readonly top = h('span', { class: 'scale', 'aria-hidden': 'true' });
  private readonly head = h('span', { class: 'head', 'aria-hidden': 'true', hidden: true });
  private readonly cursor = h('span', { class: 'cursor', 'aria-hidden': 'true', hidden: true });
  private readonly readout = h('span', { class: 'readout', 'aria-hidden': 'true' });
  private readonly plot: HTMLElement;
  readonly element: HTMLElement;
  private pointedAt: number | undefined;

  constructor() {
    gradients += 1;
    const gradient = `spark-${gradients}`;
    setAttribute(this.area, 'fill', `url(#${gradient})`);
    const drawing = svg(
      'svg',
      { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: 'none', 'aria-hidden': 'true' },
      svg(
        'defs',
        {},
        svg(
          'linearGradient',
          { id: gradient, x1: 0, y1: 0, x2: 0, y2: 1 },
          svg('stop', { class: 'from', offset: 0 }),
          svg('stop', { class: 'to', offset: 1 }),
        ),
      ),
      this.area,
      this.line,
    );
    this.plot = h('div', { class: 'plot', role: 'img' }, drawing, this.cursor, this.head, this.top);
    this.element = h(
      'div',
      { class: 'sparkline' },
      this.plot,
      h(
        'div',
        { class: 'times', 'aria-hidden': 'true' },
        h('span', {}, '2 min ago'),
        this.readout,
        h('span', {}, 'now'),
      ),
    );
    this.plot.addEventListener('pointermove', (event) => {
      const box = this.plot.getBoundingClientRect();
      this.pointedAt = (event.clientX - box.left) / box.width;
      this.point();
    });
    this.plot.addEventListener('pointerleave', () => {
      this.pointedAt = undefined;
      this.point();
    });
  }

  add(value: number): void {
    append(this.samples, { atMs: performance.now(), value });
    const { line, area, ceiling } = shape(this.samples, WIDTH, HEIGHT);
    setAttribute(this.line, 'd', line);
    setAttribute(this.area, 'd', area);
    setText(this.top, axis(ceiling));
    this.head.hidden = false;
    this.head.style.top = `${100 * (1 - value / ceiling)}%`;
    setAttribute(this.plot, 'aria-label', `Events a second over the last two minutes, now ${rate(value)}`);
    this.point();
  }

  private point(): void {
    const newest = this.samples.at(-1);
    const sample = this.pointedAt === undefined ? undefined : nearest(this.samples, this.pointedAt);
    this.cursor.hidden = sample === undefined;
    if (sample === undefined || newest === undefined) {
      setText(this.readout, '');
      return;
    }
    const agoMs = newest.atMs - sample.atMs;
    this.cursor.style.left = `${100 * (1 - agoMs / WINDOW_MS)}%`;
    const ago = agoMs < 500 ? 'now' : `${Math.round(agoMs / 1000)} s ago`;
    setText(this.readout, `${rate(sample.value)}/s ${ago}`);
  }
}
