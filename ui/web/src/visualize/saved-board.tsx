/** A dashboard that is kept. */
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect } from 'react';
import { useLocation, useSearchParams } from 'wouter';
import { asProblem } from '../api/problem';
import { useMayEdit } from '../app/session';
import { Button } from '../ui/button';
import { Empty, ProblemNotice } from '../ui/notice';
import { tell } from '../ui/toast';
import { BoardHead } from './board-head';
import { BoardSkeleton } from './board-skeleton';
import { type KeptBoard, LIST_KEY, loadBoard, NEW, pagePath, removeBoard, saveBoard } from './boards-api';
import { ConflictDialog } from './conflict-dialog';
import { EditedBoard } from './edited-board';
import { Grid } from './grid';
import { Missing } from './missing-board';
import { Toolbar } from './toolbar';
import { type Draft, useDraft } from './use-draft';
import { asSeen, useView } from './use-view';
import { When } from './when';

export function SavedBoard({ name }: { name: string }) {
  const { data, error } = useQuery({
    queryKey: ['dashboard', name],
    queryFn: ({ signal }) => loadBoard(name, signal),
    staleTime: 30_000,
  });
  if (data) return <Loaded kept={data} />;
  if (!error) return <BoardSkeleton />;
  const problem = asProblem(error);
  return problem.status === 404 ? <Missing name={name} /> : <ProblemNotice problem={problem} />;
}

function Loaded({ kept }: { kept: KeptBoard }) {
  const client = useQueryClient();
  const [, navigate] = useLocation();
  const [search, setSearch] = useSearchParams();
  const mayEdit = useMayEdit();
  const draft = useDraft(kept, mayEdit && search.has('edit'));
  const isNew = search.has('edit');
  useEffect(() => {
    // A link to the board, or a reload, is to show it only.
    if (isNew) setSearch(without('edit'), { replace: true });
  }, [isNew, setSearch]);
  const board = draft.board ?? kept.board;
  const view = useView(board);
  const { name } = kept.summary;

  async function remove() {
    try {
      await removeBoard(name, kept.etag);
    } catch (error) {
      return tell(`“${name}” was not removed: ${asProblem(error).title}`);
    }
    const bringBack = async () => {
      await saveBoard(name, kept.board, NEW);
      await client.invalidateQueries({ queryKey: LIST_KEY });
      navigate(pagePath(name));
    };
    tell(`Removed “${name}”.`, () => void bringBack().catch((error) => tell(asProblem(error).title)));
    navigate('/visualize');
    client.removeQueries({ queryKey: ['dashboard', name] });
    await client.invalidateQueries({ queryKey: LIST_KEY });
  }

  const choices =
    mayEdit && !draft.board ? [{ id: 'remove', label: 'Remove', onAction: () => void remove() }] : [];
  return (
    <div className="space-y-4 py-4">
      <BoardHead
        board={board}
        view={view}
        choices={choices}
        buttons={
          <Buttons draft={draft} mayEdit={mayEdit} onSave={() => void draft.save(asSeen(board, view))} />
        }
      >
        {draft.board ? (
          'Nothing is changed for others until it is saved, with the time and values that are chosen.'
        ) : (
          <>
            Changed <When at={kept.summary.changed_at} /> by {kept.summary.changed_by}
          </>
        )}
      </BoardHead>
      {draft.problem && <ProblemNotice problem={draft.problem} />}
      <Toolbar board={board} view={view} />
      {draft.board ? (
        <EditedBoard board={draft.board} view={view} onChange={draft.change} />
      ) : board.tiles.length > 0 ? (
        <Grid board={board} view={view} />
      ) : (
        <div className="card">
          <Empty title="There is nothing on this dashboard yet">
            {mayEdit
              ? 'Edit it and add a tile: a question, a statement or a saved query.'
              : 'An editor can add tiles.'}
          </Empty>
        </div>
      )}
      {draft.conflict && (
        <ConflictDialog conflict={draft.conflict} mine={asSeen(board, view)} draft={draft} />
      )}
    </div>
  );
}

const without = (key: string) => (search: URLSearchParams) => {
  const rest = new URLSearchParams(search);
  rest.delete(key);
  return rest;
};

/** Looks or edits; while edited, what ends that. */
function Buttons({ draft, mayEdit, onSave }: { draft: Draft; mayEdit: boolean; onSave: () => void }) {
  if (!mayEdit) return null;
  if (!draft.board) return <Button onPress={draft.begin}>Edit</Button>;
  return (
    <>
      <Button onPress={draft.drop}>{draft.isDirty ? 'Drop changes' : 'Done'}</Button>
      <Button kind="primary" isDisabled={draft.isSaving} onPress={onSave}>
        {draft.isSaving ? 'Saving…' : 'Save'}
      </Button>
    </>
  );
}
