/** The tiles of a board: twelve columns, one on a phone. */
import { useState } from 'react';
import { Code } from '../ui/code';
import { Dialog } from '../ui/dialog';
import type { Board, Tile } from './board';
import { useGripping } from './drag';
import { inOrder } from './layout';
import { type TileActions, TileCard } from './tile-card';
import { TileFull } from './tile-full';
import type { View } from './use-view';

interface Props {
  board: Board;
  view: View;
  actions?: (TileActions & { onPlace: (tiles: Tile[]) => void }) | undefined;
}

export function Grid({ board, view, actions }: Props) {
  const gripping = useGripping(board.tiles, (tiles) => actions?.onPlace(tiles));
  const [full, setFull] = useState<Tile>();
  const [shown, setShown] = useState<Tile>();
  return (
    <>
      <div data-grid className="grid gap-3 sm:auto-rows-[64px] sm:grid-cols-[repeat(12,minmax(0,1fr))]">
        {inOrder(board.tiles).map((tile) => (
          <TileCard
            key={tile.id}
            tile={tile}
            view={view}
            gripping={gripping}
            actions={actions}
            onEnlarge={setFull}
            onShowSql={setShown}
          />
        ))}
      </div>
      <p role="status" className="sr-only">
        {gripping.said}
      </p>
      {full && <TileFull tile={full} view={view} onClose={() => setFull(undefined)} />}
      {shown && (
        <Dialog title={shown.title} isOpen wide onClose={() => setShown(undefined)}>
          <Code>{shown.sql}</Code>
        </Dialog>
      )}
    </>
  );
}
