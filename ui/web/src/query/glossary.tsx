/** The team's words, listed: looked at, changed, taken away. */
import { Plus, Trash2 } from 'lucide-react';
import { useState } from 'react';
import type { Table, Term } from '../api/client';
import { asProblem } from '../api/problem';
import { useMayEdit } from '../app/session';
import { Button } from '../ui/button';
import { Empty, ProblemNotice } from '../ui/notice';
import { tell } from '../ui/toast';
import { TermDialog } from './term-dialog';
import { useGlossary } from './use-glossary';

export function Glossary({ tables }: { tables: Table[] }) {
  const { terms, error, change } = useGlossary();
  const mayEdit = useMayEdit();
  const [open, setOpen] = useState<{ known: Term; isNew: boolean }>();
  async function remove(term: Term) {
    try {
      await change(term.term, undefined);
      tell(`“${term.term}” is forgotten.`, () => {
        change(undefined, term).catch((error) => tell(asProblem(error).title));
      });
    } catch (problem) {
      tell(asProblem(problem).title);
    }
  }
  if (error) return <ProblemNotice problem={asProblem(error)} />;
  if (!terms) return <p className="text-muted">Looking…</p>;
  return (
    <div className="space-y-2">
      {terms.length === 0 && (
        <Empty title="No words of your own yet">
          Teach Aurora how your team speaks: “active” for a value of a column, “conversion” for an expression.
        </Empty>
      )}
      <ul className="space-y-1">
        {terms.map((term) => (
          <li key={term.term} className="flex items-center gap-1">
            <button
              type="button"
              onClick={() => setOpen({ known: term, isNew: false })}
              className="min-w-0 flex-1 rounded-lg px-2 py-1.5 text-left hover:bg-raised"
            >
              <span className="block truncate font-medium">{term.term}</span>
              <span className="block truncate text-muted text-sm">{standsFor(term)}</span>
            </button>
            {mayEdit && (
              <Button kind="quiet" small aria-label={`Forget ${term.term}`} onPress={() => void remove(term)}>
                <Trash2 aria-hidden className="size-4" />
              </Button>
            )}
          </li>
        ))}
      </ul>
      {mayEdit && (
        <Button small onPress={() => setOpen({ known: { term: '' }, isNew: true })}>
          <Plus aria-hidden className="size-4" /> Teach a word
        </Button>
      )}
      {open && <TermDialog {...open} tables={tables} onClose={() => setOpen(undefined)} />}
    </div>
  );
}

/** What a term stands for, in a line. */
export function standsFor({ meaning, column, value, sql }: Term): string {
  const place = column ? `${column}${value ? ` = ${value}` : ''}` : (sql ?? '');
  return [place, meaning].filter(Boolean).join(' · ');
}
