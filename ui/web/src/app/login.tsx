/** The login page: a token becomes a session of this browser. */
import { useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { api, content } from '../api/client';
import { asProblem, type Problem } from '../api/problem';
import logo from '../logo.svg';
import { Button } from '../ui/button';
import { ProblemNotice } from '../ui/notice';
import { SESSION_KEY } from './session';

interface Props {
  /** Whether nothing has been shown before, so that there is nothing to lose. */
  isFirst: boolean;
}

export function Login({ isFirst }: Props) {
  const client = useQueryClient();
  const [token, setToken] = useState('');
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<Problem>();

  async function logIn(event: FormEvent) {
    event.preventDefault();
    setBusy(true);
    setProblem(undefined);
    try {
      const session = await content(api.POST('/api/v1/session', { body: { token: token.trim() } }));
      // Where the other nodes are, the page is only told when it is asked for by somebody who is let in.
      if (isFirst) return location.reload();
      setToken('');
      client.setQueryData(SESSION_KEY, session);
      await client.invalidateQueries();
    } catch (error) {
      setProblem(asProblem(error));
    } finally {
      setBusy(false);
    }
  }

  return (
    <main className="mx-auto flex min-h-dvh max-w-md flex-col justify-center gap-6 p-6">
      <div className="flex items-center gap-3">
        <img src={logo} width="44" height="44" alt="" />
        <h1 className="font-semibold text-2xl">Log in to Aurora</h1>
      </div>
      <form onSubmit={logIn} className="card flex flex-col gap-4 p-6">
        <label className="flex flex-col gap-1.5">
          <span className="font-medium">Access token</span>
          <input
            className="field font-mono"
            type="password"
            name="token"
            autoComplete="current-password"
            required
            value={token}
            onChange={(event) => setToken(event.target.value)}
          />
        </label>
        {problem && <ProblemNotice problem={problem} />}
        <Button type="submit" kind="primary" isPending={busy}>
          Log in
        </Button>
        <p className="text-muted text-sm">
          Whoever runs this cluster gives out tokens: they stand under{' '}
          <code className="font-mono">[access]</code> in the nodes’ configuration.
        </p>
      </form>
    </main>
  );
}
