import type { AuroraNode, Cluster } from './api';
import { byId, h, setAttribute, setText } from './dom';
import { plural, uptime } from './format';

const SHOWN_BY_NAME = 6;

/** One line for all nodes, and the state that the worst of them is in. */
export function summary(nodes: readonly Pick<AuroraNode, 'id' | 'state'>[]): { text: string; state: string } {
  const notReady = nodes.filter(({ state }) => state !== 'ready');
  const [only] = nodes;
  if (only === undefined) return { text: 'no nodes', state: 'unknown' };
  if (nodes.length === 1) return { text: `${only.id} ${only.state}`, state: only.state };
  if (notReady.length === 0) return { text: `${plural(nodes.length, 'node')} ready`, state: 'ready' };
  const ready = nodes.length - notReady.length;
  return {
    text: `${ready} of ${plural(nodes.length, 'node')} ready`,
    state: notReady[0]?.state ?? 'unknown',
  };
}

/** The header's right side: the cluster's name, how its nodes are, and on wide screens each of them. */
export class ClusterStatus {
  private readonly name = h('span', { class: 'cluster-name' });
  private readonly dot = h('span', { class: 'dot', 'data-state': 'unknown' });
  private readonly text = h('span', {}, 'connecting…');
  private readonly nodes = h('ul', { class: 'nodes', 'aria-label': 'Nodes' });
  private shown = '';

  constructor(root: HTMLElement) {
    root.append(this.name, this.nodes, h('span', { class: 'state' }, this.dot, this.text));
  }

  update({ cluster, version, nodes }: Cluster): void {
    const { text, state } = summary(nodes);
    setText(byId('version'), version);
    setText(this.name, cluster);
    setText(this.text, text);
    setAttribute(this.dot, 'data-state', state);
    this.listNodes(nodes);
  }

  unknown(): void {
    setText(this.text, 'no contact');
    setAttribute(this.dot, 'data-state', 'unknown');
  }

  private listNodes(nodes: readonly AuroraNode[]): void {
    const named = nodes.length > 1 ? nodes.slice(0, SHOWN_BY_NAME) : [];
    const key = named.map(({ id, state, started_at }) => `${id} ${state} ${started_at}`).join();
    if (key === this.shown) return;
    this.shown = key;
    this.nodes.replaceChildren(
      ...named.map(({ id, state, http, uptime_s }) =>
        h(
          'li',
          { title: `${id} is ${state}, ${http}, up for ${uptime(uptime_s)}` },
          h('span', { class: 'dot', 'data-state': state }),
          id,
          h('span', { class: 'visually-hidden' }, ` ${state}`),
        ),
      ),
    );
  }
}
