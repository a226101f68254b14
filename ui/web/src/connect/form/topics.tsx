/** The brokers' topics: searched, and one of them chosen. */
import { useId, useState } from 'react';
import { count, plural } from '../../format/format';
import { Empty } from '../../ui/notice';
import type { Topic } from '../connections-api';

/** More than this nobody reads: the search narrows them down. */
const SHOWN_AT_MOST = 200;

interface Props {
  topics: readonly Topic[];
  chosen: string | undefined;
  onChoose: (topic: string) => void;
  /** Whether a topic is read already. */
  isRead: (topic: string) => boolean;
}

export function Topics({ topics, chosen, onChoose, isRead }: Props) {
  const [search, setSearch] = useState('');
  const id = useId();
  const words = search.toLowerCase().split(/\s+/).filter(Boolean);
  const found = topics.filter(({ name }) => words.every((word) => name.toLowerCase().includes(word)));
  if (topics.length === 0) {
    return (
      <Empty title="There are no topics yet">
        Make one, or have the user given the right to see them (DESCRIBE), and test again.
      </Empty>
    );
  }
  return (
    <div className="flex flex-col gap-3">
      <label htmlFor={id} className="sr-only">
        Search the topics
      </label>
      <input
        id={id}
        type="search"
        className="field"
        placeholder={`Search ${plural(topics.length, 'topic')}`}
        value={search}
        onChange={(event) => setSearch(event.target.value)}
      />
      <ul aria-label="Topics" className="max-h-72 overflow-y-auto rounded-[10px] border border-line">
        {found.slice(0, SHOWN_AT_MOST).map(({ name, partitions }) => (
          <li key={name}>
            <button
              type="button"
              aria-pressed={chosen === name}
              onClick={() => onChoose(name)}
              className="flex w-full items-baseline justify-between gap-4 px-3 py-2 text-left -outline-offset-2 hover:bg-raised aria-pressed:bg-accent/10"
            >
              <span className="min-w-0 font-mono [overflow-wrap:anywhere]">{name}</span>
              <span className="shrink-0 text-muted text-sm tabular-nums">
                {isRead(name) && <span className="mr-3 text-accent">read already</span>}
                {plural(partitions, 'partition')}
              </span>
            </button>
          </li>
        ))}
        {found.length === 0 && <li className="px-3 py-2 text-muted">No topic is called that.</li>}
        {found.length > SHOWN_AT_MOST && (
          <li className="px-3 py-2 text-muted text-sm">
            and {count(found.length - SHOWN_AT_MOST)} more: search for a part of the name
          </li>
        )}
      </ul>
    </div>
  );
}
