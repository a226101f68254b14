/** What ECharts is told. Everything that can be read is text: no answer is ever taken for markup. */
import type { EChartsCoreOption } from 'echarts/core';
import { inZone } from '../format/time';
import type { ChartSpec } from './auto-chart';
import { type ChartData, type Point, type Series, span } from './chart-data';
import { type ChartTheme, look } from './chart-theme';
import { axisNumber, axisTime, numberText, timeText } from './chart-values';

export interface Drawing {
  spec: ChartSpec;
  data: ChartData;
  theme: ChartTheme;
  width: number;
  height: number;
  /** Names of series that the reader has switched off. */
  hidden: ReadonlySet<string>;
  still: boolean;
}

/** Points up to which each gets a dot of its own. */
const MOST_DOTS = 30;
const BAR_HEIGHT = 22;
const LONGEST_NAME = 8;
/** What the labels of the value axis take. */
const VALUES_WIDTH = 60;

export function chartOption(drawing: Drawing): EChartsCoreOption {
  const { spec, theme, still } = drawing;
  const common = {
    animation: !still,
    animationDuration: 300,
    animationDurationUpdate: 300,
    textStyle: { fontFamily: theme.font, color: theme.text },
    tooltip: {
      renderMode: 'richText',
      confine: true,
      backgroundColor: theme.raised,
      borderColor: theme.line,
      padding: [8, 10],
      textStyle: { color: theme.text, fontSize: 13, lineHeight: 19, fontFamily: theme.font },
    },
  };
  if (spec.kind === 'pie') return merge(common, pieOption(drawing));
  if (spec.kind === 'heatmap') return merge(common, heatmapOption(drawing));
  return merge(common, axesOption(drawing));
}

function merge(common: { tooltip: object }, own: { tooltip: object } & object): EChartsCoreOption {
  return { ...common, ...own, tooltip: { ...common.tooltip, ...own.tooltip } };
}

/**
 * ECharts uses names as the keys of objects, and one such as `__proto__` would change every object of the page: it gets
 * numbers, and the names only when they are written.
 */
const keyOf = (index: number) => `k${index}`;
const indexOf = (key: string) => Number(key.slice(1));

/**
 * A text as it is drawn. ECharts remembers the width of every text in an object, by the text: one that every object
 * has by itself, such as `__proto__` again, is drawn with a space of no width behind it.
 */
function clip(text: string, most: number): string {
  const short = text.length > most ? `${text.slice(0, most - 1)}…` : text;
  return short in Object.prototype ? `${short}\u200b` : short;
}

function nameAxis({ theme, width }: Drawing, names: readonly string[], lying: boolean) {
  return {
    type: 'category',
    data: names.map((_, at) => keyOf(at)),
    inverse: lying,
    axisTick: { show: false },
    axisLine: { lineStyle: { color: theme.line } },
    axisLabel: {
      color: theme.muted,
      hideOverlap: true,
      formatter: (key: string) =>
        clip(names[indexOf(key)] ?? '', lying ? Math.max(8, Math.floor(width / 22)) : 14),
    },
  };
}

function valueAxis({ theme, spec }: Drawing) {
  return {
    type: 'value',
    // A line shows change; a bar's length or an area's height says how much, which only zero at its foot makes true.
    scale: spec.kind === 'line',
    axisLabel: { color: theme.muted, formatter: axisNumber, hideOverlap: true },
    splitLine: { lineStyle: { color: theme.line } },
    splitNumber: 4,
  };
}

function scaleAxis({ theme, data, width }: Drawing) {
  const { axis } = data;
  const reach = span(data);
  const label = (value: number) =>
    axis === 'time' || axis === 'date' ? axisTime(value, reach, axis) : axisNumber(value);
  return {
    type: axis === 'number' ? 'value' : 'time',
    scale: true,
    splitNumber: Math.max(2, Math.floor(width / 110)),
    ...(axis === 'date' ? { minInterval: 86_400_000 } : {}),
    axisLine: { lineStyle: { color: theme.line } },
    axisTick: { lineStyle: { color: theme.line } },
    splitLine: { show: false },
    axisLabel: { color: theme.muted, hideOverlap: true, formatter: label },
  };
}

