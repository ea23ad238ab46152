// Two objectives against one another: every trial, and the front of those that no other beats.
import type { Objective } from '../api/types';
import { formatNumber, humanize } from '../format';
import type { Sampled } from '../store/sample';
import type { Palette } from '../theme';
import { axisStyle, type ChartOption, tooltipStyle } from './style';

export interface ParetoView {
  trials: readonly Sampled[];
  optimal: ReadonlySet<number>; // of all objectives
  x: Objective;
  y: Objective;
  reference: Record<string, number> | null;
  whole: boolean; // there are no other objectives: the front is a staircase here
  log: boolean;
}

type Point = [x: number, y: number];

const pointOf = ({ values }: Sampled, { x, y }: Pick<ParetoView, 'x' | 'y'>): Point | null => {
  const [a, b] = [values[x.name], values[y.name]];
  return typeof a === 'number' && typeof b === 'number' && Number.isFinite(a) && Number.isFinite(b) ? [a, b] : null;
};

export const canParetoBeLogarithmic = (view: Omit<ParetoView, 'log'>): boolean =>
  view.trials.every((trial) => (pointOf(trial, view) ?? [1, 1]).every((value) => value > 0));

// The border of what the front dominates: from each of its points away from the good side of y, then to the next one.
export function staircase(front: readonly Point[], xGoal: Objective['goal']): Point[] {
  const sorted = [...front].sort((a, b) => (xGoal === 'minimize' ? a[0] - b[0] : b[0] - a[0]));
  const steps: Point[] = [];
  sorted.forEach((point, i) => {
    const before = sorted[i - 1];
    if (before) steps.push([point[0], before[1]]);
    steps.push(point);
  });
  return steps;
}

export function describePareto({ trials, optimal, x, y }: ParetoView): string {
  const front = trials.filter(({ id }) => optimal.has(id)).length;
  return `${humanize(y.name)} over ${humanize(x.name)} of ${trials.length} trials, of which no other trial beats ${front}.`;
}

export function paretoOption(view: ParetoView, palette: Palette): ChartOption {
  const { trials, optimal, x, y, reference, whole, log } = view;
  const axis = axisStyle(palette);
  const groups = { front: [] as object[], met: [] as object[], missed: [] as object[] };
  const front: Point[] = [];
  for (const trial of trials) {
    const value = pointOf(trial, view);
    if (value === null) continue;
    if (optimal.has(trial.id)) front.push(value);
    const group = optimal.has(trial.id) ? groups.front : trial.feasible ? groups.met : groups.missed;
    group.push({ trial: trial.id, value });
  }
  const goalWords = (objective: Objective) => `${humanize(objective.name)}, ${objective.goal}`;
  const dots = (name: string, data: object[], look: object) =>
    ({ type: 'scatter', name, data: data as never, cursor: 'pointer', ...look }) as const;
  const corner: Point | null =
    reference && reference[x.name] !== undefined && reference[y.name] !== undefined
      ? [reference[x.name] as number, reference[y.name] as number]
      : null;
  return {
    animation: false,
    grid: { left: 66, right: 20, top: 30, bottom: 44 },
    xAxis: {
      ...axis,
      type: log ? 'log' : 'value',
      scale: true,
      name: goalWords(x),
      nameLocation: 'middle',
      nameGap: 28,
    },
    yAxis: {
      ...axis,
      type: log ? 'log' : 'value',
      scale: true,
      name: goalWords(y),
      nameGap: 12,
      nameTextStyle: { ...axis.nameTextStyle, align: 'left' },
    },
    tooltip: {
      ...tooltipStyle(palette),
      formatter: (item: unknown) => {
        const { data, seriesName } = item as { data: { trial?: number; value: Point }; seriesName: string };
        const values = `${x.name} ${formatNumber(data.value[0])}\n${y.name} ${formatNumber(data.value[1])}`;
        return data.trial === undefined ? `reference\n${values}` : `trial ${data.trial}, ${seriesName}\n${values}`;
      },
    },
    series: [
      {
        type: 'line',
        name: 'front',
        silent: true,
        symbol: 'none',
        data: whole ? staircase(front, x.goal) : [],
        lineStyle: { color: palette.accent, width: 2 },
      },
      dots('beaten', groups.met, { symbolSize: 7, itemStyle: { color: palette.muted, opacity: 0.6 } }),
      dots('misses a constraint', groups.missed, {
        symbol: 'triangle',
        symbolSize: 8,
        itemStyle: { color: palette.surface, borderColor: palette.warn, borderWidth: 1.4 },
      }),
      dots('on the front', groups.front, {
        symbol: 'diamond',
        symbolSize: 13,
        z: 3,
        itemStyle: { color: palette.accent, borderColor: palette.surface, borderWidth: 1.5 },
      }),
      dots('reference', corner && whole ? [{ value: corner }] : [], {
        symbol: 'rect',
        symbolSize: 8,
        itemStyle: { color: palette.surface, borderColor: palette.muted, borderWidth: 1.4 },
      }),
    ],
  };
}
