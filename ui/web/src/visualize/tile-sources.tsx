/** Where a tile's statement can come from: a question, or a query that somebody has saved. */
import { useQuery } from '@tanstack/react-query';
import { type FormEvent, useId, useState } from 'react';
import { api, content } from '../api/client';
import { asProblem, Problem } from '../api/problem';
import { type ChartSpec, KINDS } from '../results/auto-chart';
import { Button } from '../ui/button';
import { ProblemNotice } from '../ui/notice';
import { Select } from '../ui/select';

export interface Found {
  title: string;
  sql: string;
  params: Record<string, string>;
  /** How it is drawn, when that was said. */
  chart: ChartSpec | undefined;
}

interface Props {
  onFound: (found: Found) => void;
}

/** A chart that came from elsewhere, if it is one. */
function chartOf(value: unknown): ChartSpec | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { kind, x, y, series } = value as Record<string, unknown>;
  const known = KINDS.find((name) => name === kind);
  if (!known) return undefined;
  const spec: ChartSpec = { kind: known };
  if (typeof x === 'string') spec.x = x;
  if (typeof series === 'string') spec.series = series;
  if (Array.isArray(y)) spec.y = y.filter((name) => typeof name === 'string');
  return spec;
}

function paramsOf(value: unknown): Record<string, string> {
  const entries = Object.entries(typeof value === 'object' && value !== null ? value : {});
  return Object.fromEntries(
    entries.map(([name, value]) => [name, typeof value === 'string' ? value : JSON.stringify(value)]),
  );
}

export function AskSource({ onFound }: Props) {
  const id = useId();
  const [question, setQuestion] = useState('');
  const [isBusy, setBusy] = useState(false);
  const [problem, setProblem] = useState<Problem>();
  async function ask(event: FormEvent) {
    event.preventDefault();
    setBusy(true);
    setProblem(undefined);
    try {
      // The rows are asked anew by the tile, with the board's time.
      const body = { question, limit: 1 };
      const answer = await content(api.POST('/api/v1/ask', { body }));
      if ('sql' in answer) {
        const { sql, params } = answer;
        onFound({ title: question, sql, params, chart: undefined });
      } else {
        const asked = answer.clarification;
        setProblem(
          new Problem('The question can be understood in several ways', asked, 'Ask it more exactly.', 0),
        );
      }
    } catch (error) {
      setProblem(asProblem(error));
    } finally {
      setBusy(false);
    }
  }
  return (
    <form className="space-y-2" onSubmit={(event) => void ask(event)}>
      <label htmlFor={id} className="sr-only">
        Question
      </label>
      <div className="flex gap-2">
        <input
          id={id}
          className="field min-w-0 flex-1"
          placeholder="events per minute in the last hour"
          value={question}
          onChange={(event) => setQuestion(event.target.value)}
        />
        <Button type="submit" isDisabled={isBusy || question.trim() === ''}>
          {isBusy ? 'Asking…' : 'Ask'}
        </Button>
      </div>
      {problem && <ProblemNotice problem={problem} />}
    </form>
  );
}

export function SavedSource({ onFound }: Props) {
  const { data, error } = useQuery({
    queryKey: ['saved'],
    queryFn: async ({ signal }) => (await content(api.GET('/api/v1/saved', { signal }))).saved,
  });
  const [problem, setProblem] = useState<Problem>();
  async function choose(name: string) {
    try {
      const saved = await content(api.GET('/api/v1/saved/{name}', { params: { path: { name } } }));
      onFound({ title: name, sql: saved.sql, params: paramsOf(saved.params), chart: chartOf(saved.chart) });
    } catch (error) {
      setProblem(asProblem(error));
    }
  }
  const shown = problem ?? (error ? asProblem(error) : undefined);
  if (shown) return <ProblemNotice problem={shown} />;
  if (data?.length === 0) {
    return <p className="text-muted">No query is saved yet. The Query page saves them.</p>;
  }
  return (
    <Select
      label="Saved query"
      isLabelHidden
      value=""
      options={(data ?? []).map(({ name }) => ({ value: name, title: name }))}
      onChange={(name) => void choose(name)}
    />
  );
}
