/** What a link to the Query page carries. It fills the box, and never runs anything by itself. */

export interface Draft {
  mode: 'ask' | 'sql';
  text: string;
  params: Record<string, string>;
  /** A saved query to be opened. */
  saved?: string;
}

/** Longest statement that a link carries; a longer one has to be saved. */
export const MAX_LINK_CHARS = 6_000;

export function draftFrom(search: string): Draft {
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

/** The link's query; nothing when it would be too long. */
export function linkTo(draft: Omit<Draft, 'saved'>): string | undefined {
  if (draft.text.length > MAX_LINK_CHARS) return undefined;
  const values = new URLSearchParams({ [draft.mode === 'sql' ? 'sql' : 'q']: draft.text });
  if (draft.mode === 'sql')
    for (const [name, value] of Object.entries(draft.params)) values.set(`p.${name}`, value);
  return `?${values}`;
}
