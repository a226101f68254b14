/**
 * What somebody has made on this page that is nowhere else yet, and that no address can carry: it keeps the page here when
 * its node is gone. What is typed into the query box goes along instead (`query/kept.ts`).
 */
import { useEffect } from 'react';

/** Why the page stays, in a sentence; nothing when it need not. */
type Reason = () => string | undefined;

const reasons = new Set<Reason>();

/** Boards that are edited lie in the browser's session under such keys, whatever page is shown. */
export const EDITED_BOARD = 'aurora.board.';

/** Has the page stay whenever there is a reason, from whatever page of the app. */
export function holdWhile(reason: Reason): () => void {
  reasons.add(reason);
  return () => void reasons.delete(reason);
}

/** Has the page stay while a component is there and says why. */
export function useHolding(why: string | undefined): void {
  useEffect(() => (why === undefined ? undefined : holdWhile(() => why)), [why]);
}

holdWhile(() =>
  Object.keys(sessionStorage).some((key) => key.startsWith(EDITED_BOARD))
    ? 'A dashboard is edited and not saved.'
    : undefined,
);

/** What dialogues ask for is typed there and nowhere else; in a search nothing is lost. */
const TYPED_IN_DIALOGUES =
  '[role="dialog"] :is(input:not([type="search"]), textarea, [contenteditable="true"])';

holdWhile(() =>
  document.querySelector(TYPED_IN_DIALOGUES) ? 'A dialogue is open that asks for something.' : undefined,
);

/** Why the page cannot go elsewhere by itself; nothing when it can. */
export function whyHeld(): string | undefined {
  for (const reason of reasons) {
    const why = reason();
    if (why !== undefined) return why;
  }
  return undefined;
}
