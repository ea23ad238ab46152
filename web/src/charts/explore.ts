// All trials at once: on parallel axes, along one parameter, and as a distribution. From trials to data, and from data
// to options, both pure.
import type { Goal, ParameterSpec, ParamValue, Trial } from '../api/types';
import { formatNumber, formatParam, humanize } from '../format';
import { axisType } from '../store/space';
import { isBetter } from '../store/study_state';
import type { Palette } from '../theme';
import { colourAt } from './heat';
import { axisStyle, type ChartOption, fontFamily, tooltipStyle } from './style';

export type Valued = Trial & { value: number };

export function valued(trials: readonly Trial[]): Valued[] {
  return trials.filter(
    (trial): trial is Valued =>
      trial.value !== null && Number.isFinite(trial.value) && (trial.state === 'COMPLETED' || trial.state === 'PRUNED'),
  );
}

// The best `percent` of them, at least one, the best first.
export function topOf(trials: readonly Valued[], goal: Goal, percent: number): Valued[] {
  const sorted = [...trials].sort((a, b) =>
    a.value === b.value ? a.id - b.id : isBetter(a.value, b.value, goal) ? -1 : 1,
  );
  return sorted.slice(0, Math.max(1, Math.ceil((sorted.length * percent) / 100)));
}

// 0 for the worst of them, 1 for the best, by rank: one absurd value must not take all colours.
export function goodness(trials: readonly Valued[], goal: Goal): Map<number, number> {
  const sorted = topOf(trials, goal, 100);
  const last = Math.max(sorted.length - 1, 1);
  return new Map(sorted.map((trial, rank) => [trial.id, 1 - rank / last]));
}

// Every value of a parameter: its own, and those that only trials have.
function categoriesOf(name: string, parameter: ParameterSpec | undefined, trials: readonly Trial[]): string[] {
  const values = new Set((parameter?.values ?? []).map(String));
  for (const trial of trials) if (trial.params[name] !== undefined) values.add(String(trial.params[name]));
  return [...values];
}

const canBeLog = (trials: readonly Valued[]) => trials.every(({ value }) => value > 0);

// So many lines can be told apart; more are paler, but for the very best.
const distinct = 200;
const fewBest = 10;

export interface ParallelView {
  trials: readonly Valued[];
  goal: Goal;
  metric: string;
  parameters: Record<string, ParameterSpec>;
  names: readonly string[]; // of the axes, in order
  log: boolean; // of the metric
}

export function parallelOption(view: ParallelView, palette: Palette): ChartOption {
  const { trials, names, metric, parameters } = view;
  const good = goodness(trials, view.goal);
  const style = {
    nameTextStyle: { color: palette.text, fontSize: 12, fontFamily },
    axisLine: { lineStyle: { color: palette.faint } },
    // Readable above the lines.
    axisLabel: { color: palette.muted, fontSize: 11, fontFamily, backgroundColor: palette.surface, padding: [1, 3] },
    nameTruncate: { maxWidth: 110, ellipsis: '…' },
  };
  const number = { ...style.axisLabel, formatter: (value: number) => formatNumber(value) };
  const axes = names.map((name, dim) => {
    const type = axisType(parameters[name]);
    if (type === 'category') return { ...style, dim, name, type, data: categoriesOf(name, parameters[name], trials) };
    const { min, max } = parameters[name] as ParameterSpec;
    return { ...style, dim, name, type, min, max, axisLabel: number };
  });
  const log = view.log && canBeLog(trials);
  axes.push({
    ...style,
    dim: names.length,
    name: humanize(metric),
    type: log ? 'log' : 'value',
    scale: true,
    axisLabel: number,
  } as never);
  const on = (name: string, value: ParamValue | undefined) =>
    value === undefined ? null : axisType(parameters[name]) === 'category' ? String(value) : value;
  const density = Math.min(1, Math.sqrt(distinct / trials.length) / (trials.length > distinct ? 2 : 1));
  // The best are drawn last, above the others.
  const ordered = [...trials].sort((a, b) => (good.get(a.id) as number) - (good.get(b.id) as number));
  return {
    animation: false,
    parallel: {
      left: 50,
      right: 70,
      top: 44,
      bottom: 24,
      axisExpandable: names.length > 14,
      axisExpandCount: 12,
      axisExpandWidth: 90,
      parallelAxisDefault: {
        nameLocation: 'end',
        nameGap: 16,
        areaSelectStyle: { color: palette.accent, opacity: 0.25, borderColor: palette.accent, width: 16 },
      },
    },
    parallelAxis: axes as never,
    tooltip: {
      ...tooltipStyle(palette),
      formatter: (item: unknown) => {
        const { trial, value } = (item as { data: { trial: number; value: unknown[] } }).data;
        return `trial ${trial}\n${humanize(metric)} ${formatNumber(value.at(-1) as number)}`;
      },
    },
    series: [
      {
        type: 'parallel',
        smooth: 0.15,
        inactiveOpacity: 0.03,
        activeOpacity: 0.9,
        lineStyle: { width: trials.length > 300 ? 1 : 1.8 },
        data: ordered.map((trial) => {
          const part = good.get(trial.id) as number;
          return {
            trial: trial.id,
            value: [...names.map((name) => on(name, trial.params[name])), trial.value],
            lineStyle: {
              color: colourAt([palette.faint, palette.accent], part),
              opacity: part > 1 - fewBest / trials.length ? 0.9 : density * (0.3 + 0.6 * part),
            },
          };
        }) as never,
      },
    ],
  } as ChartOption;
}

