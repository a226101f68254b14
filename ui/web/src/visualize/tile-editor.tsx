/** What a tile asks and how it is drawn. What is typed here is on the board only when it is kept. */
import { useId, useState } from 'react';
import { autoChart, type ChartSpec } from '../results/auto-chart';
import { Button } from '../ui/button';
import { Dialog } from '../ui/dialog';
import { Tabs } from '../ui/tabs';
import { MOST_SQL_BYTES, type Tile } from './board';
import { ChartFields } from './chart-fields';
import { usesRange } from './parameters';
import { TileBody } from './tile-body';
import { AskSource, type Found, SavedSource } from './tile-sources';
import { useStatement } from './use-statement';
import type { View } from './use-view';

interface Props {
  tile: Tile;
  view: View;
  onKeep: (tile: Tile) => void;
  /** Closed without keeping it; what was typed, if anything was. */
  onLeave: (typed: Tile | undefined) => void;
}

export function TileEditor({ tile, view, onKeep, onLeave }: Props) {
  const id = useId();
  const [draft, setDraft] = useState(tile);
  const [source, setSource] = useState(tile.sql === '' ? 'ask' : 'sql');
  // A statement runs when that is asked for, not with every letter.
  const [ran, setRan] = useState(tile);
  const [isChosen, setChosen] = useState(tile.sql !== '');
  const { query } = useStatement(ran, view, true);
  const answer = ran.sql === '' ? undefined : query.data;

  const chart: ChartSpec = isChosen || !answer ? draft.chart : autoChart(answer.columns, answer.rows);
  const take = ({ title, sql, params, chart }: Found) => {
    const taken = {
      ...draft,
      title: draft.title || title.slice(0, 200),
      sql,
      params,
      chart: chart ?? draft.chart,
    };
    setDraft(taken);
    setRan(taken);
    setChosen(chart !== undefined);
    setSource('sql');
  };
  const changed = JSON.stringify(draft) !== JSON.stringify(tile);

  return (
    <Dialog
      title={tile.sql === '' ? 'Add a tile' : 'Edit the tile'}
      isOpen
      wide
      onClose={() => onLeave(changed ? { ...draft, chart } : undefined)}
    >
      <div className="flex flex-col gap-1">
        <label htmlFor={`${id}title`}>Title</label>
        <input
          id={`${id}title`}
          className="field"
          maxLength={200}
          value={draft.title}
          onChange={(event) => setDraft({ ...draft, title: event.target.value })}
        />
      </div>
      <Tabs
        label="Where its numbers come from"
        selected={source}
        onSelect={setSource}
        tabs={[
          { id: 'ask', label: 'Ask', content: <AskSource onFound={take} /> },
          {
            id: 'sql',
            label: 'SQL',
            content: (
              <SqlField
                sql={draft.sql}
                onChange={(sql) => setDraft({ ...draft, sql })}
                onRun={() => setRan({ ...draft })}
              />
            ),
          },
          { id: 'saved', label: 'Saved query', content: <SavedSource onFound={take} /> },
        ]}
      />
      {answer && (
        <ChartFields
          columns={answer.columns}
          rows={answer.rows}
          chart={chart}
          onChange={(chart) => {
            setDraft({ ...draft, chart });
            setChosen(true);
          }}
        />
      )}
      {ran.sql !== '' && (
        <div className="flex h-72 flex-col rounded-lg border border-line p-3">
          <TileBody tile={{ ...ran, chart, title: draft.title || 'Preview' }} view={view} isSeen />
        </div>
      )}
      <div className="flex justify-end gap-2">
        <Button onPress={() => onLeave(changed ? { ...draft, chart } : undefined)}>Cancel</Button>
        <Button
          kind="primary"
          isDisabled={draft.sql.trim() === ''}
          onPress={() => onKeep({ ...draft, chart, title: draft.title.trim() || 'Without a title' })}
        >
          Keep
        </Button>
      </div>
    </Dialog>
  );
}

interface SqlProps {
  sql: string;
  onChange: (sql: string) => void;
  onRun: () => void;
}

function SqlField({ sql, onChange, onRun }: SqlProps) {
  const id = useId();
  return (
    <div className="space-y-2">
      <label htmlFor={id} className="sr-only">
        Statement
      </label>
      <textarea
        id={id}
        aria-describedby={`${id}hint`}
        className="field min-h-36 w-full font-mono text-sm"
        spellCheck={false}
        maxLength={MOST_SQL_BYTES}
        value={sql}
        onChange={(event) => onChange(event.target.value)}
        onKeyDown={(event) => {
          if (event.key !== 'Enter' || !(event.ctrlKey || event.metaKey)) return;
          event.preventDefault();
          onRun();
        }}
      />
      <div className="flex flex-wrap items-start justify-between gap-2">
        <p id={`${id}hint`} className="flex-1 basis-64 text-muted text-sm">
          {sql.trim() !== '' &&
            !usesRange(sql) &&
            'The time chosen above the board does not touch this statement. '}
          <code>{'{from:DateTime64(3)}'}</code> and <code>{'{to:DateTime64(3)}'}</code> are the board’s time,{' '}
          <code>{'{step:UInt32}'}</code> the seconds between two points of a line.
        </p>
        <Button isDisabled={sql.trim() === ''} onPress={onRun}>
          Run
        </Button>
      </div>
    </div>
  );
}
