/** Who is here, and what they may. Without a session where one is needed, the login page stands before everything else. */
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { createContext, type ReactNode, use, useEffect, useState } from 'react';
import { api, content, sessionEnded, type WhoAmI } from '../api/client';
import { follow } from '../api/live';
import { asProblem } from '../api/problem';
import { ProblemNotice } from '../ui/notice';
import { Login } from './login';
import { AppSkeleton } from './skeleton';

const Session = createContext<WhoAmI | undefined>(undefined);

export const SESSION_KEY = ['session'];

export function SessionGate({ children }: { children: ReactNode }) {
  const client = useQueryClient();
  const [wasIn, setWasIn] = useState(false);
  const { data, error } = useQuery({
    queryKey: SESSION_KEY,
    queryFn: ({ signal }) => content(api.GET('/api/v1/session', { signal })),
    staleTime: 60_000,
    // A session that runs out while the page is open is noticed here, or by the next request.
    refetchInterval: 60_000,
  });
  useEffect(() => {
    const again = () => void client.invalidateQueries({ queryKey: SESSION_KEY });
    sessionEnded.addEventListener('ended', again);
    return () => sessionEnded.removeEventListener('ended', again);
  }, [client]);
  const isIn = data?.role != null;
  useEffect(() => {
    if (!isIn) return;
    const left = new AbortController();
    void follow(client, left.signal);
    return () => left.abort();
  }, [client, isIn]);

  if (!data) {
    if (!error) return <AppSkeleton />;
    return (
      <main className="mx-auto max-w-md p-6 pt-24">
        <ProblemNotice problem={asProblem(error)} />
      </main>
    );
  }
  // What was typed before a session ended stays: the pages are hidden behind the login, not taken down.
  if (isIn && !wasIn) setWasIn(true);
  return (
    <Session value={data}>
      {!isIn && <Login isFirst={!wasIn} />}
      {wasIn && <div hidden={!isIn}>{children}</div>}
    </Session>
  );
}

export function useSession(): WhoAmI {
  const session = use(Session);
  if (!session) throw new Error('useSession is used outside of SessionGate');
  return session;
}

/** Whether whoever is here may change things. */
export function useMayEdit(): boolean {
  return useSession().may.includes('edit');
}
