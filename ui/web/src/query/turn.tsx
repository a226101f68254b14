/** One question or statement and what came of it. */

import { Download, Link2, Pencil, Save, ThumbsDown, ThumbsUp } from 'lucide-react';
import { lazy, Suspense, useEffect, useMemo, useState } from 'react';
import type { Table } from '../api/client';
import { asProblem } from '../api/problem';
import { useMayEdit } from '../app/session';
import { bytes, duration, plural } from '../format/format';
import { clock } from '../format/time';
import { autoChart } from '../results/auto-chart';
import { ResultTable } from '../results/table';
import { tabSeparated } from '../results/value';
import { Button } from '../ui/button';
import { Code } from '../ui/code';
import { Menu } from '../ui/menu';
import { ProblemNotice } from '../ui/notice';
import { Tabs } from '../ui/tabs';
import { tell } from '../ui/toast';
import { download, FORMATS } from './files';
import { linkTo } from './link';
import { Reading } from './reading';
import { SaveDialog } from './save-dialog';
import { Steps } from './steps';
import { TermDialog } from './term-dialog';
import { judge, type Request, type Run, useRun } from './use-run';

const Chart = lazy(() => import('../results/chart'));

interface Props {
  request: Request;
  tables: Table[];
  isLatest: boolean;
  onState: (run: Run, cancel: () => void) => void;
  onEdit: (sql: string) => void;
  onAskAgain: (question: string) => void;
  /** The same is to be asked otherwise, at once. */
  onRun: (request: Request) => void;
}

export function Turn({ request, tables, isLatest, onState, onEdit, onAskAgain, onRun }: Props) {
  const mayEdit = useMayEdit();
  const [taught, setTaught] = useState<string>();
  const { run, cancel } = useRun(request);
  useEffect(() => {
    if (isLatest) onState(run, cancel);
  }, [isLatest, run, cancel, onState]);
  const isDone = run.state === 'done';
  return (
    <article
      aria-label={request.mode === 'ask' ? request.text : 'Statement'}
      className="card flex flex-col gap-3 p-3 sm:p-4"
    >
      {request.mode === 'ask' && (
        <h2 className="font-semibold text-lg [overflow-wrap:anywhere]">{request.text}</h2>
      )}
      {!isDone && (run.state === 'running' || run.steps.length > 0) && (
        <Steps run={run} mode={request.mode} />
      )}
      {run.understanding && (
        <Reading
          understanding={run.understanding}
          onCorrect={(correction) =>
            onRun({ ...request, corrections: [...(request.corrections ?? []), correction] })
          }
          onReword={() => onAskAgain(request.text)}
          onEditSql={() => onEdit(run.sql)}
          onTeach={mayEdit ? () => setTaught('') : undefined}
        />
      )}
      {run.state === 'cancelled' && (
        <p className="text-muted">Cancelled: the statement was ended in ClickHouse as well.</p>
      )}
      {run.state === 'asked-back' && <p className="text-lg">{run.clarification}</p>}
      {run.problem && (
        <ProblemNotice problem={run.problem}>
          {request.mode === 'ask' && (
            <Unknown
              run={run}
              onTeach={mayEdit ? setTaught : undefined}
              onReword={() => onAskAgain(request.text)}
            />
          )}
        </ProblemNotice>
      )}
      {taught !== undefined && (
        <TermDialog known={{ term: taught }} isNew tables={tables} onClose={() => setTaught(undefined)} />
      )}
      {(isDone || (request.mode === 'sql' && run.columns.length > 0)) && (
        <Result run={run} request={request} />
      )}
      <div role="status" className="sr-only">
        {isDone
          ? `${plural(run.rows.length, 'row')} in ${duration(run.statistics?.elapsed_ms ?? 0).join(' ')}`
          : ''}
      </div>
      {isDone && <Actions run={run} request={request} onEdit={onEdit} />}
    </article>
  );
}

/** What to do about words that were not understood. */
function Unknown({
  run,
  onTeach,
  onReword,
}: {
  run: Run;
  /** Not given to those who may not. */
  onTeach: ((word: string) => void) | undefined;
  onReword: () => void;
}) {
  const reading = run.steps.findLast((step) => step.step === 'reading');
  // What a question leaves open is told as a phrase; only words can be taught.
  const words = (reading?.unknown ?? []).filter((word) => !word.startsWith('what '));
  return (
    <div className="flex flex-wrap gap-2 pt-1">
      <Button small onPress={onReword}>
        Ask it otherwise
      </Button>
      {onTeach &&
        words.slice(0, 4).map((word) => (
          <Button key={word} small onPress={() => onTeach(word)}>
            Teach what “{word.slice(0, 40)}” means
          </Button>
        ))}
    </div>
  );
}