export function describeParallel({ trials, names, metric }: ParallelView): string {
  return `${trials.length} trials on ${names.length + 1} parallel axes: ${[...names, metric].join(', ')}.`;
}

// Beyond so many, points have no looks of their own and are drawn in one go.
const mostSingle = 2000;

export interface ScatterView {
  trials: readonly Valued[];
  name: string;
  parameter: ParameterSpec | undefined;
  metric: string;
  log: boolean;
}

// Later trials are stronger.
export function scatterOption({ trials, name, parameter, metric, log }: ScatterView, palette: Palette): ChartOption {
  const axis = axisStyle(palette);
  const type = axisType(parameter);
  const within = trials.filter((trial) => trial.params[name] !== undefined);
  const many = within.length > mostSingle;
  const newest = Math.max(1, within.at(-1)?.id ?? 1);
  const label = { ...axis.axisLabel, hideOverlap: true };
  return {
    animation: false,
    grid: { left: 58, right: 14, top: 28, bottom: 42 },
    xAxis: {
      ...axis,
      type,
      name,
      nameLocation: 'middle',
      nameGap: 26,
      splitLine: { show: false },
      ...(type === 'category'
        ? { data: categoriesOf(name, parameter, within), axisLabel: { ...label, formatter: undefined } }
        : { min: parameter?.min, max: parameter?.max, axisLabel: label }),
    } as never,
    yAxis: {
      ...axis,
      type: log && canBeLog(trials) ? 'log' : 'value',
      scale: true,
      name: humanize(metric),
      nameGap: 10,
      nameTextStyle: { ...axis.nameTextStyle, align: 'left' },
    },
    tooltip: {
      ...tooltipStyle(palette),
      formatter: (item: unknown) => {
        const { trial, value } = (item as { data: { trial: number; value: [ParamValue, number] } }).data;
        return `trial ${trial}\n${humanize(metric)} ${formatNumber(value[1])}\n${name} ${formatParam(value[0])}`;
      },
    },
    series: [
      {
        type: 'scatter',
        symbolSize: many ? 3 : within.length > 500 ? 5 : 8,
        large: many,
        data: within.map((trial) => ({
          trial: trial.id,
          value: [type === 'category' ? String(trial.params[name]) : trial.params[name], trial.value],
          itemStyle: many ? undefined : { opacity: 0.2 + 0.7 * (trial.id / newest) },
        })) as never,
        itemStyle: { color: palette.accent, opacity: many ? 0.4 : 1 },
      },
    ],
  };
}

// The part of the trials that are at least so good, from the best value to the worst.
export function distributionOf(trials: readonly Valued[], goal: Goal): [value: number, part: number][] {
  return topOf(trials, goal, 100).map(({ value }, i) => [value, (i + 1) / trials.length]);
}

export function distributionOption(
  points: readonly [number, number][],
  metric: string,
  goal: Goal,
  palette: Palette,
): ChartOption {
  const axis = axisStyle(palette);
  return {
    animation: false,
    grid: { left: 58, right: 14, top: 14, bottom: 44 },
    xAxis: {
      ...axis,
      type: 'value',
      scale: true,
      inverse: goal === 'maximize',
      name: `${humanize(metric)}, the best on the left`,
      nameLocation: 'middle',
      nameGap: 28,
    },
    yAxis: {
      ...axis,
      type: 'value',
      min: 0,
      max: 1,
      axisLabel: { ...axis.axisLabel, formatter: (part: number) => `${Math.round(100 * part)} %` },
    },
    tooltip: {
      ...tooltipStyle(palette),
      trigger: 'axis',
      formatter: (items: unknown) => {
        const [value, part] = (items as { data: [number, number] }[])[0]?.data ?? [NaN, NaN];
        return `${Math.round(100 * part)} % of the trials\nare ${formatNumber(value)} or better`;
      },
    },
    series: [
      {
        type: 'line',
        step: 'end',
        symbol: 'none',
        data: [...points],
        lineStyle: { color: palette.accent, width: 2 },
        areaStyle: { color: palette.accent, opacity: 0.1 },
      },
    ],
  };
}
