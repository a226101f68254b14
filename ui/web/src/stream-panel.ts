import type { Stream } from './api';
import { h, setAttribute, setText } from './dom';
import { bytes, clock, count, duration, plural, rate, sentence, shortCount, UNKNOWN } from './format';
import { PartitionStrip } from './partitions';
import { Sparkline } from './sparkline';

/** What the stream is doing, in a sentence: above all why it is not doing what one would expect. */
export function situation(stream: Stream): string {
  const { state, topic, connection, generation, rows, reason } = stream;
  if (state === 'failed') return `Stopped. ${sentence(reason ?? 'the node gives no reason')}`;
  const nothingYet = rows === '0' && stream.dead_letters === '0' && stream.skipped === '0';
  if (state !== 'running' || (nothingYet && reason !== null)) {
    const what = nothingYet ? `Waiting for the first messages of topic ${topic}.` : 'On hold.';
    return `${state === 'starting' && !nothingYet ? 'Starting.' : what} ${sentence(reason ?? '')}`.trim();
  }
  if (nothingYet) return `Listening to topic ${topic}, which has no messages yet.`;
  return `Reading topic ${topic} of ${connection}, generation ${generation}.`;
}

/** The audit's verdict for the badge, and the line that says what it means and how old it is. */
export function auditText({ state, checked_at, detail }: Stream['audit']): { badge: string; detail: string } {
  const found: Record<string, string> = {
    clean: 'Every offset counted exactly once.',
    broken: 'Offsets do not add up.',
    pending: 'The first check is under way.',
  };
  const checked = checked_at === null ? '' : `Checked ${clock(checked_at)}.`;
  return {
    badge: `Audit ${state}`,
    detail: `${sentence(detail ?? '') || (found[state] ?? '')} ${checked}`.trim(),
  };
}

/** A label, a big number with a small unit, and a line of context below. */
class Tile {
  private readonly value = h('span');
  private readonly unit = h('small');
  private readonly context = h('dd', { class: 'context' });
  readonly element: HTMLElement;

  constructor(label: string, className = '') {
    this.element = h(
      'div',
      { class: `tile ${className}` },
      h('dt', {}, label),
      h('dd', { class: 'value' }, this.value, this.unit),
      this.context,
    );
  }

  set(value: string, unit: string, context: string, exact = ''): void {
    setText(this.value, value);
    setText(this.unit, unit);
    setText(this.context, context);
    setAttribute(this.value, 'title', exact !== value && exact);
  }

  warn(on: boolean): void {
    this.element.classList.toggle('warn', on);
  }
}

/** Everything about one stream. Built once, then updated in place: focus and selection survive each second. */
export class StreamPanel {
  private readonly topic = h('span', { class: 'topic' });
  private readonly table = h('span', { class: 'table' });
  private readonly state = h('span', { class: 'pill' });
  private readonly audit = h('span', { class: 'pill audit' });
  private readonly situation = h('p', { class: 'situation' });
  private readonly auditDetail = h('p', { class: 'audit-detail' });
  private readonly events = new Tile('Events per second', 'hero');
  private readonly freshness = new Tile('Freshness, median');
  private readonly rows = new Tile('Rows in total');
  private readonly lag = new Tile('Lag');
  private readonly deadLetters = new Tile('Dead letters');
  private readonly sparkline = new Sparkline();
  private readonly strip = new PartitionStrip();
  readonly element: HTMLElement;

  constructor(id: string) {
    const arrow = h('span', { class: 'arrow', 'aria-label': 'into table' }, '→');
    const tiles = [this.freshness, this.rows, this.lag, this.deadLetters].map(({ element }) => element);
    this.element = h(
      'article',
      { class: 'card stream', 'aria-label': `Stream ${id}` },
      h(
        'header',
        {},
        h('h2', {}, this.topic, ' ', arrow, ' ', this.table),
        h('p', { class: 'pills' }, this.state, this.audit),
        this.situation,
      ),
      h(
        'div',
        { class: 'numbers' },
        h('div', { class: 'rate' }, h('dl', {}, this.events.element), this.sparkline.element),
        h('dl', { class: 'tiles' }, ...tiles),
      ),
      h('footer', {}, this.strip.element, this.auditDetail),
    );
  }

  update(stream: Stream): void {
    setText(this.topic, stream.topic);
    setText(this.table, stream.table);
    setText(this.state, stream.state);
    setAttribute(this.state, 'data-state', stream.state);
    setText(this.situation, situation(stream));
    setAttribute(this.element, 'data-state', stream.state);

    const audit = auditText(stream.audit);
    setText(this.audit, audit.badge);
    setAttribute(this.audit, 'data-state', stream.audit.state);
    setText(this.auditDetail, audit.detail);
    setAttribute(this.auditDetail, 'data-state', stream.audit.state);

    this.updateNumbers(stream);
    this.sparkline.add(stream.events_per_s);
    this.strip.update(stream.partitions);
  }

  private updateNumbers(stream: Stream): void {
    this.events.set(rate(stream.events_per_s), '', `${bytes(stream.bytes_per_s)} a second`);
    if (stream.freshness_ms === null) {
      this.freshness.set(UNKNOWN, '', 'no event measured yet');
    } else {
      const [p50, unit] = duration(stream.freshness_ms.p50);
      this.freshness.set(p50, unit, `p99 ${duration(stream.freshness_ms.p99).join(' ')}`);
    }
    const complete = stream.complete_to === null ? '' : `all up to ${clock(stream.complete_to)}`;
    this.rows.set(shortCount(stream.rows), '', complete, count(stream.rows));
    this.lag.set(
      shortCount(String(stream.lag)),
      '',
      stream.lag === 1 ? 'event behind' : 'events behind',
      count(stream.lag),
    );
    this.deadLetters.set(
      shortCount(stream.dead_letters),
      '',
      plural(stream.skipped, 'skip'),
      count(stream.dead_letters),
    );
    this.deadLetters.warn(stream.dead_letters !== '0');
  }
}
