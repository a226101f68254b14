/**
 * What a link to the Query page carries. It fills the box, and never runs anything by itself. A page that goes on at
 * another node carries the same in the fragment of its address.
 */

export interface Draft {
  mode: 'ask' | 'sql';
  text: string;
  params: Record<string, string>;
  /** A saved query to be opened. */
  saved?: string;
}

/** Longest statement that a link carries; a longer one has to be saved. */
export const MAX_LINK_CHARS = 6_000;

export function draftFrom(search: string | URLSearchParams): Draft {
  const values = new URLSearchParams(search);
  const params: Record<string, string> = {};
  for (const [name, value] of values) if (name.startsWith('p.')) params[name.slice(2)] = value;
  const saved = values.get('saved');
  const sql = values.get('sql');
  return {
    mode: sql != null || saved != null ? 'sql' : 'ask',
    text: sql ?? values.get('q') ?? '',
    params,
    ...(saved == null ? {} : { saved }),
  };
}

/** Whether a parameter of an address is part of a draft. */
export function isOfDraft(name: string): boolean {
  return name === 'q' || name === 'sql' || name.startsWith('p.');
}

/** A draft as parameters of an address; none for a box with nothing in it. */
export function carried({ mode, text, params }: Omit<Draft, 'saved'>): URLSearchParams {
  const values = new URLSearchParams();
  if (text === '') return values;
  values.set(mode === 'sql' ? 'sql' : 'q', text);
  if (mode === 'sql') for (const [name, value] of Object.entries(params)) values.set(`p.${name}`, value);
  return values;
}

/** The link's query; nothing when it would be too long. */
export function linkTo(draft: Omit<Draft, 'saved'>): string | undefined {
  return draft.text.length > MAX_LINK_CHARS ? undefined : `?${carried(draft)}`;
}
