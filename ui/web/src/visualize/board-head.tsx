/** Above a board: what it is, and what can be done with all of it. */
import { ChevronLeft, EllipsisVertical } from 'lucide-react';
import { type ReactNode, useState } from 'react';
import { Link, useLocation } from 'wouter';
import { useMayEdit } from '../app/session';
import { Button } from '../ui/button';
import { type Choice, Menu } from '../ui/menu';
import { tell } from '../ui/toast';
import type { Board } from './board';
import { NEW, pagePath, saveBoard } from './boards-api';
import { downloadBoard } from './download';
import { GrafanaDialog } from './grafana-dialog';
import { NameDialog } from './name-dialog';
import { writeLink } from './range';
import { asSeen, type View } from './use-view';

interface Props {
  board: Board;
  view: View;
  /** More to do, before what every board has. */
  choices?: Choice[];
  /** The buttons of a board that is kept; without them there is one that keeps it. */
  buttons?: ReactNode;
  children?: ReactNode;
}

export function BoardHead({ board, view, choices = [], buttons, children }: Props) {
  const mayEdit = useMayEdit();
  const [, navigate] = useLocation();
  const [isNaming, setNaming] = useState(false);
  const [isInGrafana, setInGrafana] = useState(false);
  const saveAs = {
    id: 'save-as',
    label: buttons ? 'Save as another' : 'Save as a dashboard',
    onAction: () => setNaming(true),
  };
  return (
    <div className="flex flex-wrap items-start gap-x-4 gap-y-2">
      <div className="min-w-0 flex-1 basis-64">
        <Link href="/visualize" className="inline-flex items-center gap-1 text-muted text-sm hover:text-text">
          <ChevronLeft aria-hidden className="size-4" />
          Dashboards
        </Link>
        <h1 className="font-semibold text-2xl tracking-tight [overflow-wrap:anywhere]">{board.title}</h1>
        {children && <p className="text-muted text-sm">{children}</p>}
      </div>
      <div className="flex items-center gap-2">
        {buttons ?? (mayEdit && <Button onPress={saveAs.onAction}>{saveAs.label}</Button>)}
        <Menu
          label="The board"
          trigger={
            <Button aria-label="More about the board" className="px-3">
              <EllipsisVertical aria-hidden className="size-4" />
            </Button>
          }
          choices={[
            ...choices,
            ...(mayEdit && buttons ? [saveAs] : []),
            { id: 'link', label: 'Copy a link to this view', onAction: () => void copyLink(view) },
            { id: 'json', label: 'Export as JSON', onAction: () => downloadBoard(asSeen(board, view)) },
            { id: 'grafana', label: 'In Grafana…', onAction: () => setInGrafana(true) },
          ]}
        />
      </div>
      {isInGrafana && <GrafanaDialog board={asSeen(board, view)} onClose={() => setInGrafana(false)} />}
      {isNaming && (
        <NameDialog
          title="Save as a dashboard"
          initial={board.title}
          onClose={() => setNaming(false)}
          onName={async (name) => {
            await saveBoard(name, { ...asSeen(board, view), title: name }, NEW);
            navigate(pagePath(name));
          }}
        />
      )}
    </div>
  );
}

/** The address with time and values in it, even where they are only the board's own. */
async function copyLink({ range, values }: View): Promise<void> {
  const chosen = Object.fromEntries(values.map(({ name, value }) => [name, value]));
  const search = writeLink(new URLSearchParams(location.search), range, chosen);
  const link = `${location.origin}${location.pathname}?${search}`;
  try {
    await navigator.clipboard.writeText(link);
    tell('The link is copied. It shows this time and these values.');
  } catch {
    // Without TLS a page may not write to the clipboard.
    history.replaceState(history.state, '', link);
    tell('The browser does not let this page copy: the link stands in the address bar.');
  }
}
