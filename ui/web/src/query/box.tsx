/** The one box: a question in plain words, or SQL. */

import { Sparkles, SquareTerminal } from 'lucide-react';
import { lazy, Suspense } from 'react';
import { ToggleButton, ToggleButtonGroup } from 'react-aria-components';
import type { Table } from '../api/client';
import { EDITOR_HEIGHT } from '../editor/height';
import type { EditorMark } from '../editor/sql-editor';
import { Button } from '../ui/button';
import type { Draft } from './link';
import { looksLikeSql, parametersOf } from './parameters';

const SqlEditor = lazy(() => import('../editor/sql-editor'));

/** Longest statement, in characters, as the node takes it. What is longer is kept in the box and not sent. */
const MAX_SQL_CHARS = 262_144;
/** Longest question, as the node takes it. */
const MAX_QUESTION_CHARS = 1_000;

interface Props {
  draft: Draft;
  onChange: (draft: Draft) => void;
  limit: number;
  onLimit: (limit: number) => void;
  onRun: (draft: Draft) => void;
  isRunning: boolean;
  onCancel: () => void;
  tables: Table[];
  mark?: EditorMark | undefined;
  goesOn: boolean;
}

const LIMITS = [1_000, 10_000, 100_000];

export function Box(props: Props) {
  const { draft, onChange, onRun, isRunning } = props;
  const most = draft.mode === 'sql' ? MAX_SQL_CHARS : MAX_QUESTION_CHARS;
  const isTooLong = draft.text.length > most;
  const isEmpty = draft.text.trim() === '';
  const run = () => {
    if (isEmpty || isTooLong) return;
    // A statement in the place of a question is run as what it is.
    const mode = draft.mode === 'ask' && looksLikeSql(draft.text) ? 'sql' : draft.mode;
    if (mode !== draft.mode) onChange({ ...draft, mode });
    onRun({ ...draft, mode });
  };
  return (
    <section aria-label="Question or statement" className="card flex flex-col gap-3 p-3 sm:p-4">
      <Modes mode={draft.mode} onChange={(mode) => onChange({ ...draft, mode })} />
      {draft.mode === 'ask' ? (
        <Question {...props} run={run} />
      ) : (
        <Suspense
          fallback={
            <div role="status" className={`field text-muted ${EDITOR_HEIGHT}`}>
              Loading the editor…
            </div>
          }
        >
          <SqlEditor
            label="SQL statement"
            value={draft.text}
            onChange={(text) => onChange({ ...draft, text })}
            onRun={run}
            tables={props.tables}
            mark={props.mark}
          />
        </Suspense>
      )}
      {draft.mode === 'sql' && <Parameters draft={draft} onChange={onChange} />}
      {isTooLong && (
        <p role="alert" className="text-red">
          {draft.text.length.toLocaleString()} characters are too many: {most.toLocaleString()} are the most.
          Nothing was sent, and nothing is lost.
        </p>
      )}
      <div className="flex flex-wrap items-center gap-2">
        {isRunning ? (
          <Button onPress={props.onCancel}>Cancel</Button>
        ) : (
          <Button kind="primary" onPress={run} isDisabled={isEmpty || isTooLong}>
            {draft.mode === 'ask' ? 'Ask' : 'Run'}
          </Button>
        )}
        <span className="text-muted text-sm max-sm:hidden">
          {draft.mode === 'ask' ? 'Enter' : 'Ctrl + Enter'}
        </span>
        {draft.mode === 'sql' && (
          <label className="ml-auto flex items-center gap-2 text-muted text-sm">
            At most
            <select
              className="field py-1 text-sm"
              value={props.limit}
              onChange={(event) => props.onLimit(Number(event.target.value))}
            >
              {LIMITS.map((limit) => (
                <option key={limit} value={limit}>
                  {limit.toLocaleString()} rows
                </option>
              ))}
            </select>
          </label>
        )}
      </div>
    </section>
  );
}

function Modes({ mode, onChange }: { mode: Draft['mode']; onChange: (mode: Draft['mode']) => void }) {
  const item =
    'inline-flex min-h-8 cursor-pointer items-center gap-1.5 rounded-lg px-3 text-sm text-muted data-[selected]:bg-raised data-[selected]:text-text data-[selected]:[&_svg]:text-accent';
  return (
    <ToggleButtonGroup
      aria-label="What to write"
      selectionMode="single"
      disallowEmptySelection
      selectedKeys={[mode]}
      onSelectionChange={(keys) => {
        const [chosen] = keys;
        if (chosen === 'ask' || chosen === 'sql') onChange(chosen);
      }}
      className="flex w-fit gap-1 rounded-[10px] border border-line p-0.5"
    >
      <ToggleButton id="ask" className={item}>
        <Sparkles aria-hidden className="size-4" /> Question
      </ToggleButton>
      <ToggleButton id="sql" className={item}>
        <SquareTerminal aria-hidden className="size-4" /> SQL
      </ToggleButton>
    </ToggleButtonGroup>
  );
}

function Question({ draft, onChange, goesOn, run }: Props & { run: () => void }) {
  return (
    <textarea
      aria-label="Question"
      className="field min-h-[4.5rem] resize-y text-lg"
      rows={2}
      placeholder={
        goesOn
          ? 'Ask on, “and by country?” for example, or something new'
          : 'Ask anything about your events, in plain words'
      }
      value={draft.text}
      onChange={(event) => onChange({ ...draft, text: event.target.value })}
      onKeyDown={(event) => {
        // While an input method composes a word, Enter belongs to it.
        if (event.key !== 'Enter' || event.shiftKey || event.nativeEvent.isComposing) return;
        event.preventDefault();
        run();
      }}
    />
  );
}

function Parameters({ draft, onChange }: Pick<Props, 'draft' | 'onChange'>) {
  const parameters = parametersOf(draft.text);
  if (parameters.length === 0) return null;
  return (
    <fieldset className="grid grid-cols-1 gap-3 sm:grid-cols-2 lg:grid-cols-4">
      <legend className="sr-only">Parameters</legend>
      {parameters.map(({ name, type }) => (
        <label key={name} className="flex flex-col gap-1">
          <span className="text-sm">
            {name} <span className="font-mono text-muted text-xs">{type}</span>
          </span>
          <input
            className="field py-1.5"
            value={draft.params[name] ?? ''}
            onChange={(event) =>
              onChange({ ...draft, params: { ...draft.params, [name]: event.target.value } })
            }
          />
        </label>
      ))}
    </fieldset>
  );
}
