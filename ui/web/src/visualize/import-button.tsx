/** Brings in a board from a file. Its statements are somebody else's: they are shown, and run only when it was agreed. */
import { type ChangeEvent, useId, useRef, useState } from 'react';
import { useLocation } from 'wouter';
import { asProblem, Problem } from '../api/problem';
import { plural } from '../format/format';
import { Button } from '../ui/button';
import { Code } from '../ui/code';
import { Dialog } from '../ui/dialog';
import { ProblemNotice } from '../ui/notice';
import { type Board, BoardError, MOST_SQL_BYTES, MOST_TILES, parseBoard, statements } from './board';
import { NEW, nameProblem, pagePath, saveBoard } from './boards-api';

const MOST_BYTES = 2 * MOST_TILES * MOST_SQL_BYTES;

async function boardOf(file: File): Promise<Board> {
  if (file.size > MOST_BYTES) throw new BoardError(`It is larger than ${MOST_BYTES / 1_000_000} MB.`);
  try {
    return parseBoard(JSON.parse(await file.text()));
  } catch (error) {
    if (error instanceof SyntaxError) throw new BoardError(`It is no JSON: ${error.message}`);
    throw error;
  }
}

export function ImportButton() {
  const input = useRef<HTMLInputElement>(null);
  const [board, setBoard] = useState<Board>();
  const [problem, setProblem] = useState<Problem>();
  async function take(event: ChangeEvent<HTMLInputElement>) {
    const file = event.target.files?.[0];
    // The same file can be chosen once more, after it was mended.
    event.target.value = '';
    if (!file) return;
    try {
      setBoard(await boardOf(file));
    } catch (error) {
      const hint = 'Choose a file that was exported from a dashboard.';
      setProblem(
        error instanceof BoardError
          ? new Problem(`${file.name} is no dashboard`, error.message, hint, 0)
          : asProblem(error),
      );
    }
  }
  return (
    <>
      <input
        ref={input}
        type="file"
        accept=".json,application/json"
        hidden
        aria-label="A dashboard’s file"
        onChange={(event) => void take(event)}
      />
      <Button onPress={() => input.current?.click()}>Import</Button>
      {board && <Review board={board} onClose={() => setBoard(undefined)} />}
      {problem && (
        <Dialog title="Nothing was imported" isOpen onClose={() => setProblem(undefined)}>
          <ProblemNotice problem={problem} />
        </Dialog>
      )}
    </>
  );
}

function Review({ board, onClose }: { board: Board; onClose: () => void }) {
  const id = useId();
  const [, navigate] = useLocation();
  const [name, setName] = useState(board.title.replaceAll(/[/\\]/g, '-').trim().slice(0, 100));
  const [problem, setProblem] = useState<Problem>();
  const all = statements(board);
  async function agree() {
    const wrong = nameProblem(name);
    if (wrong) return setProblem(new Problem('This cannot be its name', wrong, '', 0));
    try {
      await saveBoard(name.trim(), board, NEW);
      navigate(pagePath(name.trim()));
    } catch (error) {
      const problem = asProblem(error);
      setProblem(
        problem.status === 412
          ? new Problem(`There is a dashboard “${name}” already`, '', 'Choose another name.', 412)
          : problem,
      );
    }
  }
  return (
    <Dialog title={`${plural(all.length, 'statement')} of somebody else`} isOpen wide onClose={onClose}>
      <p className="text-muted">
        Opening this dashboard runs them in your name, whenever somebody looks at it. Look at them first.
      </p>
      <ul className="space-y-2">
        {all.map(({ title, sql }, at) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: the list never changes.
          <li key={at}>
            <details open={all.length <= 3} className="rounded-lg border border-line px-3 py-2">
              <summary className="cursor-pointer [overflow-wrap:anywhere]">
                {title || 'Without a title'}
              </summary>
              <Code>{sql}</Code>
            </details>
          </li>
        ))}
      </ul>
      <div className="flex flex-col gap-1">
        <label htmlFor={id}>Name of the dashboard</label>
        <input
          id={id}
          className="field"
          value={name}
          maxLength={100}
          onChange={(event) => setName(event.target.value)}
        />
      </div>
      {problem && <ProblemNotice problem={problem} />}
      <div className="flex justify-end gap-2">
        <Button onPress={onClose}>Leave it</Button>
        <Button kind="primary" onPress={() => void agree()}>
          I have looked: save and open
        </Button>
      </div>
    </Dialog>
  );
}
