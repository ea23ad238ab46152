// The model along one parameter: mean and ±2σ above, the expected improvement below, what was measured and what runs.
import type { Goal, ParamValue, Slice } from '../api/types';
import { formatNumber, formatParam, humanize } from '../format';
import { indexAmong } from '../store/space';
import type { Palette } from '../theme';
import { axisStyle, type ChartOption, type ChartSeries, tooltipStyle } from './style';

export interface SliceView {
  slice: Slice;
  metric: string;
  goal: Goal;
  axis: 'log' | 'value' | 'category';
  through: ParamValue; // where the line is anchored
  next: ParamValue | null; // the point to be tried next, when it is known
  best: number | null; // the mean that an improvement improves on; null: not drawn
}

// What a click on a chart of the model means.
export interface SliceClick {
  trial?: number;
}

const sigmas = 2;
// Trials that say less than this about the line are too far away to be read against it.
const nearEnough = 0.5;

export function bandOf(slice: Slice): { low: number[]; high: number[] } {
  const shifted = (sign: number) => slice.mean.map((mean, i) => mean + sign * sigmas * (slice.sd[i] as number));
  return { low: shifted(-1), high: shifted(1) };
}

// The band and the trials near the line; not the others, which may lie anywhere.
export function verticalRange(slice: Slice): [number, number] {
  const { low, high } = bandOf(slice);
  const near = slice.observed.filter((point) => point.nearness >= nearEnough).map((point) => point.value as number);
  const all = [...low, ...high, ...near].filter(Number.isFinite);
  const [least, most] = [Math.min(...all), Math.max(...all)];
  const margin = (most - least) * 0.06 || Math.abs(most) * 0.1 || 1;
  return [least - margin, most + margin];
}

export function bestOfEi(slice: Slice): number {
  return slice.ei.indexOf(Math.max(...slice.ei));
}

export function describeSlice({ slice, metric, goal }: SliceView): string {
  const best = slice.mean.indexOf(goal === 'maximize' ? Math.max(...slice.mean) : Math.min(...slice.mean));
  const [at, mean, sd] = [slice.values[best], slice.mean[best] as number, slice.sd[best] as number];
  const promising = slice.values[bestOfEi(slice)];
  return (
    `What the model expects of ${metric} along ${slice.parameter}: best at ${formatParam(at)}, ` +
    `${formatNumber(mean)} ± ${formatNumber(sigmas * sd)}. The expected improvement is greatest at ${formatParam(promising)}.`
  );
}

const lower = { xAxisIndex: 1, yAxisIndex: 1 } as const; // the axes of the expected improvement

type Pair = [ParamValue | number, number];

function pairs(view: SliceView, column: readonly number[]): Pair[] {
  return view.slice.values.map((value, i) => [view.axis === 'category' ? String(value) : value, column[i] as number]);
}

const key = (view: SliceView, value: ParamValue): ParamValue => (view.axis === 'category' ? String(value) : value);

type Part = 'belief' | 'improvement';

function vertical(view: SliceView, at: ParamValue, part: Part, color: string, type: 'dashed' | 'dotted'): ChartSeries {
  const [low, high] = part === 'belief' ? verticalRange(view.slice) : [0, Math.max(...view.slice.ei) || 1];
  return {
    ...(part === 'improvement' && lower),
    type: 'line',
    silent: true,
    symbol: 'none',
    data: [
      [key(view, at), low],
      [key(view, at), high],
    ] as never,
    lineStyle: { color, width: 1.2, type },
    z: 2,
  };
}

// A column's value where a number lies between the slice's own; null outside of them.
export function valueAt({ values }: Slice, column: readonly number[], at: ParamValue): number | null {
  const index = indexAmong(values, at, false);
  if (index === null) return null;
  const [low, share] = [Math.floor(index), index % 1];
  const [before, after] = [column[low] as number, column[Math.min(low + 1, column.length - 1)] as number];
  return before + share * (after - before);
}

// The suggestion as the picture of textbooks has it: where it stands on the mean, and on the expected improvement.
function nextSeries(view: SliceView, next: ParamValue, palette: Palette): ChartSeries[] {
  const marks = (['mean', 'ei'] as const).flatMap((column): ChartSeries[] => {
    const value = valueAt(view.slice, view.slice[column], next);
    if (value === null) return [];
    return [
      {
        ...(column === 'ei' && lower),
        type: 'scatter',
        silent: true,
        symbol: 'diamond',
        symbolSize: 13,
        data: [[key(view, next), value]] as never,
        itemStyle: { color: palette.good, borderColor: palette.surface, borderWidth: 1.5 },
        z: 6,
      },
    ];
  });
  const lines = (['belief', 'improvement'] as const).map((part) => vertical(view, next, part, palette.good, 'dashed'));
  return [...lines, ...marks];
}

function bestSeries(view: SliceView, best: number, palette: Palette): ChartSeries {
  const ends = [view.slice.values[0], view.slice.values.at(-1)];
  return {
    type: 'line',
    silent: true,
    symbol: 'none',
    data: ends.map((end) => [key(view, end as ParamValue), best]) as never,
    lineStyle: { color: palette.muted, width: 1, type: 'dashed' },
    z: 2,
  };
}

