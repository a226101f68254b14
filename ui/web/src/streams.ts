import type { Stream } from './api';
import { h, setAttribute } from './dom';
import { StreamPanel } from './stream-panel';

/** The panels, one a stream, in the node's order, or advice when there is none. */
export class Streams {
  private readonly panels = new Map<string, StreamPanel>();
  private empty: HTMLElement | undefined;

  constructor(private readonly root: HTMLElement) {}

  update(streams: readonly Stream[]): void {
    if (this.root.hasAttribute('aria-busy')) {
      // The skeleton, which index.html brings along.
      this.root.replaceChildren();
      setAttribute(this.root, 'aria-busy', false);
    }
    this.showEmpty(streams.length === 0);
    const gone = new Set(this.panels.keys());
    streams.forEach((stream, index) => {
      gone.delete(stream.id);
      const panel = this.panel(stream.id);
      panel.update(stream);
      const there = this.root.children[index] ?? null;
      // Moving an element that is in place already would take the focus from inside it.
      if (there !== panel.element) this.root.insertBefore(panel.element, there);
    });
    for (const id of gone) {
      this.panels.get(id)?.element.remove();
      this.panels.delete(id);
    }
  }

  private panel(id: string): StreamPanel {
    let panel = this.panels.get(id);
    if (panel === undefined) {
      panel = new StreamPanel(id);
      this.panels.set(id, panel);
    }
    return panel;
  }

  private showEmpty(show: boolean): void {
    if (!show) {
      this.empty?.remove();
      this.empty = undefined;
    } else if (this.empty === undefined) {
      this.empty = emptyState();
      this.root.append(this.empty);
    }
  }
}

function emptyState(): HTMLElement {
  return h(
    'div',
    { class: 'card stream empty' },
    h('h2', {}, 'No stream yet'),
    h(
      'p',
      {},
      'This node reads no topic, because none has been set up. It will show up here within a second of being added.',
    ),
    h('p', {}, 'To see a demo stream, or to read a topic of your own:'),
    h('pre', {}, h('code', {}, 'aurora up\naurora up --kafka HOST:PORT --topic TOPIC')),
  );
}
