/** A dashboard that is not there: never was, or somebody has removed it, maybe while it was being edited here. */
import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { Link } from 'wouter';
import { asProblem, type Problem } from '../api/problem';
import { useMayEdit } from '../app/session';
import { plural } from '../format/format';
import { Button } from '../ui/button';
import { Empty, ProblemNotice } from '../ui/notice';
import { tell } from '../ui/toast';
import { LIST_KEY, NEW, saveBoard } from './boards-api';
import { downloadBoard } from './download';
import { type Kept, remember, remembered } from './use-draft';

export function Missing({ name }: { name: string }) {
  const mayEdit = useMayEdit();
  const [mine, setMine] = useState(() => (mayEdit ? remembered(name) : undefined));
  return (
    <div className="space-y-4 py-4">
      <h1 className="sr-only">There is no such dashboard</h1>
      <Empty
        title={`There is no dashboard “${name}”`}
        action={
          <Link href="/visualize" className="text-accent underline">
            To the dashboards
          </Link>
        }
      >
        It may have been removed, or the link is wrong.
      </Empty>
      {mine && <Mine name={name} mine={mine} onChange={setMine} />}
    </div>
  );
}

interface Props {
  name: string;
  mine: Kept;
  onChange: (mine: Kept | undefined) => void;
}

/** What was being made of it here is still here, and can be kept. */
function Mine({ name, mine, onChange }: Props) {
  const client = useQueryClient();
  const [problem, setProblem] = useState<Problem>();
  async function save() {
    try {
      const kept = await saveBoard(name, mine.board, NEW);
      remember(name, undefined);
      client.setQueryData(['dashboard', name], kept);
      tell(`Saved “${name}”.`);
      await client.invalidateQueries({ queryKey: LIST_KEY });
    } catch (error) {
      setProblem(asProblem(error));
    }
  }
  function put(mine: Kept | undefined) {
    remember(name, mine);
    onChange(mine);
  }
  function drop() {
    put(undefined);
    tell('Your changes are dropped.', () => put(mine));
  }
  return (
    <section aria-label="Your changes" className="card mx-auto flex max-w-xl flex-col gap-3 p-4">
      <p>
        You were changing it, and had not saved that: what you made, with{' '}
        {plural(mine.board.tiles.length, 'tile')}, is still here.
      </p>
      {problem && <ProblemNotice problem={problem} />}
      <div className="flex flex-wrap gap-2">
        <Button kind="primary" onPress={() => void save()}>
          Save mine as new
        </Button>
        <Button onPress={() => downloadBoard(mine.board)}>Keep a file of mine</Button>
        <Button kind="quiet" onPress={drop}>
          Drop mine
        </Button>
      </div>
    </section>
  );
}
