/** What did not fit: by reason, and each message with what was wrong and what it was. */
import { keepPreviousData, useInfiniteQuery } from '@tanstack/react-query';
import { useState } from 'react';
import type { Stream } from '../api/client';
import { asProblem } from '../api/problem';
import { useMayEdit } from '../app/session';
import { count, sentence } from '../format/format';
import { Button } from '../ui/button';
import { Code } from '../ui/code';
import { Empty, ProblemNotice } from '../ui/notice';
import { Time } from '../ui/time';
import { type DeadLetters, deadLetters } from './connections-api';
import { payloadNote } from './payload';
import { reasonText } from './reasons';
import { RetryMany, RetryOne } from './retry';

const PAGE = 20;
type Letter = DeadLetters['dead_letters'][number];

export function DeadLettersList({ stream }: { stream: Stream }) {
  const { id, dead_letters: howMany } = stream;
  const mayEdit = useMayEdit() && stream.state !== 'paused';
  const [reason, setReason] = useState<string>();
  // The list holds still while somebody reads it, until they ask for what came since.
  const [seen, setSeen] = useState(howMany);
  // A letter that somebody puts right stays, although newer ones have taken its place in what was asked for meanwhile.
  const [edited, setEdited] = useState<Letter>();
  const { data, error, fetchNextPage, hasNextPage, isFetchingNextPage } = useInfiniteQuery({
    queryKey: ['dead-letters', id, reason, seen],
    queryFn: ({ pageParam, signal }) =>
      deadLetters(
        id,
        { limit: PAGE, ...(reason ? { reason } : {}), ...(pageParam ? { before: pageParam } : {}) },
        signal,
      ),
    initialPageParam: '',
    getNextPageParam: ({ next }) => next ?? undefined,
    placeholderData: keepPreviousData,
  });
  if (howMany === '0' && !edited) {
    return (
      <Empty title="No dead letters">
        Every message so far fitted. One that does not is kept here, with its payload and the reason, and
        never stops the others.
      </Empty>
    );
  }
  if (!data)
    return error ? <ProblemNotice problem={asProblem(error)} /> : <div aria-hidden className="h-96" />;
  const letters = data.pages.flatMap((page) => page.dead_letters);
  if (edited && !letters.some((letter) => keyOf(letter) === keyOf(edited))) letters.push(edited);
  return (
    <div className="flex flex-col gap-4">
      <Reasons reasons={data.pages[0]?.reasons ?? []} chosen={reason} onChoose={setReason} />
      {mayEdit && <RetryMany key={reason ?? ''} id={id} reason={reason} howMany={howMany} />}
      {howMany !== seen && (
        <Button small className="self-start" onPress={() => setSeen(howMany)}>
          Show what came since
        </Button>
      )}
      {error && <ProblemNotice problem={asProblem(error)} />}
      <ul className="divide-y divide-line border-line border-y">
        {letters.map((letter) => (
          <li key={keyOf(letter)} className="py-3">
            <LetterView letter={letter} />
            {mayEdit && (
              <RetryOne
                stream={stream}
                letter={letter}
                isEditing={edited !== undefined && keyOf(edited) === keyOf(letter)}
                onEdit={(isEditing) => setEdited(isEditing ? letter : undefined)}
              />
            )}
          </li>
        ))}
      </ul>
      {hasNextPage && (
        <Button className="self-center" isPending={isFetchingNextPage} onPress={() => void fetchNextPage()}>
          Show older ones
        </Button>
      )}
    </div>
  );
}

function keyOf({ generation, partition, offset }: Letter) {
  return `${generation}/${partition}/${offset}`;
}

interface ReasonsProps {
  reasons: DeadLetters['reasons'];
  chosen: string | undefined;
  onChoose: (reason: string | undefined) => void;
}

function Reasons({ reasons, chosen, onChoose }: ReasonsProps) {
  return (
    <ul aria-label="Reasons" className="flex flex-wrap gap-2">
      {reasons.map(({ reason, count: howMany, latest }) => (
        <li key={reason}>
          <button
            type="button"
            aria-pressed={chosen === reason}
            onClick={() => onChoose(chosen === reason ? undefined : reason)}
            className="rounded-[10px] border border-line-strong bg-raised px-3 py-1.5 text-left text-sm hover:border-muted aria-pressed:border-accent"
          >
            <span className="font-medium [overflow-wrap:anywhere]">{reasonText(reason)}</span>{' '}
            <span className="text-muted tabular-nums">
              {count(howMany)}
              {latest != null && (
                <>
                  , latest <Time at={latest} />
                </>
              )}
            </span>
          </button>
        </li>
      ))}
    </ul>
  );
}

function LetterView({ letter }: { letter: Letter }) {
  const { partition, offset, timestamp, reason, detail, key, payload } = letter;
  const note = payloadNote(letter);
  return (
    <div className="flex min-w-0 flex-col gap-1.5">
      <p className="flex flex-wrap gap-x-3 text-muted text-sm tabular-nums">
        {timestamp != null && <Time at={timestamp} />}
        <span>
          partition {partition}, offset {count(offset)}
        </span>
        {key != null && <span className="[overflow-wrap:anywhere]">key {key}</span>}
      </p>
      <p className="[overflow-wrap:anywhere]">
        <span className="font-medium">{reasonText(reason)}:</span> {sentence(detail)}
      </p>
      <Code height="max-h-48">{payload}</Code>
      {note && <p className="text-muted text-sm">{note}</p>}
    </div>
  );
}
