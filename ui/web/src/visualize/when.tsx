import { ago } from './ago';

/** How long ago, and on a closer look exactly when. */
export function When({ at }: { at: string }) {
  const date = new Date(at);
  return (
    <time dateTime={at} title={date.toLocaleString(undefined, { dateStyle: 'full', timeStyle: 'medium' })}>
      {ago(date.getTime(), Date.now())}
    </time>
  );
}
