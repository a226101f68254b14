/** What a chart draws of what was measured. Pure: no DOM in here. */
import { KEPT_MS, type Measured } from './history';

/** A pause longer than this (hidden tab, lost contact) is a gap: we do not know what was there. */
const GAP_MS = 5_000;

export type Line = (number | null)[];

/** Times in seconds, and for each of the lines a value a time, with nothing in gaps. */
export function chartData(
  measured: readonly Measured[],
  lines: readonly ((at: Measured) => number | null)[],
): [number[], ...Line[]] {
  const times: number[] = [];
  const drawn: Line[] = lines.map(() => []);
  let before: number | undefined;
  for (const at of measured) {
    if (before !== undefined && at.atMs - before > GAP_MS) {
      times.push((before + 1) / 1000);
      for (const line of drawn) line.push(null);
    }
    times.push(at.atMs / 1000);
    for (const [index, line] of lines.entries()) drawn[index]?.push(line(at));
    before = at.atMs;
  }
  return [times, ...drawn];
}

/** The ten minutes up to the newest measurement, in seconds. */
export function shownTimes(measured: readonly Measured[], nowMs: number): [number, number] {
  const newest = measured.at(-1)?.atMs ?? nowMs;
  return [(newest - KEPT_MS) / 1000, newest / 1000];
}
