import { describe, expect, it } from 'vitest';
import {
  addressAt,
  type Contact,
  type Happening,
  inOrder,
  isAtOneOf,
  LEAVES_AFTER_MS,
  next,
} from '../src/app/elsewhere';
import { arrivalIn } from '../src/query/kept';
import { carried, draftFrom } from '../src/query/link';

const two = { id: 'node-2', http: 'http://127.0.0.1:8082' };
const three = { id: 'node-3', http: 'http://127.0.0.1:8083' };
const found = (answers: typeof two | undefined, why?: string): Happening => ({
  kind: 'looked',
  answers,
  why,
});

/** What becomes of a page, with a second between what happens. */
function course(...happenings: Happening[]): Contact {
  return happenings.reduce<Contact>((contact, happening, at) => next(contact, happening, at * 1_000), {
    state: 'here',
  });
}
const many = (howMany: number, happening: Happening) => Array.from({ length: howMany }, () => happening);
const SECONDS = LEAVES_AFTER_MS / 1_000;

describe('a page that has lost its node', () => {
  it('goes to another one that answers, once there was time to say no', () => {
    expect(course({ kind: 'lost' }, ...many(SECONDS, found(two))).state).toBe('leaving');
    expect(course({ kind: 'lost' }, ...many(SECONDS + 1, found(two)))).toEqual({ state: 'gone', to: two });
  });
  it('goes at once when told to, and stays when told to, whoever answers', () => {
    expect(course({ kind: 'lost' }, found(two), { kind: 'go' })).toEqual({ state: 'gone', to: two });
    const stayed = course({ kind: 'lost' }, found(two), { kind: 'stay' }, ...many(99, found(two)));
    expect(stayed).toEqual({ state: 'staying' });
    expect(next(stayed, { kind: 'back' }, 0)).toEqual({ state: 'here' });
  });
  it('stays with a node that comes back, and looks nowhere while it is there', () => {
    expect(course({ kind: 'lost' }, ...many(3, found(two)), { kind: 'back' })).toEqual({ state: 'here' });
    expect(course(found(two))).toEqual({ state: 'here' });
    expect(course({ kind: 'stay' })).toEqual({ state: 'here' });
  });
  it('does not leave what would be lost, nor for nobody', () => {
    const why = 'A connection is half filled in.';
    expect(course({ kind: 'lost' }, ...many(99, found(two, why)))).toEqual({ state: 'held', to: two, why });
    expect(course({ kind: 'lost' }, ...many(99, found(undefined)))).toEqual({ state: 'lost' });
  });
  it('stops leaving when something is begun, and gives the whole time again after that', () => {
    const begun = course({ kind: 'lost' }, ...many(SECONDS, found(two)), found(two, 'why'));
    expect(begun.state).toBe('held');
    const nowMs = 1e6;
    expect(next(begun, found(two), nowMs)).toEqual({
      state: 'leaving',
      to: two,
      atMs: nowMs + LEAVES_AFTER_MS,
    });
  });
  it('takes a third node when the second is gone as well, in the time that is left', () => {
    const contact = course({ kind: 'lost' }, ...many(3, found(two)), found(three));
    expect(contact).toEqual({ state: 'leaving', to: three, atMs: 1_000 + LEAVES_AFTER_MS });
    expect(course({ kind: 'lost' }, found(two), found(undefined))).toEqual({ state: 'lost' });
  });
  it('does not turn round on its way', () => {
    const gone: Contact = { state: 'gone', to: two };
    for (const happening of [{ kind: 'back' }, { kind: 'stay' }, found(three)] as Happening[])
      expect(next(gone, happening, 0)).toBe(gone);
  });
  it('asks the one first that it has named', () => {
    expect(inOrder([two, three], { state: 'held', to: three, why: '' })).toEqual([three, two]);
    expect(inOrder([two, three], { state: 'lost' })).toEqual([two, three]);
  });
});

describe('where it goes', () => {
  const page = { pathname: '/visualize/A%20b', search: '?last=1h' };
  it('is the same view, with what is typed behind it', () => {
    expect(addressAt(two, page, 'q=how+many')).toBe(
      'http://127.0.0.1:8082/visualize/A%20b?last=1h#q=how+many',
    );
    expect(addressAt({ ...two, http: 'https://n/' }, page, '')).toBe('https://n/visualize/A%20b?last=1h');
  });
  it('is an address of the web only', () => {
    expect(addressAt({ ...two, http: 'javascript:alert(1)//' }, page, '')).toBeUndefined();
    expect(addressAt({ ...two, http: 'data:text/html,' }, page, '')).toBeUndefined();
  });
});

describe('what is typed', () => {
  it('arrives as it was, whatever is in it', () => {
    for (const text of ['how many & why = 1 #2?', "SELECT '+%20\n<b>', {n:Int8}", 'ä – 漢 🚀', ' ']) {
      for (const mode of ['ask', 'sql'] as const) {
        const draft = { mode, text, params: mode === 'sql' ? { n: '1&2' } : {} };
        expect(arrivalIn(`${carried(draft)}&from=node-1`)).toEqual({ draft, from: 'node-1', rest: '' });
      }
    }
  });
  it('leaves alone what is in a fragment otherwise', () => {
    expect(arrivalIn('main').rest).toBe('main');
    expect(arrivalIn('tab=2').rest).toBe('tab=2');
    expect(arrivalIn('').draft).toEqual(draftFrom(''));
  });
  it('comes from what can be a node, or from nowhere', () => {
    expect(arrivalIn('from=node-1.eu').from).toBe('node-1.eu');
    expect(arrivalIn(`from=${encodeURIComponent('your bank, call 0900')}`).from).toBeUndefined();
  });
});

it('only a page that is at a node’s own address goes past it', () => {
  const nodes = [{ http: 'http://10.0.0.1:8080/' }, { http: 'not an address' }];
  expect(isAtOneOf(nodes, 'http://10.0.0.1:8080')).toBe(true);
  expect(isAtOneOf(nodes, 'https://aurora.example.com')).toBe(false);
  expect(isAtOneOf([], 'http://10.0.0.1:8080')).toBe(false);
});
