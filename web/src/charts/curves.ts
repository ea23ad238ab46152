// The curves of many trials over one another; where early stopping ended one, it says so.
import type { Curves, Goal } from '../api/types';
import { formatNumber, humanize } from '../format';
import { isBetter } from '../store/study_state';
import type { Palette } from '../theme';
import { colourAt } from './heat';
import { axisStyle, type ChartOption, tooltipStyle } from './style';

type Curve = Curves['curves'][number];

const lastOf = ({ points }: Curve): number => points.at(-1)?.[1] ?? NaN;

// The best end last, so that it is drawn above the others.
export function byEnd(curves: readonly Curve[], goal: Goal): Curve[] {
  return [...curves].sort((a, b) =>
    isBetter(lastOf(a), lastOf(b), goal) ? 1 : isBetter(lastOf(b), lastOf(a), goal) ? -1 : 0,
  );
}

export const canCurvesBeLogarithmic = ({ curves, limits }: Curves): boolean =>
  [...curves, ...(limits?.lines ?? [])].every(({ points }) => points.every(([, value]) => value > 0));

export function describeCurves({ curves, metric }: Curves): string {
  const pruned = curves.filter(({ state }) => state === 'PRUNED').length;
  return `${humanize(metric)} over the steps of ${curves.length} trials, of which ${pruned} were stopped early.`;
}

const rules: Record<string, string> = {
  median: 'the median that early stopping holds trials against',
  percentile: 'the percentile that early stopping holds trials against',
  asha: 'what a trial must beat at each rung',
  hyperband: 'what a trial must beat at each rung, a line a bracket',
  curve: 'what a trial must seem able to reach',
};

export const limitWords = ({ rule }: NonNullable<Curves['limits']>): string => rules[rule] ?? rule;

interface Hovered {
  seriesName?: string;
  data?: { trial: number; reason: string; value: [number, number] };
}

export function curvesOption(all: Curves, goal: Goal, log: boolean, palette: Palette): ChartOption {
  const axis = axisStyle(palette);
  const ordered = byEnd(all.curves, goal);
  const pruned = ordered.filter(({ state }) => state === 'PRUNED');
  return {
    animation: false,
    grid: { left: 58, right: 18, top: 28, bottom: 44 },
    xAxis: { ...axis, type: 'value', name: all.axis, nameLocation: 'middle', nameGap: 28, minInterval: 1, scale: true },
    yAxis: {
      ...axis,
      type: log ? 'log' : 'value',
      scale: true,
      name: humanize(all.metric),
      nameGap: 12,
      nameTextStyle: { ...axis.nameTextStyle, align: 'left' },
    },
    tooltip: {
      ...tooltipStyle(palette),
      formatter: (item: unknown) => {
        const { data } = item as Hovered;
        if (!data?.trial) return '';
        return `trial ${data.trial}, stopped early at ${all.axis} ${data.value[0]}\n${formatNumber(data.value[1])}\n${data.reason}`;
      },
    },
    series: [
      ...ordered.map((curve, rank) => {
        const part = ordered.length > 1 ? rank / (ordered.length - 1) : 1;
        return {
          type: 'line' as const,
          name: String(curve.trial),
          symbol: 'none',
          triggerLineEvent: true,
          data: curve.points,
          lineStyle: {
            color: colourAt([palette.faint, palette.accent], part),
            width: part === 1 ? 2.4 : 1.3,
            opacity: 0.35 + 0.6 * part,
          },
        };
      }),
      ...(all.limits?.lines ?? []).map(({ points }) => ({
        type: 'line' as const,
        name: 'limit',
        silent: true,
        symbol: all.limits?.rule === 'asha' || all.limits?.rule === 'hyperband' ? 'rect' : 'none',
        symbolSize: 7,
        z: 3,
        data: points,
        lineStyle: { color: palette.bad, width: 2, type: 'dashed' as const },
        itemStyle: { color: palette.bad },
      })),
      {
        type: 'scatter',
        name: 'stopped early',
        symbol: 'triangle',
        symbolRotate: 180,
        symbolSize: 10,
        z: 4,
        data: pruned.map(({ trial, reason, points }) => ({ trial, reason, value: points.at(-1) })) as never,
        itemStyle: { color: palette.warn, borderColor: palette.surface, borderWidth: 1 },
      },
    ],
  };
}
