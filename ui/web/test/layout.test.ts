import { describe, expect, test } from 'vitest';
import { freePlace, inOrder, move, resize, settle, step } from '../src/visualize/layout';

const tile = (id: string, x: number, y: number, w = 4, h = 4) => ({ id, x, y, w, h });
const places = (tiles: ReturnType<typeof tile>[]) =>
  Object.fromEntries(tiles.map(({ id, x, y, w, h }) => [id, [x, y, w, h]]));

function overlaps(tiles: ReturnType<typeof tile>[]): boolean {
  return tiles.some((a) =>
    tiles.some((b) => a !== b && a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h),
  );
}

test('tiles fall upwards and never overlap', () => {
  const settled = settle([tile('a', 0, 3), tile('b', 2, 4), tile('c', 8, 9)]);
  expect(places(settled)).toEqual({ a: [0, 0, 4, 4], b: [2, 4, 4, 4], c: [8, 0, 4, 4] });
});

describe('a moved tile', () => {
  const column = [tile('a', 0, 0), tile('b', 0, 4)];

  test('changes places with the next once its middle has passed', () => {
    expect(places(move(column, 'a', 0, 5))).toEqual({ b: [0, 0, 4, 4], a: [0, 4, 4, 4] });
    expect(places(move(column, 'a', 0, 1))).toEqual(places(column));
    expect(places(move(column, 'b', 0, -4))).toEqual({ b: [0, 0, 4, 4], a: [0, 4, 4, 4] });
  });

  test('stays within the columns', () => {
    expect(places(move(column, 'a', 99, 0)).a).toEqual([8, 0, 4, 4]);
    expect(places(move(column, 'a', -99, -99)).a).toEqual([0, 0, 4, 4]);
  });

  test('goes one further with a key, however high the next one is', () => {
    expect(places(step(column, 'a', 0, 1)).a).toEqual([0, 4, 4, 4]);
    expect(places(step(column, 'b', 0, -1)).b).toEqual([0, 0, 4, 4]);
    expect(places(step(column, 'b', 0, 1)).b).toEqual([0, 4, 4, 4]);
  });
});

test('a tile that grows pushes the others down', () => {
  const row = [tile('a', 0, 0), tile('small', 4, 0, 4, 2)];
  const grown = resize(row, 'a', 4, 2);
  expect(places(grown)).toEqual({ a: [0, 0, 8, 6], small: [4, 6, 4, 2] });
  expect(places(resize(row, 'a', -99, -99)).a).toEqual([0, 0, 2, 2]);
});

test('whatever is done, nothing overlaps', () => {
  let tiles = Array.from({ length: 9 }, (_, at) =>
    tile(`t${at}`, (at * 5) % 9, at, 2 + (at % 3), 2 + (at % 4)),
  );
  for (let at = 0; at < 200; at += 1) {
    const [id, right, down] = [`t${at % 9}`, (at % 5) - 2, (at % 7) - 3];
    tiles = at % 2 === 0 ? move(tiles, id, right, down) : resize(tiles, id, right, down);
    expect(overlaps(tiles)).toBe(false);
  }
});

test('a new tile comes to the first free place', () => {
  expect(freePlace([tile('a', 0, 0), tile('b', 8, 0)], 4, 4)).toMatchObject({ x: 4, y: 0 });
  expect(freePlace([tile('a', 0, 0, 12)], 4, 4)).toMatchObject({ x: 0, y: 4 });
  expect(freePlace([], 6, 4)).toMatchObject({ x: 0, y: 0 });
});

test('the order of reading is by rows', () => {
  expect(inOrder([tile('b', 4, 0), tile('c', 0, 4), tile('a', 0, 0)]).map(({ id }) => id)).toEqual([
    'a',
    'b',
    'c',
  ]);
});
