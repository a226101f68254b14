/** Lets a node hand everything over and end, after saying what that means. */
import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { api, type ClusterNode, content } from '../api/client';
import { asProblem, type Problem } from '../api/problem';
import { plural } from '../format/format';
import { Button } from '../ui/button';
import { Dialog } from '../ui/dialog';
import { ProblemNotice } from '../ui/notice';
import { tell } from '../ui/toast';

export function DrainNode({ node, isOnly }: { node: ClusterNode; isOnly: boolean }) {
  const [isOpen, setOpen] = useState(false);
  return (
    <>
      <Button
        small
        isDisabled={node.state === 'draining'}
        aria-label={`Drain ${node.id}`}
        onPress={() => setOpen(true)}
      >
        Drain…
      </Button>
      <Dialog title={`Drain ${node.id}?`} isOpen={isOpen} onClose={() => setOpen(false)}>
        <Confirmation node={node} isOnly={isOnly} onClose={() => setOpen(false)} />
      </Dialog>
    </>
  );
}

function consequence({ partitions }: ClusterNode, isOnly: boolean): string {
  const its =
    partitions === 0
      ? 'It has no partitions to hand over'
      : `It hands its ${plural(partitions, 'partition')} over`;
  return isOnly
    ? 'It is the only node: reading stops until a node is started again, and goes on from where it was. Nothing is lost.'
    : `${its}${partitions === 0 ? '' : ' to the other nodes, without loss and within about a second'}, finishes the queries it runs, and its process ends. It comes back when it is started again.`;
}

interface Props {
  node: ClusterNode;
  isOnly: boolean;
  onClose: () => void;
}

function Confirmation({ node, isOnly, onClose }: Props) {
  const client = useQueryClient();
  const [isBusy, setBusy] = useState(false);
  const [problem, setProblem] = useState<Problem>();

  async function drain() {
    setBusy(true);
    setProblem(undefined);
    try {
      const asked = api.POST('/api/v1/cluster/nodes/{id}/drain', { params: { path: { id: node.id } } });
      await content(asked);
      tell(`${node.id} hands over and ends.`);
      onClose();
      await client.invalidateQueries({ queryKey: ['cluster'] });
    } catch (error) {
      setProblem(asProblem(error));
    } finally {
      setBusy(false);
    }
  }

  return (
    <>
      <p>{consequence(node, isOnly)}</p>
      {node.is_self && (
        <p className="text-amber">
          This page comes from that very node: open it at another one to go on watching.
        </p>
      )}
      {problem && <ProblemNotice problem={problem} />}
      <div className="flex flex-wrap justify-end gap-2">
        <Button onPress={onClose}>Let it run</Button>
        <Button kind="danger" isPending={isBusy} onPress={() => void drain()}>
          Drain {node.id}
        </Button>
      </div>
    </>
  );
}
