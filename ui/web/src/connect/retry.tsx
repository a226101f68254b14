/** Dead letters tried again: many at once, or one, as it came or put right by hand. */
import { useQueryClient } from '@tanstack/react-query';
import { RotateCw } from 'lucide-react';
import { useEffect, useId, useRef, useState } from 'react';
import type { Stream } from '../api/client';
import { asProblem, type Problem } from '../api/problem';
import { count, plural, sentence } from '../format/format';
import { Button } from '../ui/button';
import { Dialog } from '../ui/dialog';
import { described, FieldFrame } from '../ui/fields';
import { ProblemNotice } from '../ui/notice';
import { tell } from '../ui/toast';
import { type DeadLetters, deadLettersRetried } from './connections-api';
import { reasonText } from './reasons';
import { type Failure, type Outcome, retryAll } from './retrying';

type Letter = DeadLetters['dead_letters'][number];

/** Letters may be rows now: the list, and the stream's figures. */
function useRefresh(id: string) {
  const client = useQueryClient();
  return async () => {
    await client.invalidateQueries({ queryKey: ['dead-letters', id] });
    await client.invalidateQueries({ queryKey: ['streams'] });
  };
}

interface ManyProps {
  id: string;
  reason: string | undefined;
  howMany: string;
}

export function RetryMany({ id, reason, howMany }: ManyProps) {
  const refresh = useRefresh(id);
  const [outcome, setOutcome] = useState<Outcome>();
  const [problem, setProblem] = useState<Problem>();
  const running = useRef<AbortController>(undefined);
  const [isBusy, setBusy] = useState(false);
  useEffect(() => () => running.current?.abort(), []);

  async function run() {
    const controller = new AbortController();
    running.current = controller;
    setBusy(true);
    setOutcome(undefined);
    setProblem(undefined);
    try {
      setOutcome(await retryAll(id, reason, setOutcome, controller.signal));
    } catch (error) {
      if (!controller.signal.aborted) setProblem(asProblem(error));
    } finally {
      setBusy(false);
      await refresh();
    }
  }

  const what = reason === undefined ? `all ${count(howMany)}` : `“${reasonText(reason)}”`;
  return (
    <div className="flex flex-col gap-3">
      <div className="flex flex-wrap items-center gap-x-4 gap-y-2">
        <Button small isPending={isBusy} onPress={() => void run()}>
          <RotateCw aria-hidden className="size-4" /> Try {what} again
        </Button>
        {isBusy && (
          <Button small kind="quiet" onPress={() => running.current?.abort()}>
            Stop
          </Button>
        )}
        <p className="min-w-0 flex-1 basis-60 text-muted text-sm">
          What fits by now becomes a row, each message once. A column can be widened meanwhile, or a message
          put right.
        </p>
      </div>
      <div role="status" className="empty:hidden">
        {outcome && <OutcomeNotice outcome={outcome} />}
      </div>
      {problem && <ProblemNotice problem={problem} />}
    </div>
  );
}

function OutcomeNotice({ outcome: { rows, before, failed, failures, stopped } }: { outcome: Outcome }) {
  return (
    <div className="flex flex-col gap-1 rounded-[10px] border border-line bg-raised p-3 text-sm">
      <p className="font-medium">
        {plural(rows + before, 'message')} became rows, {count(failed)} still do not fit.
      </p>
      {stopped != null && <p>Not all could be tried. {stopped}</p>}
      <ul className="flex flex-col gap-1">
        {failures.map((failure) => (
          <li key={failure.reason} className="[overflow-wrap:anywhere]">
            <FailureText failure={failure} /> (partition {failure.partition}, offset {count(failure.offset)})
          </li>
        ))}
      </ul>
    </div>
  );
}

function FailureText({ failure: { reason, detail } }: { failure: Failure }) {
  return (
    <>
      <span className="font-medium">{reasonText(reason)}:</span> {sentence(detail)}
    </>
  );
}

interface OneProps {
  stream: Stream;
  letter: Letter;
  /** Whether it is being put right. The list knows, because it has to keep what is. */
  isEditing: boolean;
  onEdit: (isEditing: boolean) => void;
}

