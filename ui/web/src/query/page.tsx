/** Query: one box for questions and SQL, and below it what came of each, the latest first. */

import { PanelRight } from 'lucide-react';
import { useCallback, useEffect, useMemo, useRef, useState } from 'react';
import { useSearch } from 'wouter';
import { useTables } from '../api/live';
import { asProblem } from '../api/problem';
import { useHolding } from '../app/unsaved';
import type { EditorMark } from '../editor/sql-editor';
import { Button } from '../ui/button';
import { Dialog } from '../ui/dialog';
import { tell } from '../ui/toast';
import { Box } from './box';
import { keep, kept, MOST_CARRIED_CHARS } from './kept';
import { type Draft, draftFrom } from './link';
import { Sidebar, savedDraft } from './sidebar';
import { placeOf } from './sql-error';
import { Starters } from './starters';
import { Turn } from './turn';
import type { Request, Run } from './use-run';

/** Answers that stay on the page; those before them are in the history. */
const MOST_TURNS = 10;

interface Asked {
  id: number;
  request: Request;
}

export default function QueryPage() {
  const search = useSearch();
  const { data: tables } = useTables();
  const [draft, setDraft] = useDraft(search);
  const [limit, setLimit] = useState(1_000);
  const [turns, setTurns] = useState<Asked[]>([]);
  const [latest, setLatest] = useState<{ run: Run; cancel: () => void }>();
  const [showsSide, setShowsSide] = useState(false);
  const top = useRef<HTMLDivElement>(null);
  const latestDraft = useRef(draft);
  latestDraft.current = draft;
  useHolding(turns.length > 0 ? 'What was answered here would have to be asked once more.' : undefined);
  useHolding(draft.text.length > MOST_CARRIED_CHARS ? 'What is typed is too long to go along.' : undefined);

  const begin = useCallback((request: Request) => {
    setTurns((turns) => [{ id: (turns[0]?.id ?? 0) + 1, request }, ...turns].slice(0, MOST_TURNS));
  }, []);
  const run = useCallback(
    (asked: Draft) => {
      const before =
        asked.mode === 'ask'
          ? turns
              .filter(({ request }) => request.mode === 'ask')
              .map(({ request }) => request.text)
              // One that was corrected stands there twice.
              .filter((text, at, texts) => text !== texts[at - 1])
              .toReversed()
          : [];
      const request = {
        mode: asked.mode,
        text: asked.text,
        params: asked.params,
        limit,
        conversation: before,
      };
      begin(request);
      if (asked.mode === 'ask') setDraft((draft) => ({ ...draft, text: '' }));
    },
    [turns, limit, setDraft, begin],
  );
  const open = useCallback(
    (opened: Draft) => {
      const before = latestDraft.current;
      setDraft(opened);
      if (before.text.trim() !== '' && before.text !== opened.text)
        tell('What was in the box is replaced.', () => setDraft(before));
      setShowsSide(false);
      top.current?.scrollIntoView({ block: 'start', behavior: 'smooth' });
    },
    [setDraft],
  );
  function beginAnew() {
    setTurns([]);
    tell('What was asked is in the history.');
  }
  const onState = useCallback((run: Run, cancel: () => void) => setLatest({ run, cancel }), []);
  const insert = useCallback(
    (text: string) => {
      setDraft((draft) => ({
        ...draft,
        mode: 'sql',
        text: draft.text ? `${draft.text.replace(/\s?$/, ' ')}${text}` : text,
      }));
      setShowsSide(false);
    },
    [setDraft],
  );
  const mark = useMark(latest?.run, draft);
  const isRunning = latest?.run.state === 'running';
  const side = <Sidebar tables={tables} onOpen={open} onInsert={insert} />;

  return (
    <div
      ref={top}
      className="grid grid-cols-1 gap-4 py-4 lg:grid-cols-[minmax(0,1fr)_20rem] xl:grid-cols-[minmax(0,1fr)_23rem]"
    >
      <div className="flex min-w-0 flex-col gap-4">
        <div className="flex min-h-10 items-center justify-between gap-3">
          <h1 className="font-semibold text-2xl tracking-tight">Query</h1>
          <div className="flex gap-1">
            {turns.length > 0 && (
              <Button kind="quiet" small onPress={beginAnew}>
                Begin anew
              </Button>
            )}
            <Button kind="quiet" small className="lg:hidden" onPress={() => setShowsSide(true)}>
              <PanelRight aria-hidden className="size-4" /> Browse
            </Button>
          </div>
        </div>
        <Box
          draft={draft}
          onChange={setDraft}
          limit={limit}
          onLimit={setLimit}
          onRun={run}
          isRunning={isRunning}
          onCancel={() => latest?.cancel()}
          tables={tables ?? NO_TABLES}
          mark={mark}
          goesOn={turns.some(({ request }) => request.mode === 'ask')}
        />
        {turns.length === 0 && <Starters tables={tables} onOpen={open} onRun={run} />}
        {turns.map(({ id, request }, at) => (
          <Turn
            key={id}
            request={request}
            tables={tables ?? NO_TABLES}
            isLatest={at === 0}
            onState={onState}
            onEdit={(sql) => open({ mode: 'sql', text: sql, params: {} })}
            onAskAgain={(text) => open({ mode: 'ask', text, params: {} })}
            onRun={begin}
          />
        ))}
      </div>
      <aside
        aria-label="What there is to ask about"
        className="card hidden max-h-[calc(100dvh-6rem)] self-start overflow-y-auto p-3 lg:sticky lg:top-4 lg:block"
      >
        {side}
      </aside>
      <Dialog
        title="Tables, saved queries and history"
        isOpen={showsSide}
        onClose={() => setShowsSide(false)}
      >
        {side}
      </Dialog>
    </div>
  );
}

const NO_TABLES: never[] = [];

/** What is in the box: what was typed at a node that is gone, or from the link, or else what was typed last. */
function useDraft(search: string) {
  const [first] = useState(() => ({ search, ...kept() }));
  const [draft, setDraft] = useState<Draft>(() => {
    const linked = draftFrom(search);
    return !first.isBrought && (linked.text || linked.saved) ? linked : first.draft;
  });
  useEffect(() => {
    if (first.isBrought && search === first.search) return;
    const linked = draftFrom(search);
    if (linked.saved === undefined) {
      if (linked.text) setDraft(linked);
      return;
    }
    savedDraft(linked.saved).then(setDraft, (error) => tell(asProblem(error).title));
  }, [search, first]);
  useEffect(() => keep(draft), [draft]);
  return [draft, setDraft] as const;
}

/** Where the statement in the box is wrong, when it is the one that failed. */
function useMark(run: Run | undefined, draft: Draft): EditorMark | undefined {
  return useMemo(() => {
    if (!run?.problem || run.sql !== draft.text) return undefined;
    const place = placeOf(run.sql, run.problem.detail);
    return place && { ...place, message: run.problem.title };
  }, [run?.problem, run?.sql, draft.text]);
}
