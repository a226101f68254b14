/** An editor for SQL: completion of tables, columns, functions and values, and errors marked where they are. */
import {
  autocompletion,
  closeBrackets,
  closeBracketsKeymap,
  completionKeymap,
} from '@codemirror/autocomplete';
import { defaultKeymap, history, historyKeymap } from '@codemirror/commands';
import { sql } from '@codemirror/lang-sql';
import { bracketMatching, HighlightStyle, syntaxHighlighting } from '@codemirror/language';
import { setDiagnostics } from '@codemirror/lint';
import { searchKeymap } from '@codemirror/search';
import { Compartment, EditorState, Prec } from '@codemirror/state';
import { drawSelection, EditorView, highlightSpecialChars, keymap, placeholder } from '@codemirror/view';
import { tags } from '@lezer/highlight';
import { type KeyboardEvent, useEffect, useRef } from 'react';
import type { Table } from '../api/client';
import { clickhouse } from './dialect';
import { functionCompletion } from './functions';
import { EDITOR_HEIGHT } from './height';
import { valueCompletion } from './values';

export interface EditorMark {
  from: number;
  to: number;
  message: string;
}

interface Props {
  value: string;
  onChange: (value: string) => void;
  onRun: () => void;
  tables: Table[];
  mark?: EditorMark | undefined;
  label: string;
}

const colours = HighlightStyle.define([
  { tag: tags.keyword, color: 'var(--violet)' },
  { tag: [tags.string, tags.special(tags.string)], color: 'var(--accent)' },
  { tag: [tags.number, tags.bool, tags.null], color: 'var(--amber)' },
  { tag: [tags.typeName, tags.standard(tags.name)], color: 'var(--blue)' },
  { tag: tags.comment, color: 'var(--muted)', fontStyle: 'italic' },
]);

const look = EditorView.theme({
  '&': { fontSize: '0.9rem', backgroundColor: 'var(--bg)', color: 'var(--text)', borderRadius: '10px' },
  '&.cm-focused': { outline: '2px solid var(--accent)', outlineOffset: '1px' },
  '.cm-content': {
    fontFamily: 'var(--font-mono, monospace)',
    padding: '0.75rem 0',
    minHeight: '8.5rem',
    caretColor: 'var(--accent)',
  },
  '.cm-line': { padding: '0 0.875rem' },
  '.cm-scroller': { maxHeight: '45vh', overflow: 'auto', lineHeight: '1.6' },
  '.cm-cursor': { borderLeftColor: 'var(--accent)', borderLeftWidth: '2px' },
  '&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground': {
    backgroundColor: 'color-mix(in srgb, var(--blue) 30%, transparent)',
  },
  '.cm-placeholder': { color: 'var(--muted)' },
  '.cm-tooltip': {
    backgroundColor: 'var(--raised)',
    border: '1px solid var(--line-strong)',
    borderRadius: '8px',
    overflow: 'hidden',
  },
  '.cm-tooltip-autocomplete > ul > li': { padding: '0.2rem 0.6rem' },
  '.cm-tooltip-autocomplete > ul > li[aria-selected]': {
    backgroundColor: 'var(--accent)',
    color: 'var(--on-accent)',
  },
  '.cm-completionDetail': { color: 'var(--muted)', fontStyle: 'normal' },
  '.cm-diagnostic': { padding: '0.4rem 0.6rem', borderLeft: '3px solid var(--red)' },
});

/** Tables and their columns, as completion takes them. */
function completing(tables: Table[]) {
  const schema: Record<string, Record<string, string[]>> = {};
  for (const { database, table, columns } of tables) {
    schema[database] ??= {};
    schema[database][table] = columns.map(({ name }) => name);
  }
  const only = Object.keys(schema).length === 1 ? Object.keys(schema)[0] : undefined;
  return sql({
    dialect: clickhouse,
    schema,
    ...(only === undefined ? {} : { defaultSchema: only }),
    upperCaseKeywords: true,
  });
}

/** The nonce under which style sheets may be put into the page. */
function nonce(): string {
  return document.querySelector<HTMLMetaElement>('meta[property="csp-nonce"]')?.nonce ?? '';
}

export default function SqlEditor({ value, onChange, onRun, tables, mark, label }: Props) {
  const box = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView>(undefined);
  const language = useRef(new Compartment());
  // What the editor calls is always the latest, without making the editor anew.
  const latest = useRef({ onChange, onRun, tables });
  latest.current = { onChange, onRun, tables };

  // biome-ignore lint/correctness/useExhaustiveDependencies: the editor is made once and told of changes below
  useEffect(() => {
    if (!box.current) return undefined;
    const run = () => {
      latest.current.onRun();
      return true;
    };
    const made = new EditorView({
      parent: box.current,
      state: EditorState.create({
        doc: value,
        extensions: [
          EditorView.cspNonce.of(nonce()),
          Prec.highest(keymap.of([{ key: 'Mod-Enter', run }])),
          history(),
          drawSelection(),
          highlightSpecialChars(),
          bracketMatching(),
          closeBrackets(),
          autocompletion({ icons: false, maxRenderedOptions: 60 }),
          language.current.of(completing(tables)),
          clickhouse.language.data.of({ autocomplete: functionCompletion }),
          clickhouse.language.data.of({ autocomplete: valueCompletion(() => latest.current.tables) }),
          syntaxHighlighting(colours),
          look,
          placeholder('SELECT …'),
          EditorView.lineWrapping,
          EditorView.contentAttributes.of({
            'aria-label': label,
            autocapitalize: 'off',
            spellcheck: 'false',
          }),
          EditorView.updateListener.of((update) => {
            if (update.docChanged) latest.current.onChange(update.state.doc.toString());
          }),
          // Tab is left to the keyboard's way through the page.
          keymap.of([
            ...closeBracketsKeymap,
            ...completionKeymap,
            ...searchKeymap,
            ...historyKeymap,
            ...defaultKeymap,
          ]),
        ],
      }),
    });
    view.current = made;
    return () => made.destroy();
  }, []);

  useEffect(() => {
    view.current?.dispatch({ effects: language.current.reconfigure(completing(tables)) });
  }, [tables]);

  useEffect(() => {
    const known = view.current?.state.doc.toString();
    if (known !== undefined && known !== value) {
      view.current?.dispatch({ changes: { from: 0, to: known.length, insert: value } });
    }
  }, [value]);

  useEffect(() => {
    const editor = view.current;
    if (!editor) return;
    const length = editor.state.doc.length;
    const marks = mark && mark.to <= length ? [{ ...mark, severity: 'error' as const }] : [];
    editor.dispatch(setDiagnostics(editor.state, marks));
  }, [mark]);

  // Escape that has closed the list of completions is not to close a dialogue around the editor as well.
  const keep = (event: KeyboardEvent) =>
    event.key === 'Escape' && event.defaultPrevented && event.stopPropagation();
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: what is inside takes the keys
    <div ref={box} onKeyDown={keep} className={`rounded-[10px] border border-line-strong ${EDITOR_HEIGHT}`} />
  );
}
