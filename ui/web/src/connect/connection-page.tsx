/** A connection, step by step: typed, tested, a topic looked at, a stream made of it. */
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { ChevronLeft } from 'lucide-react';
import { useState } from 'react';
import { Link, useLocation } from 'wouter';
import { asProblem, type Problem } from '../api/problem';
import { useMayEdit } from '../app/session';
import { sentence } from '../format/format';
import { clock } from '../format/time';
import { ProblemNotice } from '../ui/notice';
import { tell } from '../ui/toast';
import {
  addConnection,
  type Connection,
  changeConnection,
  type Findings,
  connection as readConnection,
  testConnection,
} from './connections-api';
import { useAsked } from './form/asked';
import { ConnectionForm } from './form/connection-form';
import { useDraft } from './form/drafts';
import { FindingsList } from './form/findings';
import { RemoveConnection } from './form/remove-connection';
import { TopicStep } from './form/topic-step';
import { draftOf, NOTHING, typedFrom } from './form/typed';

export default function ConnectionPage({ name }: { name?: string }) {
  const { data, error, refetch } = useQuery({
    queryKey: ['connection', name],
    queryFn: ({ signal }) => readConnection(name ?? '', signal),
    enabled: name !== undefined,
    // What is being typed must not change under somebody's hands; a save of an outdated one is refused.
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 0,
  });
  return (
    <div className="flex flex-col gap-5 py-4">
      <Link href="/connect" className="inline-flex items-center gap-1 self-start text-muted hover:text-text">
        <ChevronLeft aria-hidden className="size-4" /> Connect
      </Link>
      <h1 className="font-semibold text-2xl tracking-tight [overflow-wrap:anywhere]">
        {name === undefined ? 'Add a connection' : `Connection ${name}`}
      </h1>
      {name === undefined || data ? (
        <Steps initial={data} onReload={async () => (await refetch()).data} />
      ) : error ? (
        <ProblemNotice problem={asProblem(error)} />
      ) : (
        <div aria-hidden className="card h-96 motion-safe:animate-pulse" />
      )}
    </div>
  );
}

interface StepsProps {
  initial: Connection | undefined;
  onReload: () => Promise<Connection | undefined>;
}

/** What there is to a form: what is saved, what is typed, and how to save it. */
function useForm(initial: Connection | undefined) {
  const client = useQueryClient();
  const [saved, setSaved] = useState(initial);
  const draft = useDraft(initial?.name ?? '', initial ? typedFrom(initial) : NOTHING);
  const [problem, setProblem] = useState<Problem>();
  const [isSaving, setSaving] = useState(false);

  function take(connection: Connection) {
    setSaved(connection);
    setProblem(undefined);
    draft.restart(typedFrom(connection));
  }

  async function save(): Promise<string | undefined> {
    setSaving(true);
    setProblem(undefined);
    try {
      const name = draft.typed.name.trim();
      const sent = draftOf(draft.typed);
      const connection = saved
        ? await changeConnection(saved.name, saved.version, sent)
        : await addConnection(name, sent);
      take(connection);
      await client.invalidateQueries({ queryKey: ['connections'] });
      return connection.name;
    } catch (error) {
      setProblem(asProblem(error));
      return undefined;
    } finally {
      setSaving(false);
    }
  }

  return { ...draft, saved, take, save, problem, setProblem, isSaving };
}

function Steps({ initial, onReload }: StepsProps) {
  const mayEdit = useMayEdit();
  const [, navigate] = useLocation();
  const form = useForm(initial);
  const { asked, ask, stop } = useAsked<Findings>();
  const { typed, saved } = form;

  function test() {
    form.setProblem(undefined);
    void ask((signal) => testConnection(saved?.name, draftOf(typed), signal));
  }

  async function save() {
    const isNew = saved === undefined;
    const name = await form.save();
    if (name !== undefined) tell(isNew ? `Connection ${name} is added.` : `Connection ${name} is changed.`);
  }

  async function reload() {
    const theirs = await onReload();
    if (!theirs) return;
    const dropped = typed;
    form.take(theirs);
    tell('What you typed is dropped.', () => form.change(dropped));
  }

  return (
    <>
      {saved && <About connection={saved} />}
      <ConnectionForm
        typed={typed}
        onChange={form.change}
        saved={saved}
        problem={form.problem ?? asked.problem}
        mayEdit={mayEdit}
        isTesting={asked.isBusy}
        isSaving={form.isSaving}
        onTest={test}
        onStop={stop}
        onSave={() => void save()}
        onReload={() => void reload()}
      />
      {asked.answer && (
        <section aria-labelledby="findings" className="card flex flex-col gap-3 p-4 sm:p-6">
          <h2 id="findings" className="font-semibold text-lg">
            The test
          </h2>
          <FindingsList findings={asked.answer} />
        </section>
      )}
      {asked.answer?.ok && mayEdit && (
        <TopicStep
          topics={asked.answer.topics}
          saved={saved}
          draft={draftOf(typed)}
          onEnsureSaved={async () => (saved && !form.isChanged ? saved.name : form.save())}
        />
      )}
      {saved && mayEdit && (
        <div className="self-start">
          <RemoveConnection connection={saved} onRemoved={() => navigate('/connect')} />
        </div>
      )}
    </>
  );
}

function About({ connection: { changed_by, changed_at, extras, reason } }: { connection: Connection }) {
  const parts = [
    changed_by && changed_at && `Changed by ${changed_by}, ${clock(changed_at)}.`,
    extras?.length > 0 && `It has further options of the Kafka library, which stay: ${extras.join(', ')}.`,
    reason && sentence(reason),
  ].filter(Boolean);
  return parts.length > 0 && <p className="text-muted [overflow-wrap:anywhere]">{parts.join(' ')}</p>;
}
