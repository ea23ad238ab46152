// The best value so far over the trials, and every trial's own value: as an ECharts option.
import type { History } from '../api/types';
import { formatNumber, humanize } from '../format';
import type { Palette } from '../theme';
import { axisStyle, type ChartOption, type ChartSeries, tooltipStyle } from './style';

export type Point = [trial: number, value: number];

export const isEmpty = (history: History): boolean =>
  history.completed.length + history.pruned.length + history.improvements.length + history.lost.length === 0;

export const canBeLogarithmic = (history: History): boolean =>
  history.improvements.length > 0 &&
  [...history.completed, ...history.pruned, ...history.improvements].every(([, value]) => value > 0);

const shareOfFoot = 1 / 200;

// The line that holds each best value up to the last trial. ECharts leaves out a step of less than two pixels and would
// draw a slope over the whole tread instead; a point at the foot of each step confines that to where nobody sees it.
export function bestLine({ improvements, trials: last }: Pick<History, 'improvements' | 'trials'>): Point[] {
  const line: Point[] = [];
  improvements.forEach(([trial, value], i) => {
    const next = improvements[i + 1]?.[0] ?? last;
    line.push([trial, value]);
    if (next > trial) line.push([trial + Math.min((next - trial) / 2, last * shareOfFoot), value]);
  });
  const end = improvements.at(-1);
  if (end && end[0] < last) line.push([last, end[1]]);
  return line;
}

export function describeHistory(history: History, metric: string): string {
  const best = history.improvements.at(-1);
  if (!best) return `No trial has a value of ${metric} yet.`;
  return `Best ${metric} so far over the trials: ${formatNumber(best[1])}, found by trial ${best[0]}.`;
}

interface HoveredItem {
  seriesName?: string;
  data?: unknown;
}

function tooltipOf(metric: string, item: HoveredItem): string {
  const [trial, value] = item.data as Point;
  const head = `Trial ${trial}`;
  if (item.seriesName === 'without value') return `${head}\nended without a value`;
  return `${head}\n${metric} ${formatNumber(value)}${item.seriesName === 'pruned' ? '\npruned' : ''}`;
}

const cross = 'path://M0,1 L1,0 L5,4 L9,0 L10,1 L6,5 L10,9 L9,10 L5,6 L1,10 L0,9 L4,5 Z';
const fewestOnAxis = 10; // so that the first trials do not jump about
const crowd = 300; // from here on the dots are small and let through what is below them

function seriesOf(history: History, palette: Palette): ChartSeries[] {
  const crowded = history.completed.length + history.pruned.length > crowd;
  const scatter = { type: 'scatter', cursor: 'pointer', large: true, largeThreshold: crowd } as const;
  const best = history.improvements.at(-1);
  return [
    {
      type: 'line',
      name: 'best so far',
      step: 'end',
      symbol: 'none',
      silent: true,
      z: 1,
      data: bestLine(history),
      lineStyle: { color: palette.accent, width: 2 },
    },
    {
      ...scatter,
      name: 'completed',
      data: history.completed.filter(([trial]) => trial !== best?.[0]), // the best is drawn apart
      symbolSize: crowded ? 5 : 8,
      z: 2,
      itemStyle: { color: palette.muted, opacity: crowded ? 0.45 : 0.75 },
    },
    {
      ...scatter,
      name: 'pruned',
      data: history.pruned,
      symbol: 'triangle',
      symbolSize: crowded ? 6 : 9,
      z: 2,
      itemStyle: { color: palette.surface, borderColor: palette.warn, borderWidth: 1.5 },
    },
    {
      ...scatter,
      name: 'without value',
      data: history.lost.map((trial) => [trial, 0]),
      yAxisIndex: 1,
      symbol: cross,
      symbolSize: crowded ? 5 : 8,
      symbolOffset: [0, -6],
      z: 2,
      itemStyle: { color: palette.bad },
    },
    {
      ...scatter,
      name: 'best',
      data: best ? [best] : [],
      symbolSize: 13,
      z: 3,
      itemStyle: { color: palette.accent, borderColor: palette.surface, borderWidth: 2 },
    },
  ];
}

export function historyOption(history: History, metric: string, log: boolean, palette: Palette): ChartOption {
  const axis = axisStyle(palette);
  return {
    animation: false,
    grid: { left: 12, right: 16, top: 34, bottom: 30, containLabel: true },
    xAxis: {
      ...axis,
      type: 'value',
      name: 'trial',
      nameLocation: 'middle',
      nameGap: 28,
      minInterval: 1,
      min: 0,
      max: Math.max(fewestOnAxis, history.trials),
    },
    yAxis: [
      {
        ...axis,
        type: log ? 'log' : 'value',
        scale: true,
        name: humanize(metric),
        nameLocation: 'end',
        nameGap: 14,
        nameTextStyle: { ...axis.nameTextStyle, align: 'left' },
      },
      { type: 'value', min: 0, max: 1, show: false },
    ],
    tooltip: { ...tooltipStyle(palette), formatter: (item: unknown) => tooltipOf(metric, item as HoveredItem) },
    series: seriesOf(history, palette),
  };
}
