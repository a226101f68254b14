import { useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { api } from '../api/client';
import { asProblem, Problem } from '../api/problem';
import { Button } from '../ui/button';
import { Dialog } from '../ui/dialog';
import { ProblemNotice } from '../ui/notice';
import { tell } from '../ui/toast';
import type { Request, Run } from './use-run';

/** Keeps a statement under a name, for the whole team. */
export function SaveDialog({ run, request, onClose }: { run: Run; request: Request; onClose: () => void }) {
  const client = useQueryClient();
  const [name, setName] = useState(
    request.mode === 'ask' ? request.text.slice(0, 100).replace(/[/\\]/g, ' ').trim() : '',
  );
  const [description, setDescription] = useState('');
  const [problem, setProblem] = useState<Problem>();
  const [busy, setBusy] = useState(false);

  async function save(event: FormEvent) {
    event.preventDefault();
    setBusy(true);
    setProblem(undefined);
    try {
      await api.PUT('/api/v1/saved/{name}', {
        params: { path: { name: name.trim() } },
        headers: { 'If-None-Match': '*' },
        body: {
          sql: run.sql,
          description,
          params: request.params,
          question: request.mode === 'ask' ? request.text : null,
          chart: (run.understanding?.chart ?? null) as never,
        },
      });
      await client.invalidateQueries({ queryKey: ['saved'] });
      tell(`Saved as “${name.trim()}”.`);
      onClose();
    } catch (error) {
      const found = asProblem(error);
      const taken = new Problem(
        'There is a saved query of that name',
        found.detail,
        'Choose another name.',
        412,
      );
      setProblem(found.status === 412 ? taken : found);
    } finally {
      setBusy(false);
    }
  }

  return (
    <Dialog title="Save for the team" isOpen onClose={onClose}>
      <form onSubmit={save} className="flex flex-col gap-4">
        <label className="flex flex-col gap-1.5">
          <span className="font-medium">Name</span>
          <input
            className="field"
            required
            maxLength={100}
            value={name}
            onChange={(event) => setName(event.target.value)}
          />
        </label>
        <label className="flex flex-col gap-1.5">
          <span className="font-medium">What it is for</span>
          <input
            className="field"
            maxLength={2_000}
            value={description}
            onChange={(event) => setDescription(event.target.value)}
          />
        </label>
        {problem && <ProblemNotice problem={problem} />}
        <div className="flex justify-end gap-2">
          <Button onPress={onClose}>Not now</Button>
          <Button kind="primary" type="submit" isPending={busy}>
            Save
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
