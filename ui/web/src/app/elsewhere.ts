/** What a page does whose node is gone, as a machine of states. Pure: time, other nodes and what is unsaved come from outside. */

/** Another node of the cluster, and where its page is. */
export interface Other {
  id: string;
  http: string;
}

export type Contact =
  | { state: 'here' }
  /** The node is gone, and no other one has answered yet. */
  | { state: 'lost' }
  /** The page goes to another node unless somebody stops it. */
  | { state: 'leaving'; to: Other; atMs: number }
  /** The time is up. */
  | { state: 'gone'; to: Other }
  /** Another node is there, and the page stays: something on it would be lost. */
  | { state: 'held'; to: Other; why: string }
  /** Somebody has said that the page is to stay. */
  | { state: 'staying' };

export type Happening =
  | { kind: 'lost' }
  | { kind: 'back' }
  /** What a look at the others found: one that answers, or none; and why the page cannot leave, if it cannot. */
  | { kind: 'looked'; answers: Other | undefined; why: string | undefined }
  | { kind: 'stay' }
  | { kind: 'go' };

/** Long enough to be read and answered, with the keyboard too. */
export const LEAVES_AFTER_MS = 8_000;

export function next(contact: Contact, happening: Happening, nowMs: number): Contact {
  switch (happening.kind) {
    case 'back':
      // A page that is on its way does not turn round.
      return contact.state === 'gone' ? contact : { state: 'here' };
    case 'lost':
      return contact.state === 'here' ? { state: 'lost' } : contact;
    case 'stay':
      return contact.state === 'leaving' ? { state: 'staying' } : contact;
    case 'go':
      return contact.state === 'leaving' ? { state: 'gone', to: contact.to } : contact;
    case 'looked':
      return looked(contact, happening.answers, happening.why, nowMs);
  }
}

function looked(
  contact: Contact,
  answers: Other | undefined,
  why: string | undefined,
  nowMs: number,
): Contact {
  if (contact.state === 'here' || contact.state === 'gone' || contact.state === 'staying') return contact;
  if (!answers) return { state: 'lost' };
  if (why !== undefined) return { state: 'held', to: answers, why };
  // Another one that answers later takes nothing of the time that somebody has to say no.
  if (contact.state !== 'leaving') return { state: 'leaving', to: answers, atMs: nowMs + LEAVES_AFTER_MS };
  if (nowMs >= contact.atMs) return { state: 'gone', to: answers };
  return contact.to.id === answers.id ? contact : { ...contact, to: answers };
}

/** The nodes to look for, the one that answered last before the others: whoever is told a name is to get there. */
export function inOrder(others: readonly Other[], contact: Contact): Other[] {
  const known = 'to' in contact ? contact.to.id : undefined;
  return others.toSorted((one, other) => Number(other.id === known) - Number(one.id === known));
}

/** Where another node shows the same. Only the web's own schemes are gone to: addresses are what nodes say of themselves. */
export function addressAt(
  other: Other,
  page: { pathname: string; search: string },
  fragment: string,
): string | undefined {
  if (!/^https?:\/\//.test(other.http)) return undefined;
  return `${other.http.replace(/\/+$/, '')}${page.pathname}${page.search}${fragment && `#${fragment}`}`;
}

/** Whether the page was served by one of these nodes at its own address, and not behind an address that stands for all. */
export function isAtOneOf(nodes: readonly Pick<Other, 'http'>[], origin: string): boolean {
  return nodes.some(({ http }) => URL.canParse(http) && new URL(http).origin === origin);
}
