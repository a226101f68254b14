/** Whether every offset was counted exactly once: the last verdict, and an audit at once that shows what it counted. */
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { api, content, type Stream } from '../api/client';
import type { components } from '../api/generated/schema';
import { asProblem } from '../api/problem';
import { count, plural, sentence } from '../format/format';
import { Button } from '../ui/button';
import { ProblemNotice } from '../ui/notice';
import { Time } from '../ui/time';
import { Table, type TableColumn } from './table';
import { auditText } from './texts';

type Report = components['schemas']['AuditReport'];
type Counted = components['schemas']['PartitionAudit'];

/** What the journal says, and what was found when that is something else. */
function both(journal: number, found: number) {
  if (journal === found) return count(found);
  return (
    <span className="text-red">
      {count(found)} of {count(journal)}
    </span>
  );
}

const COLUMNS: TableColumn<Counted>[] = [
  { title: 'Partition', cell: ({ partition }) => partition },
  { title: 'Offsets', cell: ({ first, last }) => `${count(first)} to ${count(last)}`, isNumber: true },
  { title: 'Rows', cell: ({ rows, rows_found }) => both(rows, rows_found), isNumber: true },
  { title: 'Dead letters', cell: ({ dead, dead_found }) => both(dead, dead_found), isNumber: true },
  { title: 'Skips', cell: ({ skipped }) => count(skipped), isNumber: true },
  { title: 'Absent in Kafka', cell: ({ absent }) => count(absent), isNumber: true },
  { title: 'Expired unread', cell: ({ expired }) => count(expired), isNumber: true },
];

export function Audit({ stream }: { stream: Stream }) {
  const client = useQueryClient();
  const { mutate, data, error, isPending } = useMutation({
    mutationFn: () =>
      content(api.POST('/api/v1/streams/{id}/audit', { params: { path: { id: stream.id } } })),
    onSuccess: () => client.invalidateQueries({ queryKey: ['streams'] }),
  });
  const { meaning, tone } = auditText(stream);
  const checkedAt = stream.audit.checked_at;
  return (
    <div className="flex flex-col gap-4">
      <div className="flex flex-wrap items-center justify-between gap-3">
        <p className="min-w-0 [overflow-wrap:anywhere]">
          <strong className={`font-semibold ${tone === 'bad' ? 'text-red' : ''}`}>{meaning}</strong>{' '}
          {checkedAt != null && (
            <span className="text-muted">
              Checked <Time at={checkedAt} />.
            </span>
          )}
        </p>
        <Button isPending={isPending} onPress={() => mutate()}>
          {isPending ? 'Counting…' : 'Audit now'}
        </Button>
      </div>
      <p className="max-w-prose text-muted text-sm">
        The ranges of offsets in the journal follow each other without gap or overlap, and rows, dead letters
        and skips together are as many as the offsets seen: counted in the tables, not believed.
      </p>
      {error && <ProblemNotice problem={asProblem(error)} />}
      {data && <ReportOf report={data} />}
    </div>
  );
}

function ReportOf({ report: { clean, problems, partitions, checked_at, generation } }: { report: Report }) {
  return (
    <div className="flex flex-col gap-2">
      <p role="status">
        Generation {generation}, counted at <Time at={checked_at} />:{' '}
        {clean ? 'everything adds up.' : `${plural(problems.length, 'thing')} that must not be.`}
      </p>
      {problems.length > 0 && (
        <ul className="list-disc space-y-1 pl-5 text-red">
          {problems.map((problem) => (
            <li key={problem} className="[overflow-wrap:anywhere]">
              {sentence(problem)}
            </li>
          ))}
        </ul>
      )}
      <Table
        caption="What was counted"
        columns={COLUMNS}
        rows={partitions}
        keyOf={({ partition }) => partition}
        inPairs
      />
    </div>
  );
}
