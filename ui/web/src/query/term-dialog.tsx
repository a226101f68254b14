/** Teaches a word: what it means, and the column, value or expression that it stands for. */
import { type FormEvent, useState } from 'react';
import type { Table, Term } from '../api/client';
import { asProblem, type Problem } from '../api/problem';
import { useMayEdit } from '../app/session';
import { Button } from '../ui/button';
import { Dialog } from '../ui/dialog';
import { TextField } from '../ui/fields';
import { ProblemNotice } from '../ui/notice';
import { tell } from '../ui/toast';
import { useGlossary } from './use-glossary';

interface Props {
  /** What is known of it so far: the word at least. */
  known: Term;
  /** Whether it is in the glossary already. */
  isNew: boolean;
  tables: Table[];
  onClose: () => void;
}

export function TermDialog({ known, isNew, tables, onClose }: Props) {
  const { change } = useGlossary();
  const mayEdit = useMayEdit();
  const [term, setTerm] = useState(known);
  const [problem, setProblem] = useState<Problem>();
  const [busy, setBusy] = useState(false);
  const set = (part: Partial<Term>) => setTerm({ ...term, ...part });

  async function save(event: FormEvent) {
    event.preventDefault();
    setBusy(true);
    setProblem(undefined);
    try {
      await change(isNew ? undefined : known.term, meant(term));
      tell(`“${term.term.trim()}” is understood from now on.`);
      onClose();
    } catch (error) {
      setProblem(asProblem(error));
    } finally {
      setBusy(false);
    }
  }

  return (
    <Dialog title={isNew ? 'Teach a word' : `What “${known.term}” means`} isOpen onClose={onClose}>
      {mayEdit ? (
        <form onSubmit={save} className="flex flex-col gap-4">
          <TextField
            label="Word or phrase"
            name="term"
            value={term.term}
            onChange={(text) => set({ term: text })}
          />
          <TextField
            label="What it means"
            name="meaning"
            value={term.meaning ?? ''}
            onChange={(meaning) => set({ meaning })}
            hint="In a sentence, for people and language models"
          />
          <ColumnChoice term={term} tables={tables} onChange={set} />
          <TextField
            label="Value of that column"
            name="value"
            value={term.value ?? ''}
            onChange={(value) => set({ value })}
            hint="“astray” for example stands for the value lost. Leave it empty when the word stands for the column itself"
          />
          <TextField
            label="Or an SQL expression"
            name="sql"
            isMono
            value={term.sql ?? ''}
            onChange={(sql) => set({ sql })}
            placeholder="countIf(event_type = 'purchase') / count()"
          />
          <TextField
            label="Other words for the same"
            name="synonyms"
            value={(term.synonyms ?? []).join(', ')}
            onChange={(text) => set({ synonyms: text.split(',').map((word) => word.trimStart()) })}
            hint="With commas between them"
          />
          {problem && <ProblemNotice problem={problem} />}
          <div className="flex justify-end gap-2">
            <Button onPress={onClose}>Not now</Button>
            <Button kind="primary" type="submit" isPending={busy} isDisabled={term.term.trim() === ''}>
              Teach it
            </Button>
          </div>
        </form>
      ) : (
        <p>Teaching words takes the role of an editor; yours is viewer.</p>
      )}
    </Dialog>
  );
}

/** A term without what was left empty. */
export function meant({ term, meaning, synonyms, table, column, value, sql }: Term): Term {
  const given = (text: string | null | undefined) => text?.trim() || null;
  return {
    term: term.trim(),
    meaning: meaning?.trim() ?? '',
    synonyms: (synonyms ?? []).map((word) => word.trim()).filter((word) => word !== ''),
    table: given(table),
    column: given(column),
    value: given(value),
    sql: given(sql),
  };
}

interface ColumnChoiceProps {
  term: Term;
  tables: Table[];
  onChange: (part: Partial<Term>) => void;
}

function ColumnChoice({ term, tables, onChange }: ColumnChoiceProps) {
  const chosen = term.table && term.column ? JSON.stringify([term.table, term.column]) : '';
  return (
    <label className="flex flex-col gap-1.5">
      <span className="font-medium">Column it stands for</span>
      <select
        name="column"
        className="field"
        value={chosen}
        onChange={(event) => {
          const [table, column] = event.target.value ? (JSON.parse(event.target.value) as string[]) : [];
          onChange({ table: table ?? null, column: column ?? null });
        }}
      >
        <option value="">None</option>
        {tables.map(({ database, table, columns }) => (
          <optgroup key={`${database}.${table}`} label={table}>
            {columns.map(({ name }) => (
              <option key={name} value={JSON.stringify([table, name])}>
                {name}
              </option>
            ))}
          </optgroup>
        ))}
      </select>
    </label>
  );
}
