/** What to begin with, made from the tables that are there: questions that the node can answer about any of them. */
import { ArrowRight } from 'lucide-react';
import { Link } from 'wouter';
import type { Column, Table } from '../api/client';
import { Empty } from '../ui/notice';
import type { Draft } from './link';

interface Props {
  tables: Table[] | undefined;
  onOpen: (draft: Draft) => void;
  onRun: (draft: Draft) => void;
}

export function Starters({ tables, onRun }: Props) {
  if (!tables) return <div className="h-48" />;
  const table = tables[0];
  if (!table) {
    return (
      <Empty
        title="Nothing to ask about yet"
        action={
          <Link href="/connect" className="rounded-[10px] bg-accent px-4 py-2 font-semibold text-on-accent">
            Connect a topic
          </Link>
        }
      >
        As soon as the first events of a topic are here, ask about them in plain words or in SQL.
      </Empty>
    );
  }
  return (
    <section aria-labelledby="starters" className="space-y-3">
      <h2 id="starters" className="text-muted">
        For example
      </h2>
      <ul className="grid gap-2 sm:grid-cols-2">
        {questionsFor(table).map((text) => (
          <li key={text}>
            <button
              type="button"
              onClick={() => onRun({ mode: 'ask', text, params: {} })}
              className="card flex h-full w-full items-center justify-between gap-3 px-4 py-3 text-left hover:border-line-strong"
            >
              {text}
              <ArrowRight aria-hidden className="size-4 shrink-0 text-accent" />
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}

/** Questions from a table's own columns. */
export function questionsFor({ table, columns }: Table): string[] {
  const spoken = (name: string) => name.replaceAll(/[._]+/g, ' ');
  const own = columns.filter(({ name }) => !name.startsWith('_'));
  const isFew = ({ type }: Column) => /LowCardinality|Enum/.test(type);
  const [first, second] = own.filter(isFew).map(({ name }) => spoken(name));
  const number = own.find(({ name, type }) => /Float|Decimal/.test(type) && !/_id$|^id$/.test(name))?.name;
  const rows = spoken(table);
  const questions = [`How many ${rows} in the last hour?`, `${rows} per minute in the last 30 minutes`];
  if (first) questions.push(`Top 5 ${first} by number of ${rows} today`);
  if (number && second) questions.push(`Average ${spoken(number)} per ${second} today`);
  return questions.map((question) => question.charAt(0).toUpperCase() + question.slice(1));
}
