// All trials at once: along one parameter, over two, and as a distribution. From trials to data, and from data to options,
// both pure. Parallel axes are in parallel.ts.
import type { Goal, ParameterSpec, ParamValue } from '../api/types';
import { formatNumber, formatParam, humanize } from '../format';
import type { Sampled } from '../store/sample';
import { axisType } from '../store/space';
import { isBetter } from '../store/study_state';
import type { Palette } from '../theme';
import { colourAt } from './heat';
import { axisStyle, type ChartOption, tooltipStyle } from './style';

// 0 for the worst of them, 1 for the best, by rank: one absurd value must not take all colours.
export function goodness(rows: readonly Sampled[], goal: Goal): Map<number, number> {
  const sorted = [...rows].sort((a, b) =>
    a.value === b.value ? a.id - b.id : isBetter(a.value, b.value, goal) ? -1 : 1,
  );
  const last = Math.max(sorted.length - 1, 1);
  return new Map(sorted.map(({ id }, rank) => [id, 1 - rank / last]));
}

// Every value of a parameter: its own, and those that only trials have.
function categoriesOf(name: string, parameter: ParameterSpec | undefined, trials: readonly Sampled[]): string[] {
  const values = new Set((parameter?.values ?? []).map(String));
  for (const trial of trials) if (trial.params[name] !== undefined) values.add(String(trial.params[name]));
  return [...values];
}

const canBeLog = (trials: readonly Sampled[]) => trials.every(({ value }) => value > 0);

// Points of one look are drawn in one go, so that thousands cost little: they are sorted into so many looks.
const looks = 5;
const manyPoints = 400;

// `part` in [0, 1] of each; the points of the last look are drawn above the others.
function byLook<Point>(points: readonly Point[], part: (point: Point) => number): Point[][] {
  const groups: Point[][] = Array.from({ length: looks }, () => []);
  for (const point of points) groups[Math.min(looks - 1, Math.floor(part(point) * looks))]?.push(point);
  return groups;
}

export interface ScatterView {
  trials: readonly Sampled[];
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
    series: byLook(within, ({ id }) => id / newest).map((trials, look) => ({
      type: 'scatter',
      large: true,
      largeThreshold: manyPoints,
      symbolSize: within.length > manyPoints ? 5 : 8,
      data: trials.map((trial) => ({
        trial: trial.id,
        value: [type === 'category' ? String(trial.params[name]) : trial.params[name], trial.value],
      })) as never,
      itemStyle: { color: palette.accent, opacity: 0.25 + (0.65 * look) / (looks - 1) },
    })),
  };
}

export interface PlaneView {
  trials: readonly Sampled[];
  goal: Goal;
  metric: string;
  x: string;
  y: string;
  parameters: Record<string, ParameterSpec>;
}

// Two parameters against one another: the better, the stronger and the larger.
export function planeOption({ trials, goal, metric, x, y, parameters }: PlaneView, palette: Palette): ChartOption {
  const axis = axisStyle(palette);
  const good = goodness(trials, goal);
  const both = trials.filter(({ params }) => params[x] !== undefined && params[y] !== undefined);
  const axisFor = (name: string) => {
    const spec = parameters[name];
    const type = axisType(spec);
    const label = { ...axis.axisLabel, hideOverlap: true };
    return type === 'category'
      ? { ...axis, type, name, data: categoriesOf(name, spec, both), axisLabel: { ...label, formatter: undefined } }
      : { ...axis, type, name, min: spec?.min, max: spec?.max, axisLabel: label };
  };
  const on = (name: string, value: ParamValue | undefined) =>
    axisType(parameters[name]) === 'category' ? String(value) : value;
  return {
    animation: false,
    grid: { left: 70, right: 18, top: 28, bottom: 44 },
    xAxis: { ...axisFor(x), nameLocation: 'middle', nameGap: 28 } as never,
    yAxis: { ...axisFor(y), nameGap: 10, nameTextStyle: { ...axis.nameTextStyle, align: 'left' } } as never,
    tooltip: {
      ...tooltipStyle(palette),
      formatter: (item: unknown) => {
        const { trial, value, found } = (item as { data: { trial: number; value: ParamValue[]; found: number } }).data;
        const [here, there] = value;
        return `trial ${trial}\n${humanize(metric)} ${formatNumber(found)}\n${x} ${formatParam(here)}\n${y} ${formatParam(there)}`;
      },
    },
    series: byLook(both, ({ id }) => good.get(id) as number).map((trials, look) => {
      const part = look / (looks - 1);
      return {
        type: 'scatter',
        large: true,
        largeThreshold: manyPoints,
        symbolSize: 4 + 8 * part ** 2,
        data: trials.map((trial) => ({
          trial: trial.id,
          found: trial.value,
          value: [on(x, trial.params[x]), on(y, trial.params[y])],
        })) as never,
        itemStyle: { color: colourAt([palette.faint, palette.accent], part), opacity: 0.35 + 0.6 * part },
      };
    }),
  };
}

// The part of the trials that are at least so good, from the best value to the worst, of values in even steps.
export function distributionOf(values: readonly number[]): [value: number, part: number][] {
  return values.map((value, i) => [value, values.length > 1 ? i / (values.length - 1) : 1]);
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
