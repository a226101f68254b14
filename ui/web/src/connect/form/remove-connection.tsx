/** Removes a connection that no stream uses. */
import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { asProblem, type Problem } from '../../api/problem';
import { Button } from '../../ui/button';
import { Dialog } from '../../ui/dialog';
import { ProblemNotice } from '../../ui/notice';
import { tell } from '../../ui/toast';
import { addConnection, type Connection, removeConnection } from '../connections-api';
import { draftOf, keptSecrets, typedFrom } from './typed';

interface Props {
  connection: Connection;
  onRemoved: () => void;
}

export function RemoveConnection({ connection, onRemoved }: Props) {
  const client = useQueryClient();
  const [isOpen, setOpen] = useState(false);
  const [isBusy, setBusy] = useState(false);
  const [problem, setProblem] = useState<Problem>();
  const { name, security } = connection;
  // What was never shown cannot be given back.
  const hasSecrets = !security || Object.keys(keptSecrets(connection)).length > 0;
  const refresh = () => client.invalidateQueries({ queryKey: ['connections'] });

  async function addAgain() {
    try {
      await addConnection(name, draftOf(typedFrom(connection)));
      await refresh();
    } catch (error) {
      const { title, detail } = asProblem(error);
      tell(`${name} was not added again. ${title}. ${detail}`);
    }
  }

  async function remove() {
    setBusy(true);
    setProblem(undefined);
    try {
      await removeConnection(name);
      tell(`Connection ${name} is removed.`, hasSecrets ? undefined : () => void addAgain());
      await refresh();
      onRemoved();
    } catch (error) {
      setProblem(asProblem(error));
    } finally {
      setBusy(false);
    }
  }

  return (
    <>
      <Button kind="danger" small onPress={() => setOpen(true)}>
        Remove…
      </Button>
      <Dialog title={`Remove connection ${name}?`} isOpen={isOpen} onClose={() => setOpen(false)}>
        <p>
          It can be removed once no stream uses it.
          {hasSecrets && ' Its password or key is forgotten, and has to be typed again should it be needed.'}
        </p>
        {problem && <ProblemNotice problem={problem} />}
        <div className="flex flex-wrap justify-end gap-2">
          <Button onPress={() => setOpen(false)}>Keep it</Button>
          <Button kind="danger" isPending={isBusy} onPress={() => void remove()}>
            Remove the connection
          </Button>
        </div>
      </Dialog>
    </>
  );
}
