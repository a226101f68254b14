/** The statement of a tile: written in the editor, with the board's time or with its own. */
import { lazy, Suspense } from 'react';
import type { Table } from '../api/client';
import { EDITOR_HEIGHT } from '../editor/height';
import type { EditorMark } from '../editor/sql-editor';
import { count } from '../format/format';
import { Button } from '../ui/button';
import { MOST_SQL_BYTES } from './board';
import { usesRange, withBoardTime } from './board-time';

const SqlEditor = lazy(() => import('../editor/sql-editor'));

interface Props {
  sql: string;
  /** The statement of a question with its own time, where the board's has taken its place. */
  ownTime: string | undefined;
  mark: EditorMark | undefined;
  tables: Table[];
  onChange: (sql: string) => void;
  onRun: () => void;
}

export function isTooLong(sql: string): boolean {
  return new TextEncoder().encode(sql).length > MOST_SQL_BYTES;
}

export function StatementField({ sql, ownTime, mark, tables, onChange, onRun }: Props) {
  const isLong = isTooLong(sql);
  return (
    <div className="space-y-2">
      <Suspense
        fallback={
          <div role="status" className={`field text-muted ${EDITOR_HEIGHT}`}>
            Loading the editor…
          </div>
        }
      >
        <SqlEditor
          label="Statement"
          value={sql}
          onChange={onChange}
          onRun={onRun}
          tables={tables}
          mark={mark}
        />
      </Suspense>
      {isLong && (
        <p role="alert" className="text-red">
          A tile’s statement has {count(MOST_SQL_BYTES)} bytes at most. Nothing is lost: shorten it, or save
          it as a query.
        </p>
      )}
      <BoardTime sql={sql} ownTime={ownTime} tables={tables} onChange={onChange} />
      <div className="flex flex-wrap items-start justify-between gap-2">
        <p className="flex-1 basis-64 text-muted text-sm">
          <code>{'{from:DateTime64(3)}'}</code> and <code>{'{to:DateTime64(3)}'}</code> are the board’s time,{' '}
          <code>{'{step:UInt32}'}</code> the seconds between two points of a line.
        </p>
        <Button isDisabled={sql.trim() === '' || isLong} onPress={onRun}>
          Run
        </Button>
      </div>
    </div>
  );
}

/** Whose time the statement has, and a way to the other one. */
function BoardTime({
  sql,
  ownTime,
  tables,
  onChange,
}: Pick<Props, 'sql' | 'ownTime' | 'tables' | 'onChange'>) {
  if (sql.trim() === '') return null;
  if (usesRange(sql)) {
    if (ownTime === undefined || withBoardTime(ownTime, tables) !== sql) return null;
    return (
      <Told
        text="It follows the time of the board, and not the one that was asked for."
        action="Keep the time of the question"
        onAction={() => onChange(ownTime)}
      />
    );
  }
  const following = withBoardTime(sql, tables);
  return (
    <Told
      text="It keeps a time of its own, or has none: the time chosen above the board does not touch it."
      action={following === undefined ? undefined : 'Follow the board’s time'}
      onAction={() => following !== undefined && onChange(following)}
    />
  );
}

function Told({
  text,
  action,
  onAction,
}: {
  text: string;
  action: string | undefined;
  onAction: () => void;
}) {
  return (
    <div className="flex flex-wrap items-center gap-2 rounded-lg border border-line bg-raised px-3 py-2">
      <p className="flex-1 basis-64 text-sm">{text}</p>
      {action !== undefined && (
        <Button small onPress={onAction}>
          {action}
        </Button>
      )}
    </div>
  );
}
