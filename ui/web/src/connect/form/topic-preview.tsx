/** What a topic's stream would begin with: columns, what would not fit, and some messages. */
import { count, plural, sentence } from '../../format/format';
import { Code } from '../../ui/code';
import { Time } from '../../ui/time';
import type { ColumnChoice, Preview } from '../connections-api';
import { reasonText } from '../reasons';
import { ColumnChoices } from './column-choices';

interface Props {
  /** What the node proposes when nothing is decided. */
  proposal: Preview;
  choices: readonly ColumnChoice[];
  /** Left out where nothing can be decided any more. */
  onChoose: ((choices: ColumnChoice[]) => void) | undefined;
  /** What comes of the choices; undefined while that is found out. */
  checked: Preview | undefined;
}

export function TopicPreview({ proposal, choices, onChoose, checked }: Props) {
  const { partitions, messages_in_topic, sampled, messages } = proposal;
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
        {plural(sampled, 'message')} looked at. The table would have{' '}
        {plural((checked ?? proposal).columns.length, 'column')}
        {onChoose && ', which you can change now and not later'}:
      </p>
      <ColumnChoices proposal={proposal} choices={choices} onChoose={onChoose} />
      <p role="status" className="text-muted text-sm">
        {choices.length > 0 && (checked ? outcome(checked) : 'Checking what would not fit…')}
      </p>
      {checked && checked.rejected.length > 0 && <Rejected rejected={checked.rejected} />}
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

/** What comes of what was decided, in a sentence. */
function outcome({ sampled, rejected }: Preview): string {
  const howMany = rejected.reduce((sum, { count }) => sum + count, 0);
  if (howMany === 0) return 'With your changes, all messages that were looked at fit.';
  return `With your changes, ${count(howMany)} of ${plural(sampled, 'message')} would not fit.`;
}

function Rejected({ rejected }: { rejected: Preview['rejected'] }) {
  return (
    <div className="flex flex-col gap-2">
      <h3 className="font-semibold text-amber">What would not fit</h3>
      <p className="text-muted text-sm">
        Such messages become dead letters: kept with the reason, and never in the way of the others.
      </p>
      <ul className="flex flex-col gap-3">
        {rejected.map(({ reason, column, count: howMany, detail, example }) => (
          <li key={`${reason}/${column ?? ''}`} className="flex min-w-0 flex-col gap-1">
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