function beliefSeries(view: SliceView, palette: Palette): ChartSeries[] {
  const { slice } = view;
  const { low, high } = bandOf(slice);
  const ends = { type: 'line', silent: true, symbol: 'none', stack: 'band', stackStrategy: 'all' } as const;
  if (view.axis === 'category') {
    return [
      {
        type: 'custom',
        silent: true,
        z: 1,
        data: slice.values.map((value, i) => [String(value), low[i], high[i]]) as never,
        renderItem: (_, api) => {
          const [x = 0, bottom = 0] = api.coord([api.value(0), api.value(1)]);
          const [, top = 0] = api.coord([api.value(0), api.value(2)]);
          const width = Math.min(46, (api.size?.([1, 0]) as number[])[0]! * 0.5);
          return {
            type: 'rect',
            shape: { x: x - width / 2, y: top, width, height: bottom - top },
            style: { fill: palette.accent, opacity: 0.18 },
          };
        },
      },
      {
        type: 'scatter',
        silent: true,
        symbol: 'rect',
        symbolSize: [46, 3],
        data: pairs(view, slice.mean) as never,
        itemStyle: { color: palette.accent },
        z: 3,
      },
    ];
  }
  return [
    { ...ends, data: pairs(view, low) as never, lineStyle: { opacity: 0 } },
    {
      ...ends,
      data: pairs(
        view,
        high.map((top, i) => top - (low[i] as number)),
      ) as never,
      lineStyle: { opacity: 0 },
      areaStyle: { color: palette.accent, opacity: 0.16 },
    },
    {
      type: 'line',
      silent: true,
      symbol: 'none',
      data: pairs(view, slice.mean) as never,
      lineStyle: { color: palette.accent, width: 2.2 },
      z: 3,
    },
  ];
}

function trialSeries(view: SliceView, palette: Palette): ChartSeries[] {
  const floor = verticalRange(view.slice)[0];
  return [
    {
      type: 'scatter',
      name: 'observed',
      symbolSize: 9,
      data: view.slice.observed.map((point) => ({
        value: [key(view, point.at), point.value],
        trial: point.trial,
        nearness: point.nearness,
        itemStyle: { opacity: 0.12 + 0.88 * point.nearness },
      })) as never,
      itemStyle: { color: palette.text, borderColor: palette.surface, borderWidth: 1 },
      z: 5,
    },
    {
      type: 'scatter',
      name: 'pending',
      symbol: 'triangle',
      symbolSize: 11,
      symbolOffset: [0, -6],
      data: view.slice.pending.map((point) => ({
        value: [key(view, point.at), floor],
        trial: point.trial,
        nearness: point.nearness,
      })) as never,
      itemStyle: { color: palette.warn },
      z: 5,
    },
  ];
}

function eiSeries(view: SliceView, palette: Palette): ChartSeries {
  const data = pairs(view, view.slice.ei) as never;
  if (view.axis === 'category') {
    return { ...lower, type: 'scatter', silent: true, data, symbolSize: 10, itemStyle: { color: palette.good } };
  }
  return {
    ...lower,
    type: 'line',
    silent: true,
    symbol: 'none',
    data,
    lineStyle: { color: palette.good, width: 1.6 },
    areaStyle: { color: palette.good, opacity: 0.22 },
  };
}

interface Hovered {
  data: { value: [ParamValue, number]; trial?: number };
  seriesName?: string;
}

function tooltipOf(view: SliceView, { data, seriesName }: Hovered): string {
  const at = `${view.slice.parameter} ${formatParam(data.value[0])}`;
  if (seriesName === 'pending') return `trial ${data.trial}, running\n${at}`;
  return `trial ${data.trial}\n${humanize(view.metric)} ${formatNumber(data.value[1])}\n${at}`;
}

export function sliceOption(view: SliceView, palette: Palette): ChartOption {
  const axis = axisStyle(palette);
  const { values } = view.slice;
  const [low, high] = verticalRange(view.slice);
  const label = { ...axis.axisLabel, hideOverlap: true };
  const across =
    view.axis === 'category'
      ? { ...axis, type: 'category' as const, data: values.map(String), axisLabel: { ...label, formatter: undefined } }
      : {
          ...axis,
          type: view.axis,
          min: values[0] as number,
          max: values.at(-1) as number,
          splitLine: { show: false },
          axisLabel: label,
        };
  const series = [...beliefSeries(view, palette), ...trialSeries(view, palette), eiSeries(view, palette)];
  if (view.best !== null) series.push(bestSeries(view, view.best, palette));
  if (view.next !== null) series.push(...nextSeries(view, view.next, palette));
  series.push(vertical(view, view.through, 'belief', palette.faint, 'dotted'));
  return {
    animation: false,
    grid: [
      { left: 58, right: 14, top: 26, bottom: '34%' },
      { left: 58, right: 14, top: '74%', bottom: 40 },
    ],
    xAxis: [
      { ...across, gridIndex: 0, axisLabel: { show: false } },
      {
        ...across,
        gridIndex: 1,
        name: view.slice.parameter,
        nameLocation: 'middle',
        nameGap: 25,
      },
    ] as never,
    yAxis: [
      {
        ...axis,
        gridIndex: 0,
        type: 'value',
        min: low,
        max: high,
        name: humanize(view.metric),
        nameGap: 10,
        nameTextStyle: { ...axis.nameTextStyle, align: 'left' },
        axisLabel: { ...axis.axisLabel, showMinLabel: false, showMaxLabel: false },
      },
      {
        ...axis,
        gridIndex: 1,
        type: 'value',
        min: 0,
        max: (top: { max: number }) => top.max || 1, // nowhere anything to gain: a flat line, not a full one
        splitNumber: 2,
        name: 'Expected improvement',
        nameGap: 6,
        nameTextStyle: { ...axis.nameTextStyle, align: 'left' },
        axisLabel: { ...axis.axisLabel, showMaxLabel: false },
      },
    ],
    tooltip: { ...tooltipStyle(palette), formatter: (item: unknown) => tooltipOf(view, item as Hovered) },
    series,
  };
}
