/** One question or statement on its way, from the first step to its rows. */
import { useCallback, useEffect, useRef, useState } from 'react';
import { api } from '../api/client';
import { postForEvents } from '../api/events';
import type { components } from '../api/generated/schema';
import { asProblem, isAbort, Problem, problemFrom } from '../api/problem';
import type { ChartSpec } from '../results/auto-chart';
import type { ResultColumn, Row } from '../results/value';

/** What is asked. */
export interface Request {
  mode: 'ask' | 'sql';
  text: string;
  params: Record<string, string>;
  limit: number;
  /** The questions before it in the same conversation, the oldest first. */
  conversation: string[];
  /** Parts of how the question is read that are to be others, one after the other. */
  corrections?: Correction[];
}

export type Step =
  | { step: 'context'; tables: number }
  | { step: 'reading'; reading: Chip[]; unknown: string[] }
  | { step: 'model'; asked_for: string }
  | { step: 'running'; sql: string }
  | { step: 'rejected'; sql: string; reason: string };

type Schemas = components['schemas'];
/** A part of a reading, with what else it could be. */
export type Chip = Schemas['Chip'];
export type Correction = Schemas['Choice'];

/** What only questions have. */
export interface Understanding {
  reading: Chip[];
  explanation: string;
  assumptions: string[];
  chart: ChartSpec;
  engine: string;
}

export interface Progress {
  rows_read: string;
  bytes_read: string;
  percent: number | null;
}

export interface Statistics {
  elapsed_ms: number;
  rows_read: string;
  bytes_read: string;
}

export interface Run {
  state: 'running' | 'done' | 'asked-back' | 'failed' | 'cancelled';
  startedAt: number;
  steps: Step[];
  sql: string;
  columns: ResultColumn[];
  rows: Row[];
  truncated: boolean;
  progress?: Progress;
  statistics?: Statistics;
  completeTo?: string;
  historyId?: string;
  queryId?: string;
  understanding?: Understanding;
  clarification?: string;
  problem?: Problem;
}

interface Answer extends Understanding {
  query_id: string;
  history_id: string;
  sql: string;
  columns: ResultColumn[];
  rows: Row[];
  truncated: boolean;
  statistics: Statistics;
  complete_to: string | null;
}

/** What an event changes. Rows are added to those that are there: copying them for each piece would be quadratic. */
function after(run: Run, name: string, data: unknown): Partial<Run> {
  switch (name) {
    case 'step':
      return { steps: [...run.steps, data as Step] };
    case 'query': {
      const { query_id, history_id } = data as { query_id: string; history_id: string };
      return { queryId: query_id, historyId: history_id };
    }
    case 'progress':
      return { progress: data as Progress };
    case 'columns':
      return { columns: data as ResultColumn[] };
    case 'rows':
      for (const row of data as Row[]) run.rows.push(row);
      return {};
    case 'done': {
      const done = data as { truncated: boolean; statistics: Statistics; complete_to: string | null };
      return {
        state: 'done',
        truncated: done.truncated,
        statistics: done.statistics,
        ...(done.complete_to == null ? {} : { completeTo: done.complete_to }),
      };
    }
    case 'answer': {
      const { query_id, history_id, sql, columns, rows, truncated, statistics, complete_to, ...rest } =
        data as Answer;
      return {
        state: 'done',
        queryId: query_id,
        historyId: history_id,
        sql,
        columns,
        rows,
        truncated,
        statistics,
        ...(complete_to == null ? {} : { completeTo: complete_to }),
        understanding: rest,
      };
    }
    case 'clarification': {
      const { clarification, history_id } = data as { clarification: string; history_id: string };
      return { state: 'asked-back', clarification, historyId: history_id };
    }
    case 'problem': {
      const { status } = data as { status: number };
      return { state: 'failed', problem: problemFrom(status, JSON.stringify(data)) };
    }
    default:
      return {};
  }
}

/** How often what comes is drawn, at most. */
const DRAW_MS = 80;

/** Runs a request once, and again with `again`. Leaving the page ends it on the node as well. */
export function useRun(request: Request): { run: Run; cancel: () => void } {
  const [run, setRun] = useState<Run>(() => begun(request));
  const running = useRef<AbortController>(undefined);

  useEffect(() => {
    const controller = new AbortController();
    running.current = controller;
    let now = begun(request);
    let drawn = 0;
    let waiting: ReturnType<typeof setTimeout> | undefined;
    const draw = () => {
      clearTimeout(waiting);
      waiting = undefined;
      drawn = performance.now();
      // The rows are the same list, which has grown: who draws them notices by the copy.
      setRun({ ...now, rows: now.rows.slice() });
    };
    const change = (part: Partial<Run>) => {
      now = { ...now, ...part };
      if (controller.signal.aborted && now.state === 'running') return;
      const due = drawn + DRAW_MS - performance.now();
      if (now.state !== 'running' || due <= 0) draw();
      else waiting ??= setTimeout(draw, due);
    };
    void (async () => {
      try {
        for await (const { name, data } of postForEvents(...asked(request), controller.signal)) {
          change(after(now, name, data));
          // What comes after the end is nothing that belongs to it.
          if (now.state !== 'running') return;
        }
        if (now.state === 'running') change({ state: 'failed', problem: brokenOff });
      } catch (error) {
        if (isAbort(error)) change({ state: 'cancelled' });
        else change({ state: 'failed', problem: asProblem(error) });
      }
    })();
    return () => {
      clearTimeout(waiting);
      controller.abort();
    };
  }, [request]);

  const cancel = useCallback(() => running.current?.abort(), []);
  return { run, cancel };
}

const brokenOff = new Problem(
  'The answer broke off',
  'The node ended the connection before the answer was whole.',
  'Run it again.',
  0,
);

function begun(request: Request): Run {
  return {
    state: 'running',
    startedAt: Date.now(),
    steps: [],
    sql: request.mode === 'sql' ? request.text : '',
    columns: [],
    rows: [],
    truncated: false,
  };
}

function asked({ mode, text, params, limit, conversation, corrections }: Request): [string, unknown] {
  return mode === 'sql'
    ? ['/api/v1/sql', { sql: text, params, limit }]
    : ['/api/v1/ask', { question: text, conversation, limit, ...(corrections ? { corrections } : {}) }];
}

/** Says what is thought of an answer. */
export async function judge(historyId: string, verdict: 'right' | 'wrong' | null): Promise<void> {
  await api.POST('/api/v1/history/{id}/verdict', { params: { path: { id: historyId } }, body: { verdict } });
}
