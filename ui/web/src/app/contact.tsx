/** Tells when the node is out of reach, goes on with another one where nothing is lost by that, and tells when it is back. */
import { type MouseEvent, useEffect, useReducer, useRef, useState } from 'react';
import { useCluster } from '../api/live';
import { Problem } from '../api/problem';
import { arrivedFrom, fragmentFrom } from '../query/kept';
import { Button } from '../ui/button';
import { tell } from '../ui/toast';
import {
  type Contact as At,
  addressAt,
  type Happening,
  inOrder,
  isAtOneOf,
  next,
  type Other,
} from './elsewhere';
import { whyHeld } from './unsaved';

/** Failures in a row after which a node counts as gone: one can be a hiccup. */
const GONE_AFTER = 2;
const LOOK_MS = 1_000;
/** How long another node may take to answer that it lives. */
const ANSWER_MS = 3_000;

const NOBODY: Other[] = [];
const HERE: At = { state: 'here' };
const step = (contact: At, happening: Happening) => next(contact, happening, Date.now());

export function Contact() {
  const { data, failureCount, isError, error } = useCluster();
  const [contact, happens] = useReducer(step, HERE);
  // A node that refuses to answer, for want of a session say, is there.
  const isRefused = error instanceof Problem && error.status >= 400 && error.status < 500;
  const isGone = (isError || failureCount >= GONE_AFTER) && !isRefused;
  const self = data?.nodes.find((node) => node.is_self)?.id;
  // What the node said last: it cannot say more.
  const others = (data?.nodes ?? []).filter((node) => !node.is_self && node.state === 'ready');
  // Behind an address of all nodes the page is not at one of them, and it is not for it to go past that.
  const isAtNode = isAtOneOf(data?.nodes ?? [], location.origin);

  useEffect(() => {
    if (isGone) happens({ kind: 'lost' });
    else if (failureCount === 0) happens({ kind: 'back' });
  }, [isGone, failureCount]);
  useTellingBack(contact);
  useLooking(contact, isAtNode ? others : NOBODY, happens);
  useLeaving(contact, self);
  useArrival(self);

  if (contact.state === 'here') return null;
  return (
    <div className="fixed inset-x-3 bottom-20 z-50 mx-auto flex max-w-xl flex-wrap items-center gap-x-4 gap-y-2 rounded-xl border border-amber/60 bg-raised p-4 shadow-2xl md:bottom-6">
      <p role="alert" className="min-w-0 flex-1 basis-64">
        <strong className="font-semibold">No contact with {self ?? 'this node'}.</strong>{' '}
        <Told contact={contact} />
      </p>
      {contact.state === 'leaving' ? (
        <div className="flex gap-2">
          <Button kind="primary" small onPress={() => happens({ kind: 'go' })}>
            Go now
          </Button>
          <Button small onPress={() => happens({ kind: 'stay' })}>
            Stay
          </Button>
        </div>
      ) : (
        contact.state !== 'gone' &&
        inOrder(others, contact)
          .slice(0, 2)
          .map((other) => <Way key={other.id} to={other} self={self} />)
      )}
    </div>
  );
}

function Told({ contact }: { contact: At }) {
  switch (contact.state) {
    case 'leaving':
      return <Countdown to={contact.to} atMs={contact.atMs} />;
    case 'gone':
      return <>Going to {contact.to.id}…</>;
    case 'held':
      return <>The page stays here. {contact.why} Trying again…</>;
    case 'staying':
      return <>The page stays as it was. Trying again…</>;
    default:
      return <>What is on the page is as it was. Trying again…</>;
  }
}

/** The seconds are for the eye: read out one by one they would drown everything else. */
function Countdown({ to, atMs }: { to: Other; atMs: number }) {
  const [nowMs, setNowMs] = useState(Date.now);
  useEffect(() => {
    const timer = setInterval(() => setNowMs(Date.now()), 250);
    return () => clearInterval(timer);
  }, []);
  const seconds = Math.max(1, Math.ceil((atMs - nowMs) / 1_000));
  return (
    <>
      Going to {to.id}
      <span aria-hidden className="tabular-nums">
        {' '}
        in {seconds} s
      </span>
      <span className="sr-only"> in some seconds</span>. What is typed goes along.
    </>
  );
}

/** A link to the same view at another node. What is typed goes along with it, too, as it is when the link is used. */
function Way({ to, self }: { to: Other; self: string | undefined }) {
  const href = addressAt(to, location, '');
  if (href === undefined) return null;
  const take = ({ currentTarget }: MouseEvent<HTMLAnchorElement>) => {
    currentTarget.href = addressAt(to, location, fragmentFrom(self)) ?? href;
  };
  return (
    <a
      className="rounded-[10px] bg-accent px-3 py-1.5 font-semibold text-on-accent"
      href={href}
      onClick={take}
      onAuxClick={take}
    >
      Go to {to.id}
    </a>
  );
}

function useTellingBack(contact: At): void {
  const before = useRef(contact.state);
  useEffect(() => {
    const was = before.current;
    before.current = contact.state;
    if (contact.state !== 'here' || was === 'here') return;
    tell(was === 'leaving' ? 'The node is back: the page stays.' : 'Back in contact with the node.');
  }, [contact]);
}

/** Looks again and again which of the others answers, while the page could go there. */
function useLooking(contact: At, others: readonly Other[], happens: (happening: Happening) => void): void {
  const latest = useRef({ contact, others });
  latest.current = { contact, others };
  const isLooking = contact.state === 'lost' || contact.state === 'leaving' || contact.state === 'held';
  useEffect(() => {
    if (!isLooking) return undefined;
    const stop = new AbortController();
    void (async () => {
      while (!stop.signal.aborted) {
        const answers = await firstToAnswer(
          inOrder(latest.current.others, latest.current.contact),
          stop.signal,
        );
        if (stop.signal.aborted) return;
        happens({ kind: 'looked', answers, why: whyHeld() });
        await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
      }
    })();
    return () => stop.abort();
  }, [isLooking, happens]);
}

async function firstToAnswer(others: readonly Other[], signal: AbortSignal): Promise<Other | undefined> {
  for (const other of others) if (await isThere(other, signal)) return other;
  return undefined;
}

/**
 * Whether a node can be reached from here. Its answer is of another origin and stays hidden, which does not matter: that
 * there is one is all that is asked. The page's policy names the nodes that may be asked (`ui/src/serve.rs`).
 */
async function isThere({ http }: Other, stop: AbortSignal): Promise<boolean> {
  try {
    const signal = AbortSignal.any([stop, AbortSignal.timeout(ANSWER_MS)]);
    const init: RequestInit = { mode: 'no-cors', credentials: 'omit', cache: 'no-store', signal };
    await fetch(`${http.replace(/\/+$/, '')}/healthz`, init);
    return true;
  } catch {
    return false;
  }
}

function useLeaving(contact: At, self: string | undefined): void {
  useEffect(() => {
    if (contact.state !== 'gone') return;
    const address = addressAt(contact.to, location, fragmentFrom(self));
    if (address !== undefined) location.assign(address);
  }, [contact, self]);
}

/** Where a page that had lost its node has led to, it says so. */
function useArrival(self: string | undefined): void {
  useEffect(() => {
    if (self === undefined) return;
    const from = arrivedFrom();
    if (from !== undefined) tell(`This is ${self}: ${from} was out of reach.`);
  }, [self]);
}
