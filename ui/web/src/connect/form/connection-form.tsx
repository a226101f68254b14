/** Where the brokers are, and how to log in there. */
import { type FormEvent, useEffect, useRef } from 'react';
import type { Problem } from '../../api/problem';
import { Button } from '../../ui/button';
import { TextField } from '../../ui/fields';
import { ProblemNotice } from '../../ui/notice';
import type { Connection } from '../connections-api';
import { SecurityFields } from './security-fields';
import { fieldOf, keptSecrets, type Typed } from './typed';

interface Props {
  typed: Typed;
  onChange: (change: Partial<Typed>) => void;
  saved: Connection | undefined;
  problem: Problem | undefined;
  mayEdit: boolean;
  isTesting: boolean;
  isSaving: boolean;
  onTest: () => void;
  onStop: () => void;
  onSave: () => void;
  onReload: () => void;
}

/** The fields that each kind of security shows; a problem of another one is told as a whole. */
const SHOWN: Record<Typed['kind'], (keyof Typed)[]> = {
  kept: [],
  plaintext: [],
  tls: ['ca'],
  mtls: ['ca', 'certificate', 'key', 'key_password'],
  sasl: ['username', 'password', 'ca'],
  oauthbearer: ['token_url', 'client_id', 'client_secret', 'scope', 'ca'],
};

export function ConnectionForm(props: Props) {
  const { typed, onChange, saved, problem, mayEdit, isTesting, isSaving } = props;
  const form = useRef<HTMLFormElement>(null);
  const field = fieldOf(problem?.field ?? '');
  const isShown = ['name', 'brokers', ...SHOWN[typed.kind]].includes(field);
  const errorOf = (name: keyof Typed) => (problem && name === field ? told(problem) : undefined);

  useEffect(() => {
    if (!problem || !isShown) return;
    form.current?.querySelector<HTMLElement>(`[name="${field}"]`)?.focus();
  }, [problem, field, isShown]);

  function submit(event: FormEvent) {
    event.preventDefault();
    props.onTest();
  }

  return (
    <form ref={form} onSubmit={submit} noValidate className="card flex flex-col gap-4 p-4 sm:p-6">
      <h2 className="font-semibold text-lg">Brokers and security</h2>
      {!mayEdit && (
        <p className="text-muted">
          Testing, adding and changing a connection takes the role of an editor; yours is viewer.
        </p>
      )}
      <fieldset disabled={!mayEdit} className="contents">
        <TextField
          label="Name"
          name="name"
          isMono
          isReadOnly={saved !== undefined}
          value={typed.name}
          onChange={(name) => onChange({ name })}
          hint={saved ? undefined : 'How the connection is called here: letters, digits, dots, dashes.'}
          error={errorOf('name')}
        />
        <TextField
          label="Brokers"
          name="brokers"
          isMono
          placeholder="kafka-1:9092,kafka-2:9092"
          value={typed.brokers}
          onChange={(brokers) => onChange({ brokers })}
          hint="One or more to begin with, as HOST:PORT; they name the others."
          error={errorOf('brokers')}
        />
        <SecurityFields
          typed={typed}
          onChange={onChange}
          errorOf={errorOf}
          kept={keptSecrets(saved)}
          mayKeep={saved !== undefined && !saved.security}
        />
      </fieldset>
      {problem && !isShown && (
        <ProblemNotice problem={problem}>
          {problem.status === 412 && (
            <Button small onPress={props.onReload}>
              Show theirs, and drop what I typed
            </Button>
          )}
        </ProblemNotice>
      )}
      {mayEdit && (
        <div className="flex flex-wrap items-center gap-2">
          <Button type="submit" kind="primary" isPending={isTesting}>
            {isTesting ? 'Testing…' : 'Test'}
          </Button>
          {isTesting && <Button onPress={props.onStop}>Stop</Button>}
          <Button isPending={isSaving} onPress={props.onSave}>
            {saved ? 'Save the changes' : 'Save without a stream'}
          </Button>
        </div>
      )}
    </form>
  );
}

function told({ detail, hint, title, status }: Problem): string {
  // A wrong field says so itself; a right that is missing needs what can be done about it, too.
  return status === 400 ? detail || title : `${title}: ${detail} ${hint}`;
}
