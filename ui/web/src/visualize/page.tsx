/** Dashboards: the list of them, one that is kept, or the one that a stream has by itself. */
import { useSearchParams } from 'wouter';
import { BoardList } from './list';
import { SavedBoard } from './saved-board';
import { StreamBoard } from './stream-board';

export default function Page({ name }: { name?: string }) {
  const [search] = useSearchParams();
  const stream = search.get('stream');
  if (name !== undefined) return <SavedBoard key={name} name={name} />;
  return stream === null ? <BoardList /> : <StreamBoard key={stream} id={stream} />;
}
