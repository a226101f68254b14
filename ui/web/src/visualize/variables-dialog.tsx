/** The variables of a board: what readers can choose above it, and statements use. */
import { Trash2 } from 'lucide-react';
import { useId, useState } from 'react';
import { Problem } from '../api/problem';
import { Button } from '../ui/button';
import { Dialog } from '../ui/dialog';
import { ProblemNotice } from '../ui/notice';
import { Select } from '../ui/select';
import { tell } from '../ui/toast';
import { BoardError, emptyBoard, MOST_VARIABLES, parseBoard, VARIABLE_TYPES, type Variable } from './board';

interface Props {
  variables: readonly Variable[];
  onKeep: (variables: Variable[]) => void;
  onClose: () => void;
}

interface Row {
  key: number;
  variable: Variable;
}

/** Takes them through the board's own parser, so that nothing is kept that could not be read again. */
function checked(rows: readonly Row[]): Variable[] {
  const variables = rows.map(({ variable }) => {
    const { choices, value } = variable;
    if ('sql' in choices) return variable;
    const values = choices.values.map((line) => line.trim()).filter((line, at) => line !== '' || at === 0);
    const kept = values.length === 1 && values[0] === '' ? [] : values;
    return { ...variable, choices: { values: kept }, value: value === '' ? (kept[0] ?? '') : value };
  });
  return parseBoard({ ...emptyBoard(''), variables }).variables;
}

export function VariablesDialog({ variables, onKeep, onClose }: Props) {
  const [rows, setRows] = useState<Row[]>(() => variables.map((variable, key) => ({ key, variable })));
  const [problem, setProblem] = useState<Problem>();
  const set = (key: number, variable: Variable) =>
    setRows((rows) => rows.map((row) => (row.key === key ? { key, variable } : row)));
  const add = () => {
    const key = Math.max(-1, ...rows.map(({ key }) => key)) + 1;
    setRows([...rows, { key, variable: { name: '', type: 'String', value: '', choices: { values: [] } } }]);
  };
  function keep() {
    try {
      onKeep(checked(rows));
    } catch (error) {
      if (!(error instanceof BoardError)) throw error;
      setProblem(new Problem('The variables cannot be kept like this', error.message, '', 0));
    }
  }
  return (
    <Dialog title="Variables" isOpen wide onClose={onClose}>
      <p className="text-muted">
        Readers choose their values above the tiles; statements use them as <code>{'{name:Type}'}</code>.
      </p>
      {rows.map(({ key, variable }) => (
        <VariableRow
          key={key}
          variable={variable}
          onChange={(variable) => set(key, variable)}
          onRemove={() => {
            const before = rows;
            setRows(rows.filter((row) => row.key !== key));
            tell(`Removed {${variable.name}}.`, () => setRows(before));
          }}
        />
      ))}
      {problem && <ProblemNotice problem={problem} />}
      <div className="flex flex-wrap justify-between gap-2">
        <Button isDisabled={rows.length >= MOST_VARIABLES} onPress={add}>
          Add a variable
        </Button>
        <div className="flex gap-2">
          <Button onPress={onClose}>Cancel</Button>
          <Button kind="primary" onPress={keep}>
            Keep
          </Button>
        </div>
      </div>
    </Dialog>
  );
}

interface RowProps {
  variable: Variable;
  onChange: (variable: Variable) => void;
  onRemove: () => void;
}

function VariableRow({ variable, onChange, onRemove }: RowProps) {
  const id = useId();
  const { name, type, value, choices } = variable;
  const isSql = 'sql' in choices;
  const field = (label: string, value: string, set: (value: string) => void) => (
    <div className="flex min-w-0 flex-1 basis-32 flex-col gap-1">
      <label htmlFor={`${id}${label}`} className="text-muted text-sm">
        {label}
      </label>
      <input
        id={`${id}${label}`}
        className="field min-h-10"
        value={value}
        onChange={(event) => set(event.target.value)}
      />
    </div>
  );
  return (
    <fieldset className="space-y-2 rounded-lg border border-line p-3">
      <legend className="sr-only">{name === '' ? 'A new variable' : name}</legend>
      <div className="flex flex-wrap items-end gap-2">
        {field('Name', name, (name) => onChange({ ...variable, name }))}
        <Select
          label="Type"
          value={type}
          options={VARIABLE_TYPES.map((type) => ({ value: type, title: type }))}
          onChange={(type) => onChange({ ...variable, type })}
        />
        {field('Value', value, (value) => onChange({ ...variable, value }))}
        <Select
          label="Choices"
          value={isSql ? 'sql' : 'values'}
          options={[
            { value: 'values', title: 'One a line' },
            { value: 'sql', title: 'From a statement' },
          ]}
          onChange={(kind) =>
            onChange({ ...variable, choices: kind === 'sql' ? { sql: '' } : { values: [] } })
          }
        />
        <Button
          kind="quiet"
          aria-label={`Remove ${name || 'the variable'}`}
          onPress={onRemove}
          className="px-3"
        >
          <Trash2 aria-hidden className="size-4" />
        </Button>
      </div>
      <label htmlFor={`${id}choices`} className="sr-only">
        {isSql ? 'Statement whose first column has the choices' : 'Choices, one a line'}
      </label>
      <textarea
        id={`${id}choices`}
        className="field min-h-20 w-full font-mono text-sm"
        spellCheck={false}
        placeholder={isSql ? 'SELECT DISTINCT country FROM …' : 'Nothing here: any value can be typed'}
        value={isSql ? choices.sql : choices.values.join('\n')}
        onChange={({ target }) =>
          onChange({
            ...variable,
            choices: isSql ? { sql: target.value } : { values: target.value.split('\n') },
          })
        }
      />
    </fieldset>
  );
}
