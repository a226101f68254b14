/** A topic of a connection becomes a stream. */
import { useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { Link, useLocation } from 'wouter';
import { asProblem, type Problem } from '../api/problem';
import { Button } from '../ui/button';
import { Dialog } from '../ui/dialog';
import { TextField } from '../ui/fields';
import { ProblemNotice } from '../ui/notice';
import { tell } from '../ui/toast';
import { addStream, type Connection } from './connections-api';
import { connectionPath, streamPath } from './texts';

interface Props {
  connections: readonly Connection[];
  isOpen: boolean;
  onClose: () => void;
}

export function AddStream({ connections, isOpen, onClose }: Props) {
  return (
    <Dialog title="Add a stream" isOpen={isOpen} onClose={onClose}>
      {connections.length === 0 ? (
        <div className="space-y-3">
          <p>A stream reads a topic through a connection, and there is none yet.</p>
          <Link href="/connect/new" className="text-accent underline">
            Add a connection
          </Link>
        </div>
      ) : (
        <AddStreamForm connections={connections} onClose={onClose} />
      )}
    </Dialog>
  );
}

function AddStreamForm({ connections, onClose }: Omit<Props, 'isOpen'>) {
  const client = useQueryClient();
  const [, navigate] = useLocation();
  const [connection, setConnection] = useState(connections[0]?.name ?? '');
  const [topic, setTopic] = useState('');
  const [isBusy, setBusy] = useState(false);
  const [problem, setProblem] = useState<Problem>();

  async function add(event: FormEvent) {
    event.preventDefault();
    setBusy(true);
    setProblem(undefined);
    try {
      const { id } = await addStream(connection, topic.trim());
      tell(`${topic.trim()} is added.`);
      await client.invalidateQueries({ queryKey: ['streams'] });
      onClose();
      navigate(streamPath(id));
    } catch (error) {
      setProblem(asProblem(error));
    } finally {
      setBusy(false);
    }
  }

  return (
    <form onSubmit={add} className="flex flex-col gap-4">
      <label className="flex flex-col gap-1.5">
        <span className="font-medium">Connection</span>
        <select className="field" value={connection} onChange={(event) => setConnection(event.target.value)}>
          {connections.map(({ name, brokers }) => (
            <option key={name} value={name}>
              {brokers ? `${name} (${brokers})` : name}
            </option>
          ))}
        </select>
      </label>
      <TextField
        label="Topic"
        name="topic"
        value={topic}
        onChange={setTopic}
        isMono
        hint="It may be made later: until then the stream waits for it."
        error={problem?.field === 'topic' ? problem.detail : undefined}
      />
      <p className="text-muted text-sm">
        To choose from the topics there are, and to see messages and columns first,{' '}
        <Link href={connectionPath(connection)} className="text-accent underline">
          look into the connection
        </Link>
        .
      </p>
      {problem && problem.field !== 'topic' && <ProblemNotice problem={problem} />}
      <div className="flex flex-wrap justify-end gap-2">
        <Button onPress={onClose}>Cancel</Button>
        <Button type="submit" kind="primary" isPending={isBusy} isDisabled={topic.trim() === ''}>
          Add the stream
        </Button>
      </div>
    </form>
  );
}
