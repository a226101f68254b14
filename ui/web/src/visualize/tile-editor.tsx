/** What a tile asks and how it is drawn. What is typed here is on the board only when it is kept. */
import { useId, useMemo, useState } from 'react';
import { useTables } from '../api/live';
import { asProblem } from '../api/problem';
import type { EditorMark } from '../editor/sql-editor';
import { placeOf } from '../query/sql-error';
import { autoChart, type ChartSpec } from '../results/auto-chart';
import { Button } from '../ui/button';
import { Dialog } from '../ui/dialog';
import { Tabs } from '../ui/tabs';
import type { Tile } from './board';
import { withBoardTime, withoutOwnTime } from './board-time';
import { ChartFields } from './chart-fields';
import { isTooLong, StatementField } from './statement-field';
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
  const [ownTime, setOwnTime] = useState<string>();
  const { data: tables = NO_TABLES } = useTables();
  const { query } = useStatement(ran, view, true);
  const answer = ran.sql === '' ? undefined : query.data;
  const mark = useMark(draft.sql, ran.sql, query.error);

  const chart: ChartSpec = isChosen || !answer ? draft.chart : autoChart(answer.columns, answer.rows);
  const take = ({ title, sql, params, chart }: Found) => {
    const following = withBoardTime(sql, tables);
    setOwnTime(following === undefined ? undefined : sql);
    const taken = {
      ...draft,
      title: draft.title || (following === undefined ? title : withoutOwnTime(title)).slice(0, 200),
      sql: following ?? sql,
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
              <StatementField
                sql={draft.sql}
                ownTime={ownTime}
                mark={mark}
                tables={tables}
                onChange={(sql) => setDraft((draft) => ({ ...draft, sql }))}
                onRun={() => setRan(draft)}
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
          isDisabled={draft.sql.trim() === '' || isTooLong(draft.sql)}
          onPress={() => onKeep({ ...draft, chart, title: draft.title.trim() || 'Without a title' })}
        >
          Keep
        </Button>
      </div>
    </Dialog>
  );
}

const NO_TABLES: never[] = [];

/** Where the statement is wrong, while it is the one that has failed. */
function useMark(sql: string, ran: string, error: Error | null): EditorMark | undefined {
  return useMemo(() => {
    if (!error || sql !== ran) return undefined;
    const { title, detail } = asProblem(error);
    const place = placeOf(sql, detail);
    return place && { ...place, message: title };
  }, [sql, ran, error]);
}
