import type { Partition } from './api';
import { h, setAttribute, setText } from './dom';
import { count, plural } from './format';

const SHOWN_AT_MOST = 256;

/** With more partitions than this, the cells lose their numbers so that the strip stays a strip. */
const NUMBERED_AT_MOST = 32;

/** How much of a cell its lag fills: by magnitude, since 10 and 100,000 both have to be seen. */
export function lagFill(lag: number): number {
  return lag <= 0 ? 0 : Math.min(1, Math.log10(lag + 1) / 6);
}

export function describe(partition: Partition): string {
  const of = partition.end_offset === null ? '' : ` of ${count(partition.end_offset)}`;
  return [
    `partition ${partition.partition} ${partition.state}`,
    `position ${count(partition.position)}${of}`,
    `lag ${count(partition.lag)}`,
    `epoch ${partition.epoch}`,
    plural(partition.rows, 'row'),
    plural(partition.dead_letters, 'dead letter'),
  ].join(' · ');
}

/** All partitions at a glance: `3 partitions, all running` or `3 partitions: 2 running, 1 settling`. */
export function overview(partitions: readonly Pick<Partition, 'state'>[]): string {
  if (partitions.length === 0) return 'no partition assigned yet';
  const byState = new Map<string, number>();
  for (const { state } of partitions) byState.set(state, (byState.get(state) ?? 0) + 1);
  const total = plural(partitions.length, 'partition');
  const states = [...byState].sort(([, a], [, b]) => b - a);
  const [only] = states;
  if (states.length === 1 && only) return `${total}, ${partitions.length > 1 ? 'all ' : ''}${only[0]}`;
  return `${total}: ${states.map(([state, howMany]) => `${howMany} ${state}`).join(', ')}`;
}

interface Cell {
  button: HTMLButtonElement;
  level: HTMLElement;
}

/** One small cell a partition; the line below tells about the one that is pointed at or has the focus. */
export class PartitionStrip {
  private readonly cells: Cell[] = [];
  private readonly list = h('div', { class: 'cells', role: 'toolbar', 'aria-label': 'Partitions' });
  private readonly more = h('span', { class: 'more' });
  private readonly detail = h('p', { class: 'detail' });
  readonly element = h('div', { class: 'partitions' }, this.list, this.detail);
  private partitions: readonly Partition[] = [];
  private focused: number | undefined;
  private pointed: number | undefined;

  constructor() {
    this.list.addEventListener('keydown', (event) => this.moveFocus(event));
    this.list.append(this.more);
  }

  update(partitions: readonly Partition[]): void {
    this.partitions = [...partitions].sort((a, b) => a.partition - b.partition);
    const shown = this.partitions.slice(0, SHOWN_AT_MOST);
    setAttribute(this.list, 'data-dense', shown.length > NUMBERED_AT_MOST);
    while (this.cells.length < shown.length) this.addCell(this.cells.length);
    for (const { button } of this.cells.splice(shown.length)) button.remove();
    shown.forEach((partition, index) => {
      const cell = this.cells[index];
      if (cell) show(cell, partition);
    });
    const hidden = this.partitions.length - shown.length;
    setText(this.more, hidden > 0 ? `and ${count(hidden)} more` : '');
    this.tell();
  }

  private addCell(index: number): void {
    const level = h('span', { class: 'level' });
    const button = h('button', { type: 'button', tabindex: index === 0 ? 0 : -1 }, h('span'), level);
    button.addEventListener('pointerenter', () => this.setPointed(index));
    button.addEventListener('pointerleave', () => this.setPointed(undefined));
    // Not every browser gives the focus to a button that is tapped.
    button.addEventListener('click', () => button.focus());
    button.addEventListener('focus', () => this.setFocused(index));
    button.addEventListener('blur', () => this.setFocused(undefined));
    this.cells.push({ button, level });
    this.more.before(button);
  }

  /** One tab stop for the whole strip, arrows within it: a hundred partitions are not a hundred stops. */
  private moveFocus(event: KeyboardEvent): void {
    const from = this.focused ?? 0;
    const last = this.cells.length - 1;
    const targets: Record<string, number> = { ArrowLeft: from - 1, ArrowRight: from + 1, Home: 0, End: last };
    const wanted = targets[event.key];
    if (wanted === undefined) return;
    event.preventDefault();
    this.cells[Math.min(Math.max(wanted, 0), last)]?.button.focus();
  }

  private setFocused(index: number | undefined): void {
    this.focused = index;
    if (index !== undefined) {
      for (const [at, { button }] of this.cells.entries())
        setAttribute(button, 'tabindex', at === index ? 0 : -1);
    }
    this.tell();
  }

  private setPointed(index: number | undefined): void {
    this.pointed = index;
    this.tell();
  }

  private tell(): void {
    const partition = this.partitions[this.pointed ?? this.focused ?? -1];
    const text = partition ? describe(partition) : overview(this.partitions);
    setText(this.detail, text.charAt(0).toUpperCase() + text.slice(1));
  }
}

function show({ button, level }: Cell, partition: Partition): void {
  const label = button.firstElementChild;
  if (label) setText(label, String(partition.partition));
  setAttribute(button, 'data-state', partition.state);
  setAttribute(button, 'aria-label', describe(partition));
  level.style.transform = `scaleX(${lagFill(partition.lag)})`;
}
