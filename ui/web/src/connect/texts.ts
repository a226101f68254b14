/** What is said of streams and partitions. Pure, so that the tests can pin it down. */
import type { Stream, StreamPartition } from '../api/client';
import { count, plural, sentence } from '../format/format';
import { clock } from '../format/time';
import type { Tone } from '../ui/badge';

type Situation = Pick<
  Stream,
  'state' | 'topic' | 'connection' | 'generation' | 'rows' | 'dead_letters' | 'skipped' | 'reason'
>;

/** What the stream is doing, in a sentence: above all why it is not doing what one would expect. */
export function situation(stream: Situation): string {
  const { state, topic, connection, generation, rows, reason } = stream;
  if (state === 'failed') return `Stopped. ${sentence(reason ?? 'the node gives no reason')}`;
  if (state === 'paused') return 'Paused: no node reads it. Resumed, it goes on from where it was.';
  const nothingYet = rows === '0' && stream.dead_letters === '0' && stream.skipped === '0';
  if (state !== 'running' || (nothingYet && reason != null)) {
    const what = nothingYet ? `Waiting for the first messages of topic ${topic}.` : 'On hold.';
    return `${state === 'starting' && !nothingYet ? 'Starting.' : what} ${sentence(reason ?? '')}`.trim();
  }
  if (nothingYet) return `Listening to topic ${topic}, which has no messages yet.`;
  return `Reading topic ${topic} of ${connection}, generation ${generation}.`;
}

const STATE_TONES: Record<string, Tone> = {
  running: 'good',
  ready: 'good',
  starting: 'busy',
  settling: 'busy',
  joining: 'busy',
  waiting: 'warn',
  draining: 'warn',
  failed: 'bad',
};

/** The colour of a state's badge, for streams, partitions and nodes. */
export function stateTone(state: string): Tone {
  return STATE_TONES[state] ?? 'calm';
}

const AUDIT_TONES: Record<string, Tone> = { clean: 'good', broken: 'bad' };

/** The audit's verdict for the badge, and what it means. */
export function auditText({
  state: streamState,
  audit: { state, detail },
}: Pick<Stream, 'state' | 'audit'>): {
  badge: string;
  tone: Tone;
  meaning: string;
} {
  const found: Record<string, string> = {
    clean: 'Every offset counted exactly once.',
    broken: 'Offsets do not add up.',
    pending: streamState === 'paused' ? 'Not checked while it is paused.' : 'The first check is under way.',
  };
  return {
    badge: `Audit ${state}`,
    tone: AUDIT_TONES[state] ?? 'calm',
    meaning: sentence(detail ?? '') || (found[state] ?? ''),
  };
}

/** How much of a cell its lag fills: by magnitude, since 10 and 100,000 both have to be seen. */
export function lagFill(lag: number): number {
  return lag <= 0 ? 0 : Math.min(1, Math.log10(lag + 1) / 6);
}

export function describePartition(partition: StreamPartition): string {
  const of = partition.end_offset == null ? '' : ` of ${count(partition.end_offset)}`;
  return [
    `Partition ${partition.partition} ${partition.state}`,
    ...(partition.owner == null ? [] : [`on ${partition.owner}`]),
    `position ${count(partition.position)}${of}`,
    `lag ${count(partition.lag)}`,
    plural(partition.rows, 'row'),
    plural(partition.dead_letters, 'dead letter'),
  ].join(' · ');
}

/** All partitions at a glance: `3 partitions, all running` or `3 partitions: 2 running, 1 settling`. */
export function overview(partitions: readonly Pick<StreamPartition, 'state'>[]): string {
  if (partitions.length === 0) return 'No node has a partition of it';
  const byState = new Map<string, number>();
  for (const { state } of partitions) byState.set(state, (byState.get(state) ?? 0) + 1);
  const total = plural(partitions.length, 'partition');
  const states = [...byState].sort(([, a], [, b]) => b - a);
  const [only] = states;
  if (states.length === 1 && only) return `${total}, ${partitions.length > 1 ? 'all ' : ''}${only[0]}`;
  return `${total}: ${states.map(([state, howMany]) => `${howMany} ${state}`).join(', ')}`;
}

/** `Checked 18:28:45.`, or nothing before the first time. */
export function checkedText(checkedAt: string | null | undefined): string {
  return checkedAt == null ? '' : `Checked ${clock(checkedAt)}.`;
}

export function streamPath(id: string): string {
  return `/connect/streams/${encodeURIComponent(id)}`;
}

export function connectionPath(name: string): string {
  return `/connect/connections/${encodeURIComponent(name)}`;
}