/** Bars lie when their names would not fit side by side and the box is high enough for one below the other. */
function isLying({ spec, data, width, height }: Drawing): boolean {
  if (spec.kind !== 'bar' || data.axis !== 'names') return false;
  const longest = Math.max(0, ...data.names.map((name) => name.length));
  const tight = longest * 7 + 12 > (width - VALUES_WIDTH) / Math.max(1, data.names.length);
  const fits = data.names.length * Math.max(1, data.series.length * 0.6) * BAR_HEIGHT <= height;
  return fits && (tight || longest > LONGEST_NAME);
}

function axesOption(drawing: Drawing) {
  const { data, theme, hidden, spec } = drawing;
  const lying = isLying(drawing);
  const across = data.axis === 'names' ? nameAxis(drawing, data.names, lying) : scaleAxis(drawing);
  const up = valueAxis(drawing);
  return {
    // Where the marks of the axis stand: at whole hours and days of the zone that is chosen.
    useUTC: data.axis === 'date' || inZone().timeZone === 'UTC',
    grid: {
      left: 4,
      right: 14,
      top: 14,
      bottom: 4,
      outerBoundsMode: 'same',
      outerBoundsContain: 'axisLabel',
    },
    xAxis: lying ? up : across,
    yAxis: lying ? across : up,
    tooltip: {
      trigger: 'axis',
      axisPointer: { type: spec.kind === 'bar' ? 'shadow' : 'line', lineStyle: { color: theme.muted } },
      formatter: (marks: Mark | Mark[]) => axisTip(data, [marks].flat()),
    },
    series: data.series.flatMap((series, at) =>
      hidden.has(series.name) ? [] : [seriesOption(drawing, series, at, lying)],
    ),
  };
}

function seriesOption({ spec, data, theme }: Drawing, { points }: Series, at: number, lying: boolean) {
  const { colour, dash } = look(theme, at);
  const place = ({ x, y, text }: Point) => (lying ? [y, x, text] : [x, y, text]);
  const common = {
    name: keyOf(at),
    data: points.map(place),
    itemStyle: { color: colour },
    emphasis: { focus: 'none' },
  };
  if (spec.kind === 'bar') {
    const stack = spec.series !== undefined && data.axis !== 'names' ? { stack: 'all' } : {};
    return {
      ...common,
      ...stack,
      type: 'bar',
      barMaxWidth: 36,
      itemStyle: { color: colour, borderRadius: 2 },
    };
  }
  const alone = data.series.length === 1;
  return {
    ...common,
    type: 'line',
    sampling: 'lttb',
    showSymbol: points.length <= MOST_DOTS,
    symbolSize: 5,
    lineStyle: { width: 2, type: dash, color: colour },
    ...(spec.kind === 'area'
      ? { areaStyle: { color: colour, opacity: 0.22 }, ...(alone ? {} : { stack: 'all' }) }
      : {}),
  };
}

interface Mark {
  seriesName?: string;
  name?: string;
  value: unknown;
  percent?: number;
}

/** Rows of a tooltip that can be read at once. */
const MOST_TIP_ROWS = 12;

function axisTip(data: ChartData, marks: Mark[]): string {
  const points = marks.map(({ seriesName = '', value }) => {
    const [place, , text] = value as [number, number, string];
    return { name: data.series[indexOf(seriesName)]?.name ?? '', place, text };
  });
  const [first] = points;
  if (!first) return '';
  // Of lying bars the name is on the other axis; ECharts gives it with every mark.
  const where =
    data.axis === 'names'
      ? (data.names[indexOf(marks[0]?.name ?? '')] ?? '')
      : data.axis === 'number'
        ? numberText(first.place)
        : timeText(first.place, data.axis);
  const rows = points.slice(0, MOST_TIP_ROWS).map(({ name, text }) => `${clip(name, 40)}: ${text}`);
  const more = points.length > MOST_TIP_ROWS ? [`and ${points.length - MOST_TIP_ROWS} more`] : [];
  return [clip(where, 60), ...rows, ...more].join('\n');
}

