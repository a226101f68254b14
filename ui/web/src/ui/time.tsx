import { clock, inFull } from '../format/time';

interface Props {
  /** ISO 8601. */
  at: string;
  /** In other words than the time of day. */
  children?: string;
}

/** A time in short; on a closer look the whole of it, with its zone and how long ago it was. */
export function Time({ at, children }: Props) {
  return (
    <time dateTime={at} title={inFull(at)}>
      {children ?? clock(at)}
    </time>
  );
}
