/** Dashboards: the list of them, one that is kept, or the one that a stream has by itself. */
import { useSearchParams } from 'wouter';
import { StreamBoard } from './stream-board';

export default function Page({ name }: { name?: string }) {
  const [search] = useSearchParams();
  const stream = search.get('stream');
  if (name !== undefined) return null;
  return stream === null ? null : <StreamBoard key={stream} id={stream} />;
}
