/** Where tiles stand: a grid of twelve columns in which they never overlap and fall upwards. Pure. */

export interface Place {
  x: number;
  y: number;
  w: number;
  h: number;
}

interface Placed extends Place {
  id: string;
}

export const COLUMNS = 12;
export const HIGHEST = 12;
const NARROWEST = 2;
const LOWEST = 2;

const overlap = (a: Place, b: Place) =>
  a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h;

const clamp = (value: number, low: number, high: number) => Math.min(Math.max(value, low), high);

/** The tiles in reading order, which is the order on a phone and of the Tab key. */
export function inOrder<T extends Place>(tiles: readonly T[]): T[] {
  return [...tiles].sort((a, b) => a.y - b.y || a.x - b.x);
}

type IsAbove = (other: Place, pinned: Place) => boolean;

/** A tile that is moved changes places with another as soon as its middle has passed the other's. */
const middleIsAbove: IsAbove = (other, pinned) => other.y + other.h / 2 < pinned.y + pinned.h / 2;
/** A tile that is made larger pushes away all that do not end above it. */
const endsAbove: IsAbove = (other, pinned) => other.y + other.h <= pinned.y;

/** Lets every tile fall upwards as far as those before it let it; `first` comes before all that are not above it. */
export function settle<T extends Placed>(tiles: readonly T[], first?: string, isAbove = middleIsAbove): T[] {
  const settled: T[] = [];
  const free = (place: Place) => !settled.some((other) => overlap(place, other));
  const put = (tile: T) => {
    let y = tile.y;
    while (!free({ ...tile, y })) y += 1;
    while (y > 0 && free({ ...tile, y: y - 1 })) y -= 1;
    settled.push({ ...tile, y });
  };
  const pinned = tiles.find(({ id }) => id === first);
  const rest = inOrder(tiles).filter((tile) => tile !== pinned);
  const above = pinned ? rest.filter((tile) => isAbove(tile, pinned)) : rest;
  for (const tile of above) put(tile);
  if (pinned) put(pinned);
  for (const tile of rest.filter((tile) => !above.includes(tile))) put(tile);
  const order = new Map(tiles.map(({ id }, at) => [id, at]));
  return settled.sort((a, b) => (order.get(a.id) ?? 0) - (order.get(b.id) ?? 0));
}

/** Moves a tile by so many columns and rows; the others make room. */
export function move<T extends Placed>(tiles: readonly T[], id: string, right: number, down: number): T[] {
  return change(tiles, id, middleIsAbove, (tile) => ({
    ...tile,
    x: clamp(tile.x + right, 0, COLUMNS - tile.w),
    y: Math.max(0, tile.y + down),
  }));
}

/** Makes a tile wider and higher by so much. */
export function resize<T extends Placed>(
  tiles: readonly T[],
  id: string,
  wider: number,
  higher: number,
): T[] {
  return change(tiles, id, endsAbove, (tile) => ({
    ...tile,
    w: clamp(tile.w + wider, NARROWEST, COLUMNS - tile.x),
    h: clamp(tile.h + higher, LOWEST, HIGHEST),
  }));
}

function change<T extends Placed>(
  tiles: readonly T[],
  id: string,
  isAbove: IsAbove,
  how: (tile: T) => T,
): T[] {
  const changed = tiles.map((tile) => (tile.id === id ? how(tile) : tile));
  return settle(changed, id, isAbove);
}

/**
 * One row up or down for keys. A step of one row can fall back to where it was, since tiles fall upwards; then the step
 * is made as long as it takes to change something.
 */
export function step<T extends Placed>(tiles: readonly T[], id: string, right: number, down: number): T[] {
  const at = (tiles: readonly T[]) => tiles.find((tile) => tile.id === id);
  const before = at(tiles);
  for (let rows = 1; rows <= HIGHEST * 2; rows += 1) {
    const moved = move(tiles, id, right, down * rows);
    const after = at(moved);
    if (down === 0 || after?.y !== before?.y) return moved;
  }
  return [...tiles];
}

/** The first place, in reading order, that a tile of this size can have. */
export function freePlace(tiles: readonly Place[], w: number, h: number): Place {
  const bottom = Math.max(0, ...tiles.map((tile) => tile.y + tile.h));
  for (let y = 0; y < bottom; y += 1) {
    for (let x = 0; x <= COLUMNS - w; x += 1) {
      const place = { x, y, w, h };
      if (!tiles.some((tile) => overlap(place, tile))) return place;
    }
  }
  return { x: 0, y: bottom, w, h };
}

/** A tile's place in words, for those who move it with keys. */
export function inWords({ x, y, w, h }: Place): string {
  return `Column ${x + 1}, row ${y + 1}, ${w} wide, ${h} high`;
}
