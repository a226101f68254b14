/** A board while it is edited: tiles are added, changed, moved and removed. */
import { Plus, SlidersHorizontal } from 'lucide-react';
import { useId, useState } from 'react';
import { useTables } from '../api/live';
import { Button } from '../ui/button';
import { Empty } from '../ui/notice';
import { tell } from '../ui/toast';
import { type Board, MOST_TILES, type Tile } from './board';
import { withBoardTime } from './board-time';
import { Grid } from './grid';
import { freePlace, settle, step } from './layout';
import { TileEditor } from './tile-editor';
import type { View } from './use-view';
import { VariablesDialog } from './variables-dialog';

interface Props {
  board: Board;
  view: View;
  onChange: (how: (board: Board) => Board) => void;
}

const NEW_TILE = { w: 6, h: 5 };

const newId = () =>
  crypto.getRandomValues(new Uint32Array(2)).reduce((id, part) => id + part.toString(36), 't');

function emptyTile(tiles: readonly Tile[]): Tile {
  const place = freePlace(tiles, NEW_TILE.w, NEW_TILE.h);
  return { id: newId(), title: '', sql: '', chart: { kind: 'table' }, params: {}, ...place };
}

export function EditedBoard({ board, view, onChange }: Props) {
  const id = useId();
  const [edited, setEdited] = useState<Tile>();
  const [isNaming, setNaming] = useState(false);
  const set = (how: (tiles: Tile[]) => Tile[]) =>
    onChange((board) => ({ ...board, tiles: settle(how(board.tiles)) }));
  const { data: tables = [] } = useTables();
  const isFull = board.tiles.length >= MOST_TILES;

  const actions = {
    onEdit: setEdited,
    onDuplicate(tile: Tile) {
      if (isFull) return tell(`A board has ${MOST_TILES} tiles at most.`);
      const copy = { ...tile, id: newId(), title: `${tile.title} (copy)`.slice(0, 200) };
      set((tiles) => [...tiles, { ...copy, ...freePlace(tiles, tile.w, tile.h) }]);
    },
    onRemove(tile: Tile) {
      set((tiles) => tiles.filter(({ id }) => id !== tile.id));
      tell(`Removed “${tile.title}”.`, () =>
        set((tiles) => [tile, ...tiles.filter(({ id }) => id !== tile.id)]),
      );
    },
    onFollow(tile: Tile) {
      const sql = withBoardTime(tile.sql, tables);
      if (sql === undefined) {
        tell('Its time is not recognised: put {from:DateTime64(3)} and {to:DateTime64(3)} in its place.');
        return setEdited(tile);
      }
      const put = (sql: string) =>
        set((tiles) => tiles.map((other) => (other.id === tile.id ? { ...other, sql } : other)));
      put(sql);
      tell(`“${tile.title}” follows the board’s time.`, () => put(tile.sql));
    },
    onStep: (tile: Tile, down: number) => set((tiles) => step(tiles, tile.id, 0, down)),
    onPlace: (tiles: Tile[]) => onChange((board) => ({ ...board, tiles })),
  };
  const keep = (tile: Tile) => {
    set((tiles) =>
      tiles.some(({ id }) => id === tile.id)
        ? tiles.map((other) => (other.id === tile.id ? { ...tile, x: other.x, y: other.y } : other))
        : [...tiles, tile],
    );
    setEdited(undefined);
  };
  const leave = (typed: Tile | undefined) => {
    setEdited(undefined);
    if (typed) tell('The tile is as it was.', () => setEdited(typed));
  };

  return (
    <>
      <div className="card flex flex-wrap items-end gap-2 p-3">
        <div className="flex min-w-0 flex-1 basis-52 flex-col gap-1">
          <label htmlFor={id} className="text-muted text-sm">
            Title of the board
          </label>
          <input
            id={id}
            className="field min-h-10"
            maxLength={200}
            value={board.title}
            onChange={(event) => onChange((board) => ({ ...board, title: event.target.value }))}
          />
        </div>
        <Button onPress={() => setNaming(true)}>
          <SlidersHorizontal aria-hidden className="size-4" />
          Variables
        </Button>
        <Button kind="primary" isDisabled={isFull} onPress={() => setEdited(emptyTile(board.tiles))}>
          <Plus aria-hidden className="size-4" />
          Add a tile
        </Button>
      </div>
      {board.tiles.length > 0 ? (
        <Grid board={board} view={view} actions={actions} />
      ) : (
        <div className="card">
          <Empty title="No tiles yet">Add one: from a question, a statement of SQL, or a saved query.</Empty>
        </div>
      )}
      {edited && <TileEditor key={edited.id} tile={edited} view={view} onKeep={keep} onLeave={leave} />}
      {isNaming && (
        <VariablesDialog
          variables={board.variables}
          onKeep={(variables) => {
            onChange((board) => ({ ...board, variables }));
            setNaming(false);
          }}
          onClose={() => setNaming(false)}
        />
      )}
    </>
  );
}