function Result({ run, request }: { run: Run; request: Request }) {
  const { columns, rows } = run;
  const chart = useMemo(
    () => (run.state === 'done' ? (run.understanding?.chart ?? autoChart(columns, rows)) : undefined),
    [run.state, run.understanding, columns, rows],
  );
  const hasChart = chart !== undefined && chart.kind !== 'table' && rows.length > 0;
  const label = request.mode === 'ask' ? request.text : 'Result';
  const table =
    rows.length === 0 && run.state === 'done' ? (
      <p className="py-4 text-muted">No rows.</p>
    ) : (
      <ResultTable columns={columns} rows={rows} label={`Rows: ${label}`} />
    );
  const statement = <Code>{run.sql}</Code>;
  if (!hasChart && request.mode === 'sql') return table;
  const tabs = [
    ...(hasChart
      ? [
          {
            id: 'chart',
            label: chart.kind === 'number' ? 'Number' : 'Chart',
            content: (
              <Suspense fallback={<div className="h-80" />}>
                <Chart columns={columns} rows={rows} chart={chart} label={label} />
              </Suspense>
            ),
          },
        ]
      : []),
    { id: 'rows', label: 'Rows', content: table },
    ...(request.mode === 'ask' ? [{ id: 'sql', label: 'SQL', content: statement }] : []),
  ];
  return <Tabs label="Result" tabs={tabs} />;
}

function Actions({ run, request, onEdit }: { run: Run; request: Request; onEdit: (sql: string) => void }) {
  const mayEdit = useMayEdit();
  const [saving, setSaving] = useState(false);
  const params = request.mode === 'sql' ? request.params : {};
  async function keep(format: (typeof FORMATS)[number]['id']) {
    try {
      await download(run.sql, params, format);
    } catch (error) {
      tell(asProblem(error).title);
    }
  }
  async function copyLink() {
    const link = linkTo(request);
    if (!link) return tell('This is too long for a link: save it, and share that.');
    await navigator.clipboard.writeText(`${location.origin}/query${link}`);
    tell('The link is copied. It shows this, and runs nothing by itself.');
  }
  async function copyRows() {
    await navigator.clipboard.writeText(tabSeparated(run.columns, run.rows));
    tell(`${plural(run.rows.length, 'row')} copied.`);
  }
  return (
    <footer className="flex flex-wrap items-center gap-1.5 border-line border-t pt-3">
      <p className="basis-full text-muted text-sm">{summary(run)}</p>
      {request.mode === 'ask' && run.historyId && <Thumbs key={run.historyId} historyId={run.historyId} />}
      {request.mode === 'ask' && (
        <Button kind="quiet" small onPress={() => onEdit(run.sql)}>
          <Pencil aria-hidden className="size-4" /> Edit SQL
        </Button>
      )}
      {mayEdit && (
        <Button kind="quiet" small onPress={() => setSaving(true)}>
          <Save aria-hidden className="size-4" /> Save
        </Button>
      )}
      <Button kind="quiet" small onPress={() => void copyLink()}>
        <Link2 aria-hidden className="size-4" /> Link
      </Button>
      <Menu
        label="Export"
        trigger={
          <Button kind="quiet" small>
            <Download aria-hidden className="size-4" /> Export
          </Button>
        }
        choices={[
          { id: 'copy', label: 'Copy these rows', onAction: () => void copyRows() },
          ...FORMATS.map(({ id, label }) => ({
            id,
            label: `All rows as ${label}`,
            onAction: () => void keep(id),
          })),
        ]}
      />
      {saving && <SaveDialog run={run} request={request} onClose={() => setSaving(false)} />}
    </footer>
  );
}

function Thumbs({ historyId }: { historyId: string }) {
  const [verdict, setVerdict] = useState<'right' | 'wrong'>();
  async function say(said: 'right' | 'wrong') {
    const next = verdict === said ? undefined : said;
    setVerdict(next);
    try {
      await judge(historyId, next ?? null);
      if (next === 'right') tell('Kept as right: asked again, it is answered the same way.');
    } catch (error) {
      setVerdict(verdict);
      tell(asProblem(error).title);
    }
  }
  return (
    <>
      <Button
        kind="quiet"
        small
        aria-label="This is right"
        aria-pressed={verdict === 'right'}
        onPress={() => void say('right')}
      >
        <ThumbsUp aria-hidden className={`size-4 ${verdict === 'right' ? 'fill-accent text-accent' : ''}`} />
      </Button>
      <Button
        kind="quiet"
        small
        aria-label="This is wrong"
        aria-pressed={verdict === 'wrong'}
        onPress={() => void say('wrong')}
      >
        <ThumbsDown aria-hidden className={`size-4 ${verdict === 'wrong' ? 'fill-red text-red' : ''}`} />
      </Button>
    </>
  );
}

function summary({ rows, truncated, statistics, completeTo }: Run): string {
  const parts = [
    truncated ? `the first ${plural(rows.length, 'row')}, there are more` : plural(rows.length, 'row'),
  ];
  if (statistics) {
    parts.push(duration(statistics.elapsed_ms).join(' '));
    parts.push(`${plural(statistics.rows_read, 'row')} read, ${bytes(statistics.bytes_read)}`);
  }
  if (completeTo) parts.push(`complete up to ${clock(completeTo)}`);
  return parts.join(' · ');
}
