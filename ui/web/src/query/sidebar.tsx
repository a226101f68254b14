/** What there is to ask about, and what was asked: tables, saved queries, history, the team's words. */
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { Trash2 } from 'lucide-react';
import { useState } from 'react';
import { api, content, type HistoryEntry, type SavedSummary, type Table } from '../api/client';
import { asProblem } from '../api/problem';
import { useMayEdit } from '../app/session';
import { plural } from '../format/format';
import { clock } from '../format/time';
import { Button } from '../ui/button';
import { Empty, ProblemNotice } from '../ui/notice';
import { Tabs } from '../ui/tabs';
import { Time } from '../ui/time';
import { tell } from '../ui/toast';
import { Glossary } from './glossary';
import type { Draft } from './link';
import { TableBrowser } from './table-browser';

interface Props {
  tables: Table[] | undefined;
  onOpen: (draft: Draft) => void;
  onInsert: (text: string) => void;
}

export function Sidebar({ tables, onOpen, onInsert }: Props) {
  return (
    <Tabs
      label="What there is to ask about"
      tabs={[
        {
          id: 'tables',
          label: 'Tables',
          content: <TableBrowser tables={tables} onOpen={onOpen} onInsert={onInsert} />,
        },
        {
          id: 'saved',
          label: 'Saved',
          content: <Saved onOpen={onOpen} />,
        },
        {
          id: 'history',
          label: 'History',
          content: <History onOpen={onOpen} />,
        },
        {
          id: 'words',
          label: 'Words',
          content: <Glossary tables={tables ?? []} />,
        },
      ]}
    />
  );
}

function Saved({ onOpen }: { onOpen: (draft: Draft) => void }) {
  const client = useQueryClient();
  const mayEdit = useMayEdit();
  const { data, error } = useQuery({
    queryKey: ['saved'],
    queryFn: async ({ signal }) => (await content(api.GET('/api/v1/saved', { signal }))).saved,
    refetchInterval: 30_000,
  });
  async function open(name: string) {
    try {
      onOpen(await savedDraft(name));
    } catch (problem) {
      tell(asProblem(problem).title);
    }
  }
  async function remove(saved: SavedSummary) {
    const path = { name: saved.name };
    try {
      const known = await content(api.GET('/api/v1/saved/{name}', { params: { path } }));
      await api.DELETE('/api/v1/saved/{name}', { params: { path } });
      await client.invalidateQueries({ queryKey: ['saved'] });
      tell(`“${saved.name}” is removed.`, async () => {
        const { sql, params, question, description, chart } = known as unknown as SavedContent;
        await api.PUT('/api/v1/saved/{name}', {
          params: { path },
          headers: { 'If-None-Match': '*' },
          body: { sql, params, question, description, chart: chart as never },
        });
        await client.invalidateQueries({ queryKey: ['saved'] });
      });
    } catch (problem) {
      tell(asProblem(problem).title);
    }
  }
  if (error) return <ProblemNotice problem={asProblem(error)} />;
  if (!data) return <p className="text-muted">Looking…</p>;
  if (data.length === 0)
    return (
      <Empty title="Nothing saved yet">Run something worth keeping, and choose Save below its rows.</Empty>
    );
  return (
    <ul className="space-y-1">
      {data.map((saved) => (
        <li key={saved.name} className="flex items-center gap-1">
          <button
            type="button"
            onClick={() => void open(saved.name)}
            className="min-w-0 flex-1 rounded-lg px-2 py-1.5 text-left hover:bg-raised"
          >
            <span className="block truncate font-medium">{saved.name}</span>
            <span className="block truncate text-muted text-sm">
              {saved.description || `by ${saved.owner}, ${clock(saved.changed_at)}`}
            </span>
          </button>
          {mayEdit && (
            <Button kind="quiet" small aria-label={`Remove ${saved.name}`} onPress={() => void remove(saved)}>
              <Trash2 aria-hidden className="size-4" />
            </Button>
          )}
        </li>
      ))}
    </ul>
  );
}

interface SavedContent {
  sql: string;
  params: Record<string, string>;
  question: string | null;
  description: string;
  chart: unknown;
}

/** A saved query as a draft: it is shown, and not run. */
export async function savedDraft(name: string): Promise<Draft> {
  const saved = (await content(
    api.GET('/api/v1/saved/{name}', { params: { path: { name } } }),
  )) as unknown as SavedContent;
  return { mode: 'sql', text: saved.sql, params: saved.params };
}

function History({ onOpen }: { onOpen: (draft: Draft) => void }) {
  const [search, setSearch] = useState('');
  const { data, error } = useQuery({
    queryKey: ['history', search],
    queryFn: async ({ signal }) =>
      (
        await content(
          api.GET('/api/v1/history', {
            signal,
            params: { query: { limit: 50, ...(search ? { search } : {}) } },
          }),
        )
      ).history,
    refetchInterval: 10_000,
  });
  const open = (entry: HistoryEntry) =>
    onOpen(
      entry.kind === 'question'
        ? { mode: 'ask', text: entry.question ?? '', params: {} }
        : { mode: 'sql', text: entry.sql, params: entry.params as Record<string, string> },
    );
  if (error) return <ProblemNotice problem={asProblem(error)} />;
  return (
    <div className="space-y-2">
      <input
        type="search"
        aria-label="Search the history"
        placeholder="Search the history"
        className="field w-full py-1.5 text-sm"
        value={search}
        onChange={(event) => setSearch(event.target.value)}
      />
      {data?.length === 0 && (
        <p className="px-2 text-muted">
          {search ? 'Nothing that was asked has these words.' : 'Nothing has been asked yet.'}
        </p>
      )}
      <ul className="space-y-1">
        {data?.map((entry) => (
          <li key={entry.id}>
            <button
              type="button"
              onClick={() => open(entry)}
              className="w-full rounded-lg px-2 py-1.5 text-left hover:bg-raised"
            >
              <span
                className={`line-clamp-2 text-sm [overflow-wrap:anywhere] ${entry.kind === 'sql' ? 'font-mono' : ''}`}
              >
                {entry.kind === 'question' ? entry.question : entry.sql}
              </span>
              <span className="block truncate text-muted text-xs">
                <Time at={entry.at} /> · {entry.outcome === 'ok' ? plural(entry.rows, 'row') : entry.outcome}
              </span>
            </button>
          </li>
        ))}
      </ul>
    </div>
  );
}