export function RetryOne({ stream, letter, isEditing, onEdit }: OneProps) {
  const refresh = useRefresh(stream.id);
  const [failure, setFailure] = useState<Failure>();
  const [problem, setProblem] = useState<Problem>();
  const [isBusy, setBusy] = useState(false);
  if (letter.generation !== stream.generation) {
    return (
      <p className="text-muted text-sm">
        It is of an earlier life of the topic, so it cannot be tried again.
      </p>
    );
  }

  /** Whether it is a row now. */
  async function run(payload?: string): Promise<boolean> {
    setBusy(true);
    setFailure(undefined);
    setProblem(undefined);
    try {
      const { generation, partition, offset } = letter;
      const one = { generation, partition, offset, ...(payload === undefined ? {} : { payload }) };
      const result = await deadLettersRetried(stream.id, { letters: [one] });
      setFailure(result.failures[0]);
      if (result.stopped != null) setFailure({ ...one, reason: 'not_tried', detail: result.stopped });
      if (result.rows === 0 && result.before > 0 && payload !== undefined) {
        const detail = 'it is a row already, of what somebody else made of it; this was not taken';
        setFailure({ ...one, reason: 'not_tried', detail });
        return false;
      }
      if (result.rows + result.before === 0) return false;
      tell('The message is a row now.');
      await refresh();
      return true;
    } catch (error) {
      setProblem(asProblem(error));
      return false;
    } finally {
      setBusy(false);
    }
  }

  const said = (
    <div role="status" className="text-sm empty:hidden">
      {failure && <FailureText failure={failure} />}
      {problem && <ProblemNotice problem={problem} />}
    </div>
  );
  const name = `partition ${letter.partition}, offset ${letter.offset}`;
  return (
    <>
      <div className="flex flex-wrap gap-2">
        <Button
          small
          kind="quiet"
          isPending={isBusy}
          aria-label={`Try again: ${name}`}
          onPress={() => void run()}
        >
          Try again
        </Button>
        {!letter.cut && !letter.base64 && (
          <Button small kind="quiet" aria-label={`Put right: ${name}`} onPress={() => onEdit(true)}>
            Put right…
          </Button>
        )}
      </div>
      {!isEditing && said}
      <Dialog title="Put the message right" isOpen={isEditing} onClose={() => onEdit(false)} wide>
        <PutRight
          payload={letter.payload}
          isBusy={isBusy}
          onCancel={() => onEdit(false)}
          onDone={async (payload) => {
            if (await run(payload)) onEdit(false);
          }}
        />
        {said}
      </Dialog>
    </>
  );
}

interface PutRightProps {
  payload: string;
  isBusy: boolean;
  onCancel: () => void;
  onDone: (payload: string) => Promise<void>;
}

function PutRight({ payload, isBusy, onCancel, onDone }: PutRightProps) {
  const id = useId();
  const [text, setText] = useState(payload);
  const error = jsonError(text);
  const hint = 'The row is made of this. What came stays with the dead letters, as it came.';
  return (
    <form
      className="flex flex-col gap-4"
      onSubmit={(event) => {
        event.preventDefault();
        if (!error) void onDone(text);
      }}
    >
      <FieldFrame id={id} label="Message" hint={hint} error={error}>
        <textarea
          {...described(id, hint, error)}
          rows={10}
          spellCheck={false}
          autoCapitalize="off"
          value={text}
          onChange={(event) => setText(event.target.value)}
          className="field min-h-32 font-mono text-sm aria-invalid:border-red"
        />
      </FieldFrame>
      <div className="flex flex-wrap justify-end gap-2">
        <Button onPress={onCancel}>Leave it</Button>
        <Button type="submit" kind="primary" isPending={isBusy} isDisabled={error !== undefined}>
          Make a row of it
        </Button>
      </div>
    </form>
  );
}

/** Why a text is no JSON object, if it is none. */
function jsonError(text: string): string | undefined {
  try {
    const value: unknown = JSON.parse(text);
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
    return isObject ? undefined : 'It has to be a JSON object: {…}.';
  } catch (error) {
    return `It is no valid JSON yet: ${error instanceof Error ? error.message : String(error)}`;
  }
}
