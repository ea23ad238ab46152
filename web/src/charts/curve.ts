// One metric of a trial over its steps.
import type { StepRecord } from '../api/types';
import { formatNumber, humanize } from '../format';
import type { Palette } from '../theme';
import { axisStyle, type ChartOption, tooltipStyle } from './style';

export type CurvePoint = [step: number, value: number];

// The names of all metrics, the study's own first, the others in alphabetical order.
export function metricNames(records: readonly StepRecord[], ofStudy: string): string[] {
  const names = new Set<string>();
  for (const record of records) for (const name of Object.keys(record.metrics)) names.add(name);
  return [...names].sort((a, b) => Number(b === ofStudy) - Number(a === ofStudy) || a.localeCompare(b));
}

export function curveOf(records: readonly StepRecord[], metric: string): CurvePoint[] {
  const points: CurvePoint[] = [];
  for (const { step, metrics } of records) {
    const value = metrics[metric];
    if (value !== undefined && Number.isFinite(value)) points.push([step, value]);
  }
  return points;
}

export const canCurveBeLogarithmic = (points: readonly CurvePoint[]): boolean =>
  points.length > 0 && points.every(([, value]) => value > 0);

export function describeCurve(points: readonly CurvePoint[], metric: string): string {
  const [first, last] = [points[0], points.at(-1)];
  if (!first || !last) return `${metric} has no finite value yet.`;
  return `${metric} over ${points.length} steps, from ${formatNumber(first[1])} to ${formatNumber(last[1])}.`;
}

const dotsUpTo = 40;

export function curveOption(
  points: readonly CurvePoint[],
  metric: string,
  log: boolean,
  palette: Palette,
): ChartOption {
  const axis = axisStyle(palette);
  return {
    animation: false,
    grid: { left: 8, right: 14, top: 12, bottom: 28, containLabel: true },
    xAxis: { ...axis, type: 'value', name: 'step', nameLocation: 'middle', nameGap: 26, minInterval: 1, scale: true },
    yAxis: { ...axis, type: log ? 'log' : 'value', scale: true, splitNumber: 4 },
    tooltip: {
      ...tooltipStyle(palette),
      trigger: 'axis',
      axisPointer: { type: 'line', lineStyle: { color: palette.faint } },
      formatter: (items: unknown) => {
        const [step, value] = (items as { data: CurvePoint }[])[0]?.data ?? [NaN, NaN];
        return `step ${step}\n${humanize(metric)} ${formatNumber(value)}`;
      },
    },
    series: [
      {
        type: 'line',
        data: [...points],
        sampling: 'lttb',
        symbol: 'circle',
        symbolSize: 5,
        showSymbol: points.length <= dotsUpTo,
        itemStyle: { color: palette.accent },
        lineStyle: { color: palette.accent, width: 2 },
      },
    ],
  };
}
