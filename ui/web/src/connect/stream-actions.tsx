/** What an editor can do with a stream: pause it, resume it, remove it. */
import { useQueryClient } from '@tanstack/react-query';
import { EllipsisVertical, Pause, Play, Trash2 } from 'lucide-react';
import { useState } from 'react';
import type { Stream } from '../api/client';
import { asProblem, type Problem } from '../api/problem';
import { useMayEdit } from '../app/session';
import { Button } from '../ui/button';
import { Dialog } from '../ui/dialog';
import { Menu } from '../ui/menu';
import { ProblemNotice } from '../ui/notice';
import { tell } from '../ui/toast';
import { addStream, pauseStream, removeStream, resumeStream } from './connections-api';

interface Props {
  stream: Stream;
  /** As buttons with words, where there is room for them. */
  inFull?: boolean;
  onRemoved?: () => void;
}

export function StreamActions({ stream, inFull = false, onRemoved }: Props) {
  const client = useQueryClient();
  const mayEdit = useMayEdit();
  const [isRemoving, setRemoving] = useState(false);
  const [problem, setProblem] = useState<Problem>();
  if (!mayEdit) return null;
  const isPaused = stream.state === 'paused';

  async function pauseOrResume() {
    try {
      await (isPaused ? resumeStream(stream.id) : pauseStream(stream.id));
      tell(isPaused ? `${stream.topic} goes on.` : `${stream.topic} is paused.`);
      await client.invalidateQueries({ queryKey: ['streams'] });
    } catch (error) {
      setProblem(asProblem(error));
    }
  }

  const Turn = isPaused ? Play : Pause;
  const turn = isPaused ? 'Resume' : 'Pause';
  return (
    <>
      {inFull ? (
        <div className="flex flex-wrap gap-2">
          <Button small onPress={() => void pauseOrResume()}>
            <Turn aria-hidden className="size-4" /> {turn}
          </Button>
          <Button small kind="danger" onPress={() => setRemoving(true)}>
            <Trash2 aria-hidden className="size-4" /> Remove
          </Button>
        </div>
      ) : (
        <Menu
          label={`Stream ${stream.id}`}
          trigger={
            <Button kind="quiet" small aria-label={`What to do with stream ${stream.id}`}>
              <EllipsisVertical aria-hidden className="size-4" />
            </Button>
          }
          choices={[
            { id: 'turn', label: turn, onAction: () => void pauseOrResume() },
            { id: 'remove', label: 'Remove…', onAction: () => setRemoving(true) },
          ]}
        />
      )}
      <RemoveStream
        stream={stream}
        isOpen={isRemoving}
        onClose={() => setRemoving(false)}
        onRemoved={onRemoved}
      />
      <Dialog title="That did not work" isOpen={problem !== undefined} onClose={() => setProblem(undefined)}>
        {problem && <ProblemNotice problem={problem} />}
      </Dialog>
    </>
  );
}

interface RemoveProps {
  stream: Stream;
  isOpen: boolean;
  onClose: () => void;
  onRemoved: (() => void) | undefined;
}

function RemoveStream({ stream: { id, connection, topic, table }, isOpen, onClose, onRemoved }: RemoveProps) {
  const client = useQueryClient();
  const [isBusy, setBusy] = useState(false);
  const [drops, setDrops] = useState(false);
  const [problem, setProblem] = useState<Problem>();
  const refresh = () => client.invalidateQueries({ queryKey: ['streams'] });

  async function addAgain() {
    try {
      await addStream(connection, topic);
      await refresh();
    } catch (error) {
      const { title, detail } = asProblem(error);
      tell(`${topic} was not added again. ${title}. ${detail}`);
    }
  }

  async function remove() {
    setBusy(true);
    setProblem(undefined);
    try {
      await removeStream(id, drops);
      onClose();
      if (drops) tell(`${topic} is removed, and its data is dropped.`);
      else tell(`${topic} is removed. Its data is kept.`, () => void addAgain());
      onRemoved?.();
      await refresh();
    } catch (error) {
      setProblem(asProblem(error));
    } finally {
      setBusy(false);
    }
  }

  return (
    <Dialog title={`Remove ${topic}?`} isOpen={isOpen} onClose={onClose}>
      <p>
        No node reads the topic any more, within seconds.{' '}
        {!drops && (
          <>
            {table != null && (
              <>
                All rows in <code className="font-mono [overflow-wrap:anywhere]">{table}</code> stay, and
                queries go on working.{' '}
              </>
            )}
            How far it had come is kept, too: the same stream, added again, goes on from there.
          </>
        )}
      </p>
      {table != null && (
        <label className="flex items-start gap-2.5">
          <input
            type="checkbox"
            className="mt-1 size-4 accent-red"
            checked={drops}
            onChange={(event) => setDrops(event.target.checked)}
          />
          <span>
            Drop its data as well: the table{' '}
            <code className="font-mono [overflow-wrap:anywhere]">{table}</code>, its dead letters, and how far
            it had come. <strong className="font-semibold">This cannot be undone.</strong>
          </span>
        </label>
      )}
      {problem && <ProblemNotice problem={problem} />}
      <div className="flex flex-wrap justify-end gap-2">
        <Button onPress={onClose}>Keep it</Button>
        <Button kind="danger" isPending={isBusy} onPress={() => void remove()}>
          {drops ? 'Remove the stream and its data' : 'Remove the stream'}
        </Button>
      </div>
    </Dialog>
  );
}
