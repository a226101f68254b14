/** Moves and resizes tiles, with a pointer or with keys. */
import { type KeyboardEvent, type PointerEvent, useRef, useState } from 'react';
import type { Tile } from './board';
import { COLUMNS, inWords, move, resize, step } from './layout';

export type Grip = 'move' | 'resize';

/** In pixels; the grid's classes say the same. */
export const ROW_PX = 64;
export const GAP_PX = 12;

const ARROWS: Record<string, [number, number]> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};

interface Held {
  pageX: number;
  pageY: number;
  columnPx: number;
}

export interface Gripping {
  /** The tiles as they would stand if the pointer let go now. */
  tiles: readonly Tile[];
  held: string | undefined;
  /** What a key has just done, for those who do not see it. */
  said: string;
  handle: (id: string, grip: Grip) => HandleProps;
}

export type HandleProps = ReturnType<ReturnType<typeof handlers>>;

export function useGripping(tiles: readonly Tile[], onChange: (tiles: Tile[]) => void): Gripping {
  const [preview, setPreview] = useState<{ id: string; tiles: Tile[] }>();
  const [said, setSaid] = useState('');
  const held = useRef<Held>(undefined);
  const handle = handlers({ tiles, preview, setPreview, setSaid, held, onChange });
  return { tiles: preview?.tiles ?? tiles, held: preview?.id, said, handle };
}

interface Parts {
  tiles: readonly Tile[];
  preview: { id: string; tiles: Tile[] } | undefined;
  setPreview: (preview: { id: string; tiles: Tile[] } | undefined) => void;
  setSaid: (said: string) => void;
  held: { current: Held | undefined };
  onChange: (tiles: Tile[]) => void;
}

function handlers({ tiles, preview, setPreview, setSaid, held, onChange }: Parts) {
  const letGo = () => {
    held.current = undefined;
    setPreview(undefined);
  };
  return (id: string, grip: Grip) => ({
    onPointerDown(event: PointerEvent<HTMLElement>) {
      const grid = event.currentTarget.closest('[data-grid]');
      if (event.button !== 0 || !grid) return;
      event.currentTarget.setPointerCapture(event.pointerId);
      const columnPx = (grid.getBoundingClientRect().width + GAP_PX) / COLUMNS;
      held.current = { pageX: event.pageX, pageY: event.pageY, columnPx };
      setPreview({ id, tiles: [...tiles] });
    },
    onPointerMove(event: PointerEvent<HTMLElement>) {
      const from = held.current;
      if (!from) return;
      const right = Math.round((event.pageX - from.pageX) / from.columnPx);
      const down = Math.round((event.pageY - from.pageY) / (ROW_PX + GAP_PX));
      setPreview({ id, tiles: (grip === 'move' ? move : resize)(tiles, id, right, down) });
    },
    onPointerUp() {
      if (held.current && preview) onChange(preview.tiles);
      letGo();
    },
    onPointerCancel: letGo,
    onKeyDown(event: KeyboardEvent<HTMLElement>) {
      if (event.key === 'Escape' && held.current) letGo();
      const arrow = ARROWS[event.key];
      if (!arrow) return;
      event.preventDefault();
      const changed = (grip === 'move' && !event.shiftKey ? step : resize)(tiles, id, ...arrow);
      onChange(changed);
      const tile = changed.find((tile) => tile.id === id);
      if (tile) setSaid(inWords(tile));
    },
  });
}