function pieOption({ data, theme, width }: Drawing) {
  const points = data.series[0]?.points ?? [];
  const total = points.reduce((sum, { y }) => sum + (y ?? 0), 0);
  const share = (value: number) => (total > 0 ? `${numberText((100 * value) / total)} %` : '');
  return {
    tooltip: {
      trigger: 'item',
      formatter: ({ name, value }: { name: string; value: number }) => {
        const point = points[indexOf(name)];
        return `${clip(data.names[indexOf(name)] ?? '', 60)}\n${point?.text ?? numberText(value)} (${share(value)})`;
      },
    },
    series: [
      {
        type: 'pie',
        radius: width < 420 ? ['34%', '58%'] : ['42%', '70%'],
        itemStyle: { borderColor: theme.surface, borderWidth: 2, borderRadius: 4 },
        label: {
          color: theme.text,
          lineHeight: 16,
          formatter: ({ name, value }: { name: string; value: number }) =>
            `${clip(data.names[indexOf(name)] ?? '', 18)}\n${share(value)}`,
        },
        labelLine: { lineStyle: { color: theme.line } },
        data: points.map(({ x, y }) => {
          const { colour } = look(theme, x);
          const paler = 1 - 0.4 * Math.floor(x / theme.colours.length);
          return {
            name: keyOf(x),
            value: y ?? 0,
            itemStyle: { color: colour, opacity: Math.max(0.3, paler) },
          };
        }),
      },
    ],
  };
}

function heatmapOption(drawing: Drawing) {
  const { data, theme } = drawing;
  const cells = data.series.flatMap(({ points }, row) => points.map(({ x, y, text }) => [x, row, y, text]));
  const numbers = data.series.flatMap(({ points }) => points.flatMap(({ y }) => (y === null ? [] : [y])));
  const [low, high] = [Math.min(0, ...numbers), Math.max(...numbers, 0)];
  const rows = data.series.map(({ name }) => name);
  const { instants } = data;
  const reach = (instants.at(-1) ?? 0) - (instants[0] ?? 0);
  // Whole days of UTC are dates, which have no zone to be moved to.
  const kind = instants.every((at) => at % 86_400_000 === 0) ? 'date' : 'time';
  const across = instants.length > 0 ? instants.map((at) => axisTime(at, reach, kind)) : data.names;
  return {
    grid: {
      left: 4,
      right: 14,
      top: 8,
      bottom: 44,
      outerBoundsMode: 'same',
      outerBoundsContain: 'axisLabel',
    },
    xAxis: nameAxis(drawing, across, false),
    yAxis: nameAxis(drawing, rows, true),
    visualMap: {
      min: low,
      max: high > low ? high : low + 1,
      dimension: 2,
      calculable: false,
      orient: 'horizontal',
      left: 'center',
      bottom: 0,
      itemWidth: 12,
      itemHeight: 120,
      text: [axisNumber(high), axisNumber(low)],
      textStyle: { color: theme.muted },
      inRange: { color: [theme.raised, theme.colours[2], theme.colours[0]] },
    },
    tooltip: {
      trigger: 'item',
      formatter: ({ value }: { value: [number, number, number, string] }) =>
        `${clip(data.names[value[0]] ?? '', 60)}\n${clip(rows[value[1]] ?? '', 60)}: ${value[3]}`,
    },
    series: [
      {
        type: 'heatmap',
        data: cells,
        progressive: 0,
        itemStyle: { borderColor: theme.surface, borderWidth: 1 },
        emphasis: { itemStyle: { borderColor: theme.text } },
      },
    ],
  };
}
