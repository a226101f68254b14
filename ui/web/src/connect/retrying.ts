/** Dead letters tried again, as many requests as it takes. */
import { deadLettersRetried, type RetryRequest, type RetryResult } from './connections-api';

/** How often in a row a partition may be without a node that answers: it may be changing hands. */
const PATIENCE = 10;
const PAUSE_MS = 1_000;

export type Failure = RetryResult['failures'][number];

export interface Outcome {
  rows: number;
  before: number;
  failed: number;
  /** An example for each reason. */
  failures: Failure[];
  /** Why it ended before all were tried. */
  stopped?: string;
}

export const NOTHING_YET: Outcome = { rows: 0, before: 0, failed: 0, failures: [] };

export function added(outcome: Outcome, result: RetryResult): Outcome {
  const known = new Set(outcome.failures.map(({ reason }) => reason));
  const failures = [...outcome.failures];
  for (const failure of result.failures) {
    if (known.has(failure.reason)) continue;
    known.add(failure.reason);
    failures.push(failure);
  }
  return {
    rows: outcome.rows + result.rows,
    before: outcome.before + result.before,
    failed: outcome.failed + result.failed,
    failures,
  };
}

type Ask = (body: RetryRequest) => Promise<RetryResult>;
type Wait = (milliseconds: number) => Promise<void>;
const wait: Wait = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));

/** Tries all again, or those of one reason; says how far it is after each request. */
export async function retryAll(
  id: string,
  reason: string | undefined,
  onProgress: (outcome: Outcome) => void,
  signal: AbortSignal,
  ask: Ask = (body) => deadLettersRetried(id, body, signal),
  pause: Wait = wait,
): Promise<Outcome> {
  let outcome = NOTHING_YET;
  let after: string | null = null;
  let stops = 0;
  do {
    const result: RetryResult = await ask({
      ...(reason === undefined ? {} : { reason }),
      ...(after === null ? {} : { after }),
    });
    outcome = added(outcome, result);
    onProgress(outcome);
    after = result.next ?? null;
    if (result.stopped == null) {
      stops = 0;
      continue;
    }
    stops += 1;
    if (stops === PATIENCE) return { ...outcome, stopped: result.stopped };
    await pause(PAUSE_MS);
  } while (after !== null && !signal.aborted);
  return outcome;
}
