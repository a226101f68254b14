/** A topic is chosen and looked at, and its stream made. */
import { useQueryClient } from '@tanstack/react-query';
import { useCallback, useState } from 'react';
import { useLocation } from 'wouter';
import { asProblem, type Problem } from '../../api/problem';
import { Button } from '../../ui/button';
import { ProblemNotice } from '../../ui/notice';
import { tell } from '../../ui/toast';
import {
  addStream,
  type ColumnChoice,
  type Connection,
  type Draft,
  type Preview,
  previewTopic,
  type Topic,
} from '../connections-api';
import { useRecordedStreams } from '../history';
import { streamPath } from '../texts';
import { useAsked } from './asked';
import { StartField } from './start-field';
import { TopicPreview } from './topic-preview';
import { Topics } from './topics';
import { type Start, startOf } from './typed';
import { useRecheck } from './use-recheck';

interface Props {
  topics: readonly Topic[];
  saved: Connection | undefined;
  draft: Draft;
  /** Saves what was typed, if that is needed; resolves to the connection's name, or to undefined when it cannot be. */
  onEnsureSaved: () => Promise<string | undefined>;
}

export function TopicStep({ topics, saved, draft, onEnsureSaved }: Props) {
  const { data: streams } = useRecordedStreams();
  const [topic, setTopic] = useState<string>();
  const [choices, setChoices] = useState<readonly ColumnChoice[]>([]);
  const { asked, ask } = useAsked<Preview>();
  const { recheck, checked, problem } = useRecheck(
    useCallback(
      (decided, signal) => previewTopic(saved?.name, draft, topic ?? '', signal, decided),
      [saved?.name, draft, topic],
    ),
  );
  const isRead = (name: string) =>
    saved !== undefined &&
    streams?.some((stream) => stream.connection === saved.name && stream.topic === name) === true;

  function decide(decided: readonly ColumnChoice[]) {
    setChoices(decided);
    recheck(decided);
  }

  function choose(name: string) {
    setTopic(name);
    decide([]);
    void ask((signal) => previewTopic(saved?.name, draft, name, signal));
  }

  return (
    <>
      <section aria-labelledby="topics" className="card flex flex-col gap-3 p-4 sm:p-6">
        <h2 id="topics" className="font-semibold text-lg">
          Choose a topic
        </h2>
        <Topics topics={topics} chosen={topic} onChoose={choose} isRead={isRead} />
      </section>
      {topic !== undefined && (
        <section aria-labelledby="preview" className="card flex flex-col gap-4 p-4 sm:p-6">
          <h2 id="preview" className="font-semibold text-lg [overflow-wrap:anywhere]">
            {topic}
          </h2>
          {asked.isBusy ? (
            <p role="status" className="text-muted">
              Looking at the topic…
            </p>
          ) : (
            asked.answer?.topic === topic && (
              <TopicPreview
                proposal={asked.answer}
                choices={choices}
                onChoose={isRead(topic) ? undefined : decide}
                checked={choices.length === 0 ? asked.answer : checked(choices)}
              />
            )
          )}
          {asked.problem && <ProblemNotice problem={asked.problem} />}
          {choices.length > 0 && problem && <ProblemNotice problem={problem} />}
          {isRead(topic) ? (
            <p className="text-muted">This topic is read already.</p>
          ) : (
            <Create
              topic={topic}
              choices={choices}
              isNew={saved === undefined}
              onEnsureSaved={onEnsureSaved}
            />
          )}
        </section>
      )}
    </>
  );
}

interface CreateProps {
  topic: string;
  choices: readonly ColumnChoice[];
  isNew: boolean;
  onEnsureSaved: Props['onEnsureSaved'];
}

function Create({ topic, choices, isNew, onEnsureSaved }: CreateProps) {
  const client = useQueryClient();
  const [, navigate] = useLocation();
  const [start, setStart] = useState<Start>('earliest');
  const [time, setTime] = useState('');
  const [isBusy, setBusy] = useState(false);
  const [problem, setProblem] = useState<Problem>();
  const from = startOf(start, time);

  async function create() {
    setBusy(true);
    setProblem(undefined);
    try {
      const connection = await onEnsureSaved();
      if (connection === undefined) return;
      // Left out where it is what happens anyway.
      const { id } = await addStream(connection, topic, from === 'earliest' ? undefined : from, choices);
      tell(`${topic} is being read.`);
      await client.invalidateQueries({ queryKey: ['streams'] });
      navigate(streamPath(id));
    } catch (error) {
      setProblem(asProblem(error));
    } finally {
      setBusy(false);
    }
  }

  return (
    <>
      <StartField
        start={start}
        time={time}
        onStart={setStart}
        onTime={setTime}
        error={problem?.field === 'start' ? problem.detail : undefined}
      />
      {problem && problem.field !== 'start' && <ProblemNotice problem={problem} />}
      {isNew && <p className="text-muted text-sm">The connection is saved along with it.</p>}
      <Button
        kind="primary"
        className="self-start"
        isPending={isBusy}
        isDisabled={from === undefined}
        onPress={() => void create()}
      >
        Create the stream
      </Button>
    </>
  );
}
