/** What a topic's stream would begin with: columns, what would not fit, and some messages. */
import { useState } from 'react';
import { count, plural, sentence } from '../../format/format';
import { Button } from '../../ui/button';
import { Code } from '../../ui/code';
import { Time } from '../../ui/time';
import type { Preview } from '../connections-api';
import { reasonText } from '../reasons';
import { Table, type TableColumn } from '../table';

/** More push what is below out of sight. */
const SHOWN_AT_FIRST = 8;

const COLUMNS: TableColumn<Preview['columns'][number]>[] = [
  { title: 'Column', cell: ({ name }) => name },
  { title: 'Type', cell: ({ type }) => <code className="font-mono text-sm">{type}</code> },
  { title: 'Why', cell: ({ evidence }) => <span className="text-muted">{sentence(evidence)}</span> },
  {
    title: 'There',
    cell: ({ seen, missing }) => (missing === 0 ? 'always' : `${count(seen)} of ${count(seen + missing)}`),
  },
  {
    title: 'Examples',
    cell: ({ examples }) => (
      <span className="font-mono text-sm">{examples.map((example) => cut(example, 40)).join('  ')}</span>
    ),
  },
];

function cut(text: string, length: number): string {
  return text.length > length ? `${text.slice(0, length)}…` : text;
}

export function TopicPreview({ preview }: { preview: Preview }) {
  const { partitions, messages_in_topic, sampled, columns, rejected, messages } = preview;
  const [isWhole, setWhole] = useState(false);
  if (sampled === 0) {
    return (
      <p>
        The topic has {plural(partitions, 'partition')} and no messages yet. Its stream waits for the first
        ones, and takes the columns from them.
      </p>
    );
  }
  return (
    <div className="flex flex-col gap-5">
      <p>
        {plural(partitions, 'partition')}
        {messages_in_topic != null && `, ${plural(messages_in_topic, 'message')}`};{' '}
        {plural(sampled, 'message')} looked at. The table would have {plural(columns.length, 'column')}:
      </p>
      <Table
        caption="Proposed columns"
        columns={COLUMNS}
        rows={isWhole ? columns : columns.slice(0, SHOWN_AT_FIRST)}
        keyOf={({ name }) => name}
      />
      {!isWhole && columns.length > SHOWN_AT_FIRST && (
        <Button small className="self-start" onPress={() => setWhole(true)}>
          Show all {count(columns.length)} columns
        </Button>
      )}
      {rejected.length > 0 && <Rejected rejected={rejected} />}
      <details>
        <summary className="cursor-pointer font-medium">{plural(messages.length, 'message')} of it</summary>
        <ul className="mt-2 flex flex-col gap-3">
          {messages.map(({ partition, offset, timestamp, key, payload }) => (
            <li key={`${partition}/${offset}`} className="flex min-w-0 flex-col gap-1">
              <p className="text-muted text-sm tabular-nums [overflow-wrap:anywhere]">
                {timestamp != null && (
                  <>
                    <Time at={timestamp} />,{' '}
                  </>
                )}
                partition {partition}, offset {count(offset)}
                {key != null && `, key ${key}`}
              </p>
              <Payload text={payload} />
            </li>
          ))}
        </ul>
      </details>
    </div>
  );
}

function Rejected({ rejected }: { rejected: Preview['rejected'] }) {
  return (
    <div className="flex flex-col gap-2">
      <h3 className="font-semibold text-amber">What would not fit</h3>
      <p className="text-muted text-sm">
        Such messages become dead letters: kept with the reason, and never in the way of the others.
      </p>
      <ul className="flex flex-col gap-3">
        {rejected.map(({ reason, count: howMany, detail, example }) => (
          <li key={reason} className="flex min-w-0 flex-col gap-1">
            <p className="[overflow-wrap:anywhere]">
              <span className="font-medium">
                {reasonText(reason)}, {plural(howMany, 'message')}:
              </span>{' '}
              {sentence(detail)}
            </p>
            <Payload text={example} />
          </li>
        ))}
      </ul>
    </div>
  );
}

function Payload({ text }: { text: string }) {
  return (
    <Code small height="max-h-40">
      {text}
    </Code>
  );
}
