/** The proposed columns of a topic: each may get another type, or none. */
import { useState } from 'react';
import { count, plural, sentence } from '../../format/format';
import { Button } from '../../ui/button';
import { Select } from '../../ui/select';
import type { ColumnChoice, Preview } from '../connections-api';
import { Table, type TableColumn } from '../table';
import { pathKey, type Row, rowsOf, shortType, withLeftOut, withType } from './choices';

/** More push what is below out of sight. */
const SHOWN_AT_FIRST = 8;

interface Props {
  proposal: Preview;
  choices: readonly ColumnChoice[];
  /** Left out where nothing can be decided any more. */
  onChoose: ((choices: ColumnChoice[]) => void) | undefined;
}

const ABOUT: TableColumn<Row>[] = [
  {
    title: 'Why',
    cell: ({ column }) => <span className="text-muted">{sentence(column.evidence)}</span>,
  },
  {
    title: 'There',
    cell: ({ column: { seen, missing } }) =>
      missing === 0 ? 'always' : `${count(seen)} of ${count(seen + missing)}`,
  },
  {
    title: 'Examples',
    cell: ({ column }) => (
      <span className="font-mono text-sm">
        {column.examples.map((example) => cut(example, 40)).join('  ')}
      </span>
    ),
  },
];

function cut(text: string, length: number): string {
  return text.length > length ? `${text.slice(0, length)}…` : text;
}

export function ColumnChoices({ proposal, choices, onChoose }: Props) {
  const [isWhole, setWhole] = useState(false);
  const rows = rowsOf(proposal, choices);
  const name: TableColumn<Row> = {
    title: 'Column',
    cell: ({ column, type }) => (
      <span className={type === undefined ? 'text-muted line-through' : ''}>{column.name}</span>
    ),
  };
  const type: TableColumn<Row> = {
    title: 'Type',
    cell: (row) => <TypeOf row={row} choices={choices} onChoose={onChoose} />,
  };
  const leftOut: TableColumn<Row> = {
    title: 'Leave out',
    cell: ({ column, type, isCovered }) => (
      <input
        type="checkbox"
        aria-label={`Leave out ${column.name}`}
        className="size-4.5 accent-accent"
        checked={type === undefined}
        disabled={isCovered}
        onChange={(event) => onChoose?.(withLeftOut(choices, column.path, event.target.checked))}
      />
    ),
  };
  return (
    <>
      <Table
        caption="Proposed columns"
        columns={[name, type, ...(onChoose ? [leftOut] : []), ...ABOUT]}
        rows={isWhole ? rows : rows.slice(0, SHOWN_AT_FIRST)}
        keyOf={({ column }) => pathKey(column.path)}
      />
      <div className="flex flex-wrap gap-2 empty:hidden">
        {!isWhole && rows.length > SHOWN_AT_FIRST && (
          <Button small onPress={() => setWhole(true)}>
            Show all {count(rows.length)} columns
          </Button>
        )}
        {choices.length > 0 && (
          <Button small onPress={() => onChoose?.([])}>
            Reset to the proposal
          </Button>
        )}
      </div>
    </>
  );
}

function TypeOf({ row, choices, onChoose }: { row: Row } & Pick<Props, 'choices' | 'onChoose'>) {
  const { column, type, rejects, isCovered } = row;
  if (type === undefined) {
    return <span className="text-muted">{isCovered ? 'left out with its object' : 'no column'}</span>;
  }
  if (!onChoose || column.choices.length < 2)
    return <code className="font-mono text-sm">{shortType(type)}</code>;
  return (
    <>
      <Select
        label={`Type of ${column.name}`}
        isLabelHidden
        value={type}
        options={column.choices.map((option) => ({
          value: option.type,
          title: optionTitle(option, column.type),
        }))}
        onChange={(chosen) => onChoose(withType(choices, column, chosen))}
      />
      {rejects > 0 && <span className="text-amber text-sm">{plural(rejects, 'message')} would not fit</span>}
    </>
  );
}

function optionTitle({ type, rejects }: { type: string; rejects: number }, proposed: string): string {
  const notes = [
    ...(type === proposed ? ['proposed'] : []),
    ...(rejects > 0 ? [`${count(rejects)} would not fit`] : []),
  ];
  return notes.length === 0 ? shortType(type) : `${shortType(type)} (${notes.join(', ')})`;
}
