/** The way of a board to Grafana: whether there is one, and what to do with it or without. */
import { useQuery } from '@tanstack/react-query';
import { Download, ExternalLink } from 'lucide-react';
import { api, content } from '../api/client';
import type { components } from '../api/generated/schema';
import { asProblem } from '../api/problem';
import { Badge } from '../ui/badge';
import { Button } from '../ui/button';
import { Code } from '../ui/code';
import { Dialog } from '../ui/dialog';
import { ProblemNotice } from '../ui/notice';
import type { Board } from './board';
import { downloadForGrafana } from './download';

type Managed = components['schemas']['ManagedView'];

const CONFIGURATION = `[grafana]
url = "https://grafana.example.com"`;

export function GrafanaDialog({ board, onClose }: { board: Board; onClose: () => void }) {
  const { data, error } = useQuery({
    queryKey: ['grafana'],
    queryFn: ({ signal }) => content(api.GET('/api/v1/grafana', { signal })),
  });
  const base = data?.url?.replace(/\/$/, '');
  return (
    <Dialog title="This board in Grafana" isOpen onClose={onClose}>
      <div className="min-h-16" role="status">
        {error && <ProblemNotice problem={asProblem(error)} />}
        {data?.state === 'ready' && (
          <p>
            <Badge tone="good">ready</Badge> Grafana {data.version} answers at{' '}
            <span className="[overflow-wrap:anywhere]">{base}</span>.
          </p>
        )}
        {data?.state === 'unreachable' && (
          <p>
            <Badge tone="bad">out of reach</Badge> This node cannot reach Grafana at{' '}
            <span className="[overflow-wrap:anywhere]">{base}</span>. {data.reason} Your browser may reach it
            all the same.
          </p>
        )}
        {data?.state === 'none' && (
          <div className="space-y-2">
            <p>No Grafana is named in the node’s configuration. To have its state and the way to it here:</p>
            <Code>{CONFIGURATION}</Code>
          </div>
        )}
      </div>
      {data?.managed && <Kept managed={data.managed} />}
      <ol className="list-decimal space-y-2 pl-5">
        <li>
          Grafana needs its ClickHouse plugin, and a data source of it with the reading user of your
          ClickHouse.
        </li>
        <li>Download the board: all its tiles, its variables and its time, as a dashboard of Grafana.</li>
        <li>
          Import the file there (Dashboards, New, Import) and choose that data source. Importing it again
          replaces it.
        </li>
      </ol>
      <div className="flex flex-wrap justify-end gap-2">
        {base !== undefined && (
          <a
            href={`${base}/dashboard/import`}
            target="_blank"
            rel="noreferrer"
            className="inline-flex min-h-10 items-center gap-2 rounded-[10px] border border-line-strong bg-raised px-4 hover:border-muted"
          >
            <ExternalLink aria-hidden className="size-4" /> Open Grafana’s import
          </a>
        )}
        <Button kind="primary" onPress={() => downloadForGrafana(board)}>
          <Download aria-hidden className="size-4" /> Download for Grafana
        </Button>
      </div>
    </Dialog>
  );
}

/** What Aurora keeps in Grafana by itself. */
function Kept({ managed }: { managed: Managed }) {
  const ways = [
    { name: 'operations', url: managed.operations },
    { name: 'all of them', url: managed.folder },
  ];
  return (
    <div className="space-y-2">
      <p>
        Aurora keeps dashboards and alerts of its own there, one for operations and one for every stream:{' '}
        {ways.map(
          ({ name, url }) =>
            url && (
              <a
                key={name}
                href={url}
                target="_blank"
                rel="noreferrer"
                className="mr-3 text-accent underline"
              >
                {name}
              </a>
            ),
        )}
      </p>
      {managed.error && (
        <p className="[overflow-wrap:anywhere]">
          <Badge tone="bad">not in step</Badge> {managed.error}
        </p>
      )}
    </div>
  );
}
