import { describe, expect, test } from 'vitest';
import type { ChartSpec } from '../src/results/auto-chart';
import { chartData } from '../src/results/chart-data';
import { chartOption } from '../src/results/chart-options';
import type { ChartTheme } from '../src/results/chart-theme';

const theme = {
  text: '#fff',
  muted: '#999',
  line: '#333',
  surface: '#000',
  raised: '#111',
  font: 'sans',
  colours: ['#1f1', '#f1f', '#11f'],
} as unknown as ChartTheme;

/** Names that every object has by itself, and one that only a careless one would take for markup. */
const NAMES = ['__proto__', 'constructor', 'toString', 'hasOwnProperty', '<b>x</b>', 'plain'];
const columns = [
  { name: 'who', type: 'String' },
  { name: 'what', type: 'String' },
  { name: 'n', type: 'UInt64' },
];
const rows = NAMES.map((name, at) => [name, NAMES[(at + 1) % NAMES.length], String(at + 1)]);

function optionOf(spec: ChartSpec) {
  const data = chartData(spec, columns, rows);
  return chartOption({ spec, data, theme, width: 800, height: 400, hidden: new Set(), still: true });
}

/** Everything in an option that ECharts would use as the key of an object: names, categories. */
function keysIn(value: unknown, found: string[] = []): string[] {
  if (Array.isArray(value)) for (const each of value) keysIn(each, found);
  else if (typeof value === 'object' && value !== null) {
    for (const [key, each] of Object.entries(value)) {
      if ((key === 'name' || key === 'id') && typeof each === 'string') found.push(each);
      if (key === 'data' && Array.isArray(each))
        found.push(...each.filter((entry) => typeof entry === 'string'));
      keysIn(each, found);
    }
  }
  return found;
}

const SPECS: ChartSpec[] = [
  { kind: 'bar', x: 'who', y: ['n'] },
  { kind: 'bar', x: 'who', y: ['n'], series: 'what' },
  { kind: 'pie', x: 'who', y: ['n'] },
  { kind: 'heatmap', x: 'who', y: ['n'], series: 'what' },
];

describe('what ECharts is told', () => {
  test.each(SPECS)('names nothing by what somebody else has written: $kind', (spec) => {
    const keys = keysIn(optionOf(spec));
    expect(keys.length).toBeGreaterThan(0);
    expect(keys.filter((key) => NAMES.includes(key))).toEqual([]);
    expect(({} as Record<string, unknown>).value, 'no object of the page has changed').toBeUndefined();
  });

  test('writes the names all the same, those that every object has with a space of no width', () => {
    const option = optionOf({ kind: 'bar', x: 'who', y: ['n'] }) as Record<string, never>;
    const axes = [option.xAxis, option.yAxis] as unknown as { type: string }[];
    const axis = axes.find(({ type }) => type === 'category') as unknown as {
      data: string[];
      axisLabel: { formatter: (key: string) => string };
    };
    const written = axis.data.map((key) => axis.axisLabel.formatter(key));
    expect(written).toContain('__proto__\u200b');
    expect(written).toContain('plain');
    expect(written.filter((text) => text in {})).toEqual([]);
  });

  test('is never markup', () => {
    for (const spec of SPECS) expect(JSON.stringify(optionOf(spec))).toContain('"renderMode":"richText"');
  });
});
