/** A tile: its title, what can be done with it, and what it shows. */
import { EllipsisVertical, Grip as GripIcon, MoveDiagonal2 } from 'lucide-react';
import { type CSSProperties, useEffect, useRef, useState } from 'react';
import { Button } from '../ui/button';
import { type Choice, Menu } from '../ui/menu';
import { tell } from '../ui/toast';
import type { Tile } from './board';
import { usesRange } from './board-time';
import { downloadPicture } from './download';
import { GAP_PX, type Gripping, ROW_PX } from './drag';
import { TileBody } from './tile-body';
import type { View } from './use-view';

export interface TileActions {
  onEdit: (tile: Tile) => void;
  onDuplicate: (tile: Tile) => void;
  onRemove: (tile: Tile) => void;
  /** Has a tile with a time of its own take the board's, or leads to its statement where only somebody who knows it can. */
  onFollow: (tile: Tile) => void;
  /** Up or down by one, for where there is one column only. */
  onStep: (tile: Tile, down: number) => void;
}

interface Props {
  tile: Tile;
  view: View;
  gripping: Gripping;
  /** What an editor may do; nothing while the board is only looked at. */
  actions: TileActions | undefined;
  onEnlarge: (tile: Tile) => void;
  onShowSql: (tile: Tile) => void;
}

/** Statements of tiles that nobody has come near are not asked. */
const NEAR = '300px';

const NUMBER_PX = 150;

function useSeen(): [React.RefObject<HTMLElement | null>, boolean] {
  const ref = useRef<HTMLElement>(null);
  const [isSeen, setSeen] = useState(false);
  useEffect(() => {
    if (!ref.current) return undefined;
    const observer = new IntersectionObserver(([entry]) => setSeen(entry?.isIntersecting ?? false), {
      rootMargin: NEAR,
    });
    observer.observe(ref.current);
    return () => observer.disconnect();
  }, []);
  return [ref, isSeen];
}

export function TileCard({ tile, view, gripping, actions, onEnlarge, onShowSql }: Props) {
  const [ref, isSeen] = useSeen();
  const place = gripping.tiles.find(({ id }) => id === tile.id) ?? tile;
  const isHeld = gripping.held === tile.id;
  const keepsOwnTime = tile.sql.trim() !== '' && !usesRange(tile.sql);
  const height = place.h * (ROW_PX + GAP_PX) - GAP_PX;
  const style = {
    '--column': `${place.x + 1} / span ${place.w}`,
    '--row': `${place.y + 1} / span ${place.h}`,
    // On a phone a number needs no room for what stands beside it elsewhere.
    '--height': `${tile.chart.kind === 'number' ? Math.min(height, NUMBER_PX) : height}px`,
  } as CSSProperties;
  const handle = 'hidden touch-none rounded-md p-1.5 text-muted hover:bg-raised hover:text-text sm:block';
  return (
    <section
      ref={ref}
      aria-label={tile.title}
      style={style}
      className={`card relative flex min-w-0 flex-col gap-1 p-3 max-sm:h-(--height) sm:[grid-column:var(--column)] sm:[grid-row:var(--row)] ${isHeld ? 'z-10 border-accent opacity-90 shadow-2xl' : ''}`}
    >
      <div className="flex items-center gap-1">
        {actions && (
          <button
            type="button"
            aria-label={`Move ${tile.title}: arrow keys move it, with Shift they resize it`}
            className={`-ml-1.5 cursor-grab ${handle}`}
            {...gripping.handle(tile.id, 'move')}
          >
            <GripIcon aria-hidden className="size-4" />
          </button>
        )}
        <h2 className="min-w-0 flex-1 truncate font-medium" title={tile.title}>
          {tile.title}
        </h2>
        {keepsOwnTime && (
          <span
            className="shrink-0 text-muted text-xs"
            title="The time chosen above the board does not touch this tile"
          >
            own time
          </span>
        )}
        <TileMenu
          tile={tile}
          actions={actions}
          onEnlarge={onEnlarge}
          onShowSql={onShowSql}
          onPicture={() => {
            if (ref.current && !downloadPicture(ref.current, tile.title)) {
              tell('Only charts can be downloaded as pictures; this tile has none.');
            }
          }}
        />
      </div>
      <TileBody tile={tile} view={view} isSeen={isSeen} />
      {actions && (
        <button
          type="button"
          aria-label={`Resize ${tile.title}: with the arrow keys`}
          className={`absolute right-0 bottom-0 cursor-nwse-resize bg-surface/80 ${handle}`}
          {...gripping.handle(tile.id, 'resize')}
        >
          <MoveDiagonal2 aria-hidden className="size-3.5" />
        </button>
      )}
    </section>
  );
}

interface MenuProps extends Pick<Props, 'tile' | 'actions' | 'onEnlarge' | 'onShowSql'> {
  onPicture: () => void;
}

function TileMenu({ tile, actions, onEnlarge, onShowSql, onPicture }: MenuProps) {
  const look: Choice[] = [
    { id: 'full', label: 'Full screen', onAction: () => onEnlarge(tile) },
    { id: 'sql', label: 'Show its statement', onAction: () => onShowSql(tile) },
    { id: 'png', label: 'Download as PNG', onAction: onPicture },
  ];
  const edit: Choice[] = actions
    ? [
        { id: 'edit', label: 'Edit', onAction: () => actions.onEdit(tile) },
        ...(!usesRange(tile.sql)
          ? [{ id: 'follow', label: 'Follow the board’s time', onAction: () => actions.onFollow(tile) }]
          : []),
        { id: 'duplicate', label: 'Duplicate', onAction: () => actions.onDuplicate(tile) },
        { id: 'up', label: 'Move up', onAction: () => actions.onStep(tile, -1) },
        { id: 'down', label: 'Move down', onAction: () => actions.onStep(tile, 1) },
        { id: 'remove', label: 'Remove', onAction: () => actions.onRemove(tile) },
      ]
    : [];
  return (
    <Menu
      label={tile.title}
      trigger={
        <Button kind="quiet" small aria-label={`More about ${tile.title}`} className="-mr-1.5">
          <EllipsisVertical aria-hidden className="size-4" />
        </Button>
      }
      choices={[...edit, ...look]}
    />
  );
}
