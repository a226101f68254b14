import { plural } from '../format/format';
import { Button } from '../ui/button';
import { Dialog } from '../ui/dialog';
import type { Board } from './board';
import { NEW } from './boards-api';
import { downloadBoard } from './download';
import type { Conflict, Draft } from './use-draft';
import { When } from './when';

/** Two have changed one board. Whoever comes second chooses, and loses nothing by closing this. */
export function ConflictDialog({ conflict, mine, draft }: { conflict: Conflict; mine: Board; draft: Draft }) {
  const { theirs } = conflict;
  return (
    <Dialog
      title={theirs ? 'Somebody else has changed it meanwhile' : 'Somebody else has removed it meanwhile'}
      isOpen
      onClose={draft.keepEditing}
    >
      {theirs ? (
        <p>
          <strong className="font-semibold">{theirs.summary.changed_by}</strong> saved it{' '}
          <When at={theirs.summary.changed_at} />, with {plural(theirs.summary.tiles, 'tile')}; yours has{' '}
          {plural(mine.tiles.length, 'tile')}. Nothing of yours is lost: choose what stays.
        </p>
      ) : (
        <p>Nothing of yours is lost: save it as a new one of the same name, or keep a file of it.</p>
      )}
      <div className="flex flex-col gap-2">
        <Button kind="primary" onPress={() => void draft.save(mine, theirs?.etag ?? NEW)}>
          {theirs ? 'Save mine over theirs' : 'Save mine as new'}
        </Button>
        {theirs && <Button onPress={draft.takeTheirs}>Take theirs, drop mine</Button>}
        <Button onPress={() => downloadBoard(mine)}>Keep a file of mine</Button>
        <Button kind="quiet" onPress={draft.keepEditing}>
          Go on editing
        </Button>
      </div>
    </Dialog>
  );
}
