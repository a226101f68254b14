/** How an answer is drawn: the kind of picture, and which column is what in it. */
import { type ChartKind, type ChartSpec, fitSpec, possibleKinds, specFor } from '../results/auto-chart';
import { type Column, nature } from '../results/chart-values';
import { Select } from '../ui/select';

interface Props {
  columns: readonly Column[];
  rows: readonly unknown[][];
  chart: ChartSpec;
  onChange: (chart: ChartSpec) => void;
}

const TITLES: Record<ChartKind, string> = {
  line: 'Line',
  area: 'Area',
  bar: 'Bars',
  pie: 'Pie',
  number: 'Number',
  heatmap: 'Heat map',
  table: 'Table',
};

export function ChartFields({ columns, rows, chart, onChange }: Props) {
  const kinds = possibleKinds(columns, rows);
  const fitted = fitSpec(chart, columns, rows);
  const { kind } = fitted;
  const hasAxes = kind !== 'table' && kind !== 'number';
  const names = columns.map(({ name }) => ({ value: name, title: name }));
  const none = { value: '', title: 'None' };
  const numbers = columns.filter(({ name, type }) => nature(type) === 'number' && name !== fitted.x);
  const isOne = kind === 'pie' || kind === 'heatmap';
  const toggle = (name: string, isOn: boolean) => {
    const y = numbers
      .map(({ name }) => name)
      .filter((other) => (other === name ? isOn : fitted.y?.includes(other)));
    if (y.length > 0) onChange({ ...fitted, y });
  };
  return (
    <div className="flex flex-wrap items-end gap-3">
      <Select
        label="Drawn as"
        value={kind}
        options={kinds.map((kind) => ({ value: kind, title: TITLES[kind] }))}
        onChange={(kind) => onChange(specFor(kind as ChartKind, columns, rows) ?? { kind: 'table' })}
      />
      {hasAxes && (
        <Select
          label={kind === 'pie' ? 'Slices' : 'Along the axis'}
          value={fitted.x ?? ''}
          options={names}
          onChange={(x) => onChange({ ...fitted, x })}
        />
      )}
      {hasAxes && kind !== 'pie' && (
        <Select
          label={kind === 'heatmap' ? 'Rows' : 'Split by'}
          value={fitted.series ?? ''}
          options={kind === 'heatmap' ? names : [none, ...names.filter(({ value }) => value !== fitted.x)]}
          onChange={(series) => {
            const { series: _, ...rest } = fitted;
            onChange(series === '' ? rest : { ...rest, series });
          }}
        />
      )}
      {isOne && (
        <Select
          label="Number"
          value={fitted.y?.[0] ?? ''}
          options={numbers.map(({ name }) => ({ value: name, title: name }))}
          onChange={(name) => onChange({ ...fitted, y: [name] })}
        />
      )}
      {kind !== 'table' && !isOne && numbers.length > 1 && (
        <fieldset className="min-w-0">
          <legend className="text-muted text-sm">Numbers</legend>
          <div className="flex min-h-10 flex-wrap items-center gap-x-4 gap-y-1">
            {numbers.map(({ name }) => (
              <label key={name} className="flex items-center gap-1.5">
                <input
                  type="checkbox"
                  className="size-4 accent-accent"
                  checked={fitted.y?.includes(name) ?? false}
                  onChange={(event) => toggle(name, event.target.checked)}
                />
                {name}
              </label>
            ))}
          </div>
        </fieldset>
      )}
    </div>
  );
}
