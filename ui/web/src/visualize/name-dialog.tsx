import { type FormEvent, useId, useState } from 'react';
import { asProblem, Problem } from '../api/problem';
import { Button } from '../ui/button';
import { Dialog } from '../ui/dialog';
import { ProblemNotice } from '../ui/notice';
import { nameProblem } from './boards-api';

interface Props {
  title: string;
  initial?: string;
  onClose: () => void;
  onName: (name: string) => Promise<void>;
}

/** Asks for a new board's name, which is its address as well. */
export function NameDialog({ title, initial = '', onClose, onName }: Props) {
  const id = useId();
  const [name, setName] = useState(initial);
  const [isBusy, setBusy] = useState(false);
  const [problem, setProblem] = useState<Problem>();
  async function save(event: FormEvent) {
    event.preventDefault();
    const wrong = nameProblem(name);
    if (wrong) return setProblem(new Problem('This cannot be its name', wrong, '', 0));
    setBusy(true);
    try {
      await onName(name.trim());
    } catch (error) {
      setProblem(taken(asProblem(error), name));
      setBusy(false);
    }
  }
  return (
    <Dialog title={title} isOpen onClose={onClose}>
      <form onSubmit={(event) => void save(event)} className="space-y-4">
        <div className="flex flex-col gap-1">
          <label htmlFor={id}>Name</label>
          <input
            id={id}
            autoFocus
            className="field"
            value={name}
            maxLength={100}
            onChange={(event) => setName(event.target.value)}
          />
        </div>
        {problem && <ProblemNotice problem={problem} />}
        <div className="flex justify-end gap-2">
          <Button onPress={onClose}>Cancel</Button>
          <Button kind="primary" type="submit" isDisabled={isBusy}>
            {isBusy ? 'Saving…' : 'Save'}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

function taken(problem: Problem, name: string): Problem {
  if (problem.status !== 412) return problem;
  return new Problem(`There is a dashboard “${name.trim()}” already`, '', 'Choose another name.', 412);
}
