import { Time } from '../ui/time';
import { ago } from './ago';

/** How long ago, and on a closer look exactly when. */
export function When({ at }: { at: string }) {
  return <Time at={at}>{ago(Date.parse(at), Date.now())}</Time>;
}
