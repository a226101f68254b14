/**
 * What stands in the query box outlives its page: over a reload in the browser's session, and to another node, whose
 * page has another session, in the fragment of the address, which no browser sends to a server.
 */
import { carried, type Draft, draftFrom, isOfDraft } from './link';

const DRAFT_KEY = 'aurora.query.draft';
const FROM_KEY = 'aurora.from';

/** What is not kept: a paste of many megabytes stays in the box alone. */
const MOST_KEPT_CHARS = 200_000;
/** What does not go along: browsers cut off or refuse addresses that are longer than what this makes at worst. */
export const MOST_CARRIED_CHARS = 60_000;

const EMPTY: Draft = { mode: 'ask', text: '', params: {} };

export interface Kept {
  draft: Draft;
  /** Whether it was typed at another node just now, and brought here, which makes it newer than what the address says. */
  isBrought: boolean;
}

export function keep(draft: Draft): void {
  if (draft.text.length > MOST_KEPT_CHARS) sessionStorage.removeItem(DRAFT_KEY);
  else sessionStorage.setItem(DRAFT_KEY, JSON.stringify(draft));
}

/** The page, as its address says; a link that is followed later leads to another one. */
const here = () => `${location.pathname}${location.search}`;

export function kept(): Kept {
  try {
    const found = JSON.parse(sessionStorage.getItem(DRAFT_KEY) ?? 'null') as
      | (Partial<Draft> & { broughtTo?: string })
      | null;
    const isDraft = (found?.mode === 'ask' || found?.mode === 'sql') && typeof found.text === 'string';
    if (!found || !isDraft) return { draft: EMPTY, isBrought: false };
    const { broughtTo, ...draft } = found;
    return { draft: { ...EMPTY, ...draft }, isBrought: broughtTo === here() };
  } catch {
    return { draft: EMPTY, isBrought: false };
  }
}

/** The fragment of an address with what is in the box, and which node's page it comes from. */
export function fragmentFrom(node: string | undefined): string {
  const values = carried(kept().draft);
  if (node !== undefined) values.set('from', node);
  return values.toString();
}

export interface Arrival {
  draft: Draft;
  from: string | undefined;
  /** What of the fragment is somebody else's. */
  rest: string;
}

/** A fragment taken apart. Anybody can write one: what says where it is from has to be able to be a node's name. */
export function arrivalIn(fragment: string): Arrival {
  const [ours, rest] = [new URLSearchParams(), new URLSearchParams()];
  // What is no list of parameters, as the place to skip to, is left alone.
  if (!fragment.includes('=')) return { draft: EMPTY, from: undefined, rest: fragment };
  for (const [name, value] of new URLSearchParams(fragment))
    (isOfDraft(name) || name === 'from' ? ours : rest).append(name, value);
  const from = ours.get('from') ?? '';
  return {
    draft: draftFrom(ours),
    from: /^[\w.-]{1,63}$/.test(from) ? from : undefined,
    rest: rest.toString(),
  };
}

/** Takes what a page of another node has sent along out of the address, before anything is drawn. */
export function takeArrival(): void {
  const { draft, from, rest } = arrivalIn(location.hash.slice(1));
  if (draft.text !== '') sessionStorage.setItem(DRAFT_KEY, JSON.stringify({ ...draft, broughtTo: here() }));
  if (from !== undefined) sessionStorage.setItem(FROM_KEY, from);
  if (draft.text !== '' || from !== undefined) {
    history.replaceState(history.state, '', `${location.pathname}${location.search}${rest && `#${rest}`}`);
  }
}

/** The node whose page has led here; told once. */
export function arrivedFrom(): string | undefined {
  const from = sessionStorage.getItem(FROM_KEY) ?? undefined;
  sessionStorage.removeItem(FROM_KEY);
  return from;
}
