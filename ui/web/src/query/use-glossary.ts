/** The team's words: one document, changed by whoever has seen its latest version. */
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { api, content, type Term } from '../api/client';
import { Problem } from '../api/problem';

const KEY = ['glossary'];
/** Somebody else may write at the same moment: the change is then made to what they wrote. */
const ATTEMPTS = 3;

export function useGlossary() {
  const client = useQueryClient();
  const { data, error } = useQuery({
    queryKey: KEY,
    queryFn: ({ signal }) => content(api.GET('/api/v1/glossary', { signal })),
    refetchInterval: 30_000,
  });

  /** Puts a term in the place of the one that was called `before`, or adds it; without `term`, takes that away. */
  async function change(before: string | undefined, term: Term | undefined): Promise<void> {
    for (let attempt = 1; ; attempt += 1) {
      const known = await content(api.GET('/api/v1/glossary'));
      const entries = changed(known.entries, before, term);
      try {
        const now = await content(
          api.PUT('/api/v1/glossary', { headers: { 'If-Match': `"${known.version}"` }, body: { entries } }),
        );
        client.setQueryData(KEY, now);
        return;
      } catch (error) {
        if (!(error instanceof Problem && error.status === 412) || attempt === ATTEMPTS) throw error;
      }
    }
  }

  return { terms: data?.entries, error, change };
}

/** The terms with one changed, added or taken away. */
export function changed(terms: Term[], before: string | undefined, term: Term | undefined): Term[] {
  const same = (one: string, other: string) => one.trim().toLowerCase() === other.trim().toLowerCase();
  const at = before === undefined ? -1 : terms.findIndex((known) => same(known.term, before));
  if (at < 0) return term ? [...terms, term] : terms;
  return term ? terms.with(at, term) : terms.toSpliced(at, 1);
}
