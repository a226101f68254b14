/** The last two minutes of one measurement, and the path that draws them. Pure: no DOM in here. */

export interface Sample {
  atMs: number;
  value: number;
}

export const WINDOW_MS = 120_000;

/** A pause longer than this (hidden tab, lost contact) is drawn as a gap: we do not know what was there. */
const GAP_MS = 4_000;

/** The samples without those that the window has left behind, bar one that enters it from the left. */
export function trimmed<S extends { atMs: number }>(samples: readonly S[], windowMs = WINDOW_MS): S[] {
  const newest = samples.at(-1);
  if (newest === undefined) return [];
  const firstInside = samples.findIndex(({ atMs }) => atMs >= newest.atMs - windowMs);
  return samples.slice(Math.max(0, firstInside - 1));
}

/** The smallest of 1, 2, 5 × 10ⁿ that holds the value: the scale moves seldom, and to round numbers. */
export function niceCeiling(value: number): number {
  if (!(value > 0)) return 1;
  const magnitude = 10 ** Math.floor(Math.log10(value));
  const step = [1, 2, 5, 10].find((candidate) => candidate * magnitude >= value) ?? 10;
  return step * magnitude;
}

export interface Shape {
  line: string;
  area: string;
  ceiling: number;
}

/** Draws the samples into a box of the given size, the newest at the right edge and zero at the bottom. */
export function shape(samples: readonly Sample[], width: number, height: number): Shape {
  const newest = samples.at(-1);
  const ceiling = niceCeiling(Math.max(0, ...samples.map(({ value }) => value)));
  if (newest === undefined) return { line: '', area: '', ceiling };

  const x = (sample: Sample) => round(width * (1 - (newest.atMs - sample.atMs) / WINDOW_MS));
  const y = (sample: Sample) => round(height * (1 - sample.value / ceiling));
  let line = '';
  let area = '';
  for (const run of unbroken(samples)) {
    const points = run.map((sample) => `${x(sample)},${y(sample)}`).join('L');
    line += `M${points}`;
    const [first, last] = [run[0], run.at(-1)];
    if (first && last) area += `M${x(first)},${height}L${points}L${x(last)},${height}Z`;
  }
  return { line, area, ceiling };
}

/** The sample nearest to a place in the window: 0 is its left edge, 1 its right one. */
export function nearest(samples: readonly Sample[], fraction: number): Sample | undefined {
  const newest = samples.at(-1);
  if (newest === undefined) return undefined;
  const wantedMs = newest.atMs - WINDOW_MS * (1 - fraction);
  const distance = (sample: Sample) => Math.abs(sample.atMs - wantedMs);
  return samples.reduce((best, sample) => (distance(sample) < distance(best) ? sample : best));
}

function unbroken(samples: readonly Sample[]): Sample[][] {
  const runs: Sample[][] = [];
  let previous: Sample | undefined;
  for (const sample of samples) {
    const run = runs.at(-1);
    if (run && previous && sample.atMs - previous.atMs <= GAP_MS) run.push(sample);
    else runs.push([sample]);
    previous = sample;
  }
  return runs;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
