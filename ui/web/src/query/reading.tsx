/** How a question was read, part by part; each part leads to what corrects it. */
import { CircleHelp } from 'lucide-react';
import { Button as Pressable } from 'react-aria-components';
import { type Choice, Menu } from '../ui/menu';
import type { Correction, Understanding } from './use-run';

const COLOURS: Record<string, string> = {
  table: 'border-line-strong text-muted',
  measure: 'border-accent/50 text-accent',
  by: 'border-violet/50 text-violet',
  filter: 'border-blue/50 text-blue',
};

interface Props {
  understanding: Understanding;
  /** A part is to be another: asked again at once. */
  onCorrect: (correction: Correction) => void;
  /** The question is to be asked otherwise. */
  onReword: () => void;
  /** The statement is to be corrected by hand. */
  onEditSql: () => void;
  /** A word is to be taught; not given to those who may not. */
  onTeach: (() => void) | undefined;
}

export function Reading({ understanding, onCorrect, onReword, onEditSql, onTeach }: Props) {
  const { reading, explanation, assumptions, engine } = understanding;
  return (
    <div className="space-y-2">
      {reading.length > 0 && (
        <div className="flex flex-wrap items-center gap-1.5">
          <span className="text-muted text-sm">Read as</span>
          {reading.map(({ kind, text, corrections = [] }) => (
            <Menu
              key={`${kind} ${text}`}
              label={`Correct ${text}`}
              trigger={
                <Pressable
                  aria-label={`${kind}: ${text}. Correct it`}
                  className={`cursor-pointer rounded-full border px-2.5 py-0.5 text-left text-sm hover:bg-raised ${COLOURS[kind] ?? 'border-line-strong'}`}
                >
                  {text}
                </Pressable>
              }
              choices={[
                ...corrections.map(
                  (to): Choice => ({
                    id: to,
                    label: (
                      <>
                        <span className="text-muted">Rather</span> {to}
                      </>
                    ),
                    text: to,
                    onAction: () => onCorrect({ part: text, to }),
                  }),
                ),
                { id: 'reword', label: 'Ask it otherwise', onAction: onReword },
                ...(onTeach ? [{ id: 'teach', label: 'Teach what a word means', onAction: onTeach }] : []),
                { id: 'sql', label: 'Correct it in the SQL', onAction: onEditSql },
              ]}
            />
          ))}
        </div>
      )}
      {reading.length === 0 && explanation && <p className="text-muted">{explanation}</p>}
      {assumptions.length > 0 && (
        <ul className="space-y-1 text-sm">
          {assumptions.map((assumption) => (
            <li key={assumption} className="flex gap-2">
              <CircleHelp aria-hidden className="mt-0.5 size-4 shrink-0 text-amber" />
              <span>{assumption}</span>
            </li>
          ))}
        </ul>
      )}
      {engine !== 'built-in' && (
        <p className="text-muted text-sm">
          {engine === 'confirmed' ? 'Answered as you confirmed it before.' : `Written by ${engine}.`}
        </p>
      )}
    </div>
  );
}
