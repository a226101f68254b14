/** A board while it is edited: what was changed stays in the browser until it is saved or dropped. */
import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useRef, useState } from 'react';
import { asProblem, type Problem } from '../api/problem';
import { EDITED_BOARD } from '../app/unsaved';
import { tell } from '../ui/toast';
import { type Board, parseBoard } from './board';
import { type KeptBoard, LIST_KEY, loadBoard, type Seen, saveBoard } from './boards-api';

/** Somebody else has saved the board meanwhile; `theirs` is missing when they removed it. */
export interface Conflict {
  theirs: KeptBoard | undefined;
}

export interface Draft {
  /** The board as edited; nothing while it is only looked at. */
  board: Board | undefined;
  isDirty: boolean;
  isSaving: boolean;
  problem: Problem | undefined;
  conflict: Conflict | undefined;
  begin: () => void;
  change: (how: (board: Board) => Board) => void;
  drop: () => void;
  /** Saves it over the version that was seen, or over another one that was seen since. */
  save: (board: Board, seen?: Seen) => Promise<void>;
  takeTheirs: () => void;
  keepEditing: () => void;
}

export interface Kept {
  etag: string;
  board: Board;
}

const keyOf = (name: string) => `${EDITED_BOARD}${name}`;

/** What was being edited when the page was left; nothing that cannot be read any more. */
export function remembered(name: string): Kept | undefined {
  try {
    const { etag, board } = JSON.parse(sessionStorage.getItem(keyOf(name)) ?? '') as Record<string, unknown>;
    return typeof etag === 'string' ? { etag, board: parseBoard(board) } : undefined;
  } catch {
    return undefined;
  }
}

/** Remembers what is being edited, or forgets it. */
export function remember(name: string, edited: Kept | undefined): void {
  if (edited) sessionStorage.setItem(keyOf(name), JSON.stringify(edited));
  else sessionStorage.removeItem(keyOf(name));
}

export function useDraft(kept: KeptBoard, isAsked: boolean): Draft {
  const client = useQueryClient();
  const { name } = kept.summary;
  const [edited, setEdited] = useState<Kept | undefined>(
    () => remembered(name) ?? (isAsked ? { etag: kept.etag, board: kept.board } : undefined),
  );
  const [isSaving, setSaving] = useState(false);
  const [problem, setProblem] = useState<Problem>();
  const [conflict, setConflict] = useState<Conflict>();
  const isDirty = edited !== undefined && JSON.stringify(edited.board) !== JSON.stringify(kept.board);
  useRemembering(name, isDirty ? edited : undefined);

  function end(now?: KeptBoard) {
    if (now) client.setQueryData(['dashboard', name], now);
    setEdited(undefined);
    setConflict(undefined);
    setProblem(undefined);
  }

  async function save(board: Board, seen: Seen = edited?.etag ?? kept.etag) {
    setSaving(true);
    setProblem(undefined);
    try {
      end(await saveBoard(name, board, seen));
      tell(`Saved “${name}”.`);
      await client.invalidateQueries({ queryKey: LIST_KEY });
    } catch (error) {
      const problem = asProblem(error);
      if (problem.status === 412) setConflict({ theirs: await latest(name) });
      else setProblem(problem);
    } finally {
      setSaving(false);
    }
  }

  return {
    board: edited?.board,
    isDirty,
    isSaving,
    problem,
    conflict,
    begin: () => setEdited({ etag: kept.etag, board: kept.board }),
    change: (how) => setEdited((edited) => edited && { ...edited, board: how(edited.board) }),
    drop() {
      const dropped = edited;
      end();
      if (isDirty) tell('The changes are dropped.', () => setEdited(dropped));
    },
    save,
    takeTheirs() {
      const dropped = edited;
      end(conflict?.theirs);
      tell('Theirs is taken, and yours is dropped.', () => setEdited(dropped));
    },
    keepEditing: () => setConflict(undefined),
  };
}

async function latest(name: string): Promise<KeptBoard | undefined> {
  return loadBoard(name).catch(() => undefined);
}

/** Keeps a draft over a reload, and says so when it is there again. */
function useRemembering(name: string, edited: Kept | undefined) {
  const isFirst = useRef(true);
  useEffect(() => {
    if (isFirst.current && edited) tell('Your changes that were not saved are here again.');
    isFirst.current = false;
    remember(name, edited);
  }, [name, edited]);
}
